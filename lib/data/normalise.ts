/**
 * The form in which answers are compared.
 *
 * @module
 */

/**
 * A text in the form in which answers are compared: one Unicode form, lower case, single spaces,
 * no punctuation at its ends.
 *
 * @example
 * ```ts
 * import { normaliseAnswer } from "./normalise.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(normaliseAnswer("  Red   STAR. "), "red star");
 * ```
 */
export function normaliseAnswer(text: string): string {
  return text.normalize("NFKC").toLowerCase().normalize("NFKC").replace(/\s+/gu, " ")
    .replace(/^[\s\p{P}]+|(?<![\s\p{P}])[\s\p{P}]+$/gu, ""); // looked at once, however long
}
