/**
 * JSON whose numbers keep what JavaScript's forget: that `1.0` is a float, and digits beyond 2^53.
 *
 * @module
 */

/** A number that JSON writes as a float though it is whole, such as `1.0` or `1e5`. */
export class JsonFloat extends Number {}

/**
 * JSON to data, with numbers as Python's `json.loads` keeps them: `1.0` becomes a {@link JsonFloat},
 * whole numbers beyond 2^53 become bigints.
 *
 * @throws {SyntaxError} if the text is not JSON
 *
 * @example
 * ```ts
 * import { JsonFloat, parseExactJson } from "./exact_json.ts";
 * import { assertEquals } from "@std/assert";
 * const json = parseExactJson('{"a": 1.0, "b": 1, "c": 12345678901234567890}');
 * assertEquals(json, { a: new JsonFloat(1), b: 1, c: 12345678901234567890n });
 * ```
 */
export function parseExactJson(text: string): unknown {
  // the source of a number is given to revivers since V8 11.4; TypeScript does not know it yet
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined) return value;
    const isFloat = /[.eE]/.test(source);
    if (isFloat) return Number.isInteger(value) ? new JsonFloat(value) : value;
    return Number.isSafeInteger(value) ? value : BigInt(source);
  };
  return JSON.parse(text, revive);
}

/**
 * The same data with plain numbers, as `JSON.parse` gives them. Lists and objects are copied, other
 * values (bytes, instances of classes) stay.
 */
export function plainNumbers(value: unknown): unknown {
  if (value instanceof JsonFloat) return value.valueOf();
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, plainNumbers(own)]));
}
