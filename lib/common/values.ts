/**
 * Telling what kind of value somebody passed who writes without types.
 *
 * @module
 */
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
