/**
 * Showing strings that somebody else chose (file names, tensor names) and counts in messages.
 *
 * @module
 */

/**
 * A string in double quotes, with control characters escaped and the middle of a long one left out,
 * so that a hostile name can neither flood nor forge a line of output.
 *
 * @param text what to show
 * @param limit longest result between the quotes, in characters
 *
 * @example
 * ```ts
 * import { quoted } from "./text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(quoted("a\nb"), '"a\\nb"');
 * assertEquals(quoted("x".repeat(500), 11), '"xxxx...xxxx"');
 * ```
 */
export function quoted(text: string, limit = 120): string {
  if (text.length > limit) {
    const keep = Math.floor((limit - 3) / 2);
    text = `${text.slice(0, keep)}...${text.slice(text.length - keep)}`;
  }
  return printable(JSON.stringify(text));
}

/**
 * Any value that came from JSON, short enough for a message: texts in quotes, others as JSON has them,
 * `nothing` where there is none.
 *
 * @param limit longest result, in characters
 *
 * @example
 * ```ts
 * import { shownValue } from "./text.ts";
 * import { assertEquals } from "@std/assert";
 * const found = [7, "7", undefined, ["a"]].map((value) => shownValue(value));
 * assertEquals(found, ["7", '"7"', "nothing", '["a"]']);
 * ```
 */
export function shownValue(value: unknown, limit = 60): string {
  if (typeof value === "string") return quoted(value, limit);
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    return typeof value; // it holds itself, or big integers
  }
  if (json === undefined) return value === undefined ? "nothing" : typeof value;
  return printable(json.length > limit ? `${json.slice(0, limit - 3)}...` : json);
}

/**
 * A text whose control characters, but for line ends and tabulators, and marks that reverse the
 * reading direction are escaped, so that it cannot command the terminal.
 *
 * @example
 * ```ts
 * import { printable } from "./text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(printable("a\u001b[2Jb\n"), "a\\u001b[2Jb\n");
 * ```
 */
export function printable(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * A count with its noun.
 *
 * @param noun in the singular, of those that take an s
 *
 * @example
 * ```ts
 * import { counted } from "./text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0, 1, 2].map((n) => counted(n, "head")), ["0 heads", "1 head", "2 heads"]);
 * ```
 */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
