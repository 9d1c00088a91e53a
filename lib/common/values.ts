/**
 * Telling what kind of value somebody passed who writes without types.
 *
 * @module
 */
import { InputError, nearestNames } from "./errors.ts";
import { quoted } from "./text.ts";

/**
 * What kind of value somebody passed, for messages about a wrong one.
 *
 * @param value anything
 *
 * @example
 * ```ts
 * import { kindOf } from "./values.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([[], "a", Promise.resolve(), null, 2].map(kindOf), [
 *   "a list of 0",
 *   'the text "a"',
 *   "a Promise (await it first)",
 *   "null",
 *   "2",
 * ]);
 * ```
 */
export function kindOf(value: unknown): string {
  if (typeof value === "string") return `the text ${quoted(value, 60)}`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof (value as { then?: unknown }).then === "function") return "a Promise (await it first)";
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
  return name === "Object" ? "an object" : `an object of class ${quoted(name, 40)}`;
}

/** Whether a value is an object with named members: no list, no function, no Promise. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    typeof (value as { then?: unknown }).then !== "function";
}

/**
 * Checks the names of options: who writes without types would not learn otherwise that one is
 * misspelt. Nothing is said of values.
 *
 * @param action what cannot be done, such as `generate`
 * @param options what was passed
 * @param known every name that there is
 * @param elsewhere names that other programs have, and what they are called here
 * @throws {InputError} for options that are no object, or one of another name
 *
 * @example
 * ```ts
 * import { checkOptions } from "./values.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(
 *   () => checkOptions("generate", { max_new_tokens: 3 }, { maxNewTokens: true, seed: true }),
 *   Error,
 *   'there is no option "max_new_tokens"; nearest: maxNewTokens',
 * );
 * ```
 */
export function checkOptions(
  action: string,
  options: object,
  known: Readonly<Record<string, true>>,
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (!isRecord(options)) {
    throw new InputError(`Cannot ${action}: options are ${kindOf(options)}, wanted an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const camel = name.replace(/[_-]+(.)/g, (_, letter: string) => letter.toUpperCase());
    const nearest = Object.hasOwn(elsewhere, camel)
      ? elsewhere[camel]
      : nearestNames(camel, Object.keys(known), 1)[0];
    throw new InputError(
      `Cannot ${action}: there is no option ${quoted(name, 60)}; nearest: ${nearest}`,
    );
  }
}
