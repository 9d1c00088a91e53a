/**
 * Reads a JSON object strictly: every key is read or ignored on purpose, any other is an error.
 *
 * @module
 */
import { InputError, nearestNames } from "./errors.ts";
import { quoted } from "./text.ts";

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A value as messages show it. */
const shown = (value: unknown): string => {
  const json = JSON.stringify(value) ?? "nothing";
  return typeof value === "string" ? quoted(value, 80) : json.slice(0, 80);
};

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;

/**
 * One JSON object with a record of the keys that were looked at. A null value counts as absent. Where
 * a method takes a fallback, an absent key means the fallback; without one the key is required.
 *
 * @example
 * ```ts
 * import { JsonReader } from "./json_reader.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const reader = new JsonReader({ hidden_size: 64, hiden_act: "silu" }, "config.json");
 * assertEquals(reader.integer("hidden_size"), 64);
 * assertEquals(reader.number("rope_theta", 10000), 10000);
 * assertThrows(() => reader.finish()); // "hiden_act" was never looked at
 * ```
 */
export class JsonReader {
  readonly #seen = new Set<string>();
  readonly #children = new Map<string, JsonReader>();

  /** Reads one object; `where` is how messages name it. */
  constructor(readonly json: JsonObject, readonly where: string) {}

  #get<T>(key: string, wanted: string, valid: (value: unknown) => boolean, fallback?: T): T {
    const value = this.value(key) ?? fallback;
    if (!valid(value)) throw this.error(key, wanted, value);
    return value as T;
  }

  /** An error about the value of one key. */
  error(key: string, wanted: string, value: unknown = this.value(key)): InputError {
    return new InputError(
      `Cannot read "${key}" of ${this.where}: found ${shown(value)}, wanted ${wanted}`,
    );
  }

  /** The raw value of a key; undefined if absent. */
  value(key: string): unknown {
    this.#seen.add(key);
    return this.has(key) ? this.json[key] : undefined;
  }

  /** Whether the key is there. */
  has(key: string): boolean {
    return Object.hasOwn(this.json, key) && this.json[key] !== undefined && this.json[key] !== null;
  }

  /** A whole number of at least `least`. */
  integer(key: string, fallback?: number, least = 0): number {
    const valid = (v: unknown) => Number.isSafeInteger(v) && (v as number) >= least;
    return this.#get(key, `a whole number of at least ${least}`, valid, fallback);
  }

  /** A whole number above 0. */
  count(key: string, fallback?: number): number {
    return this.#get(key, "a whole number above 0", isCount, fallback);
  }

  /** A finite number. */
  number(key: string, fallback?: number): number {
    return this.#get(key, "a number", (v) => typeof v === "number" && Number.isFinite(v), fallback);
  }

  /** True or false. */
  boolean(key: string, fallback?: boolean): boolean {
    return this.#get(key, "true or false", (v) => typeof v === "boolean", fallback);
  }

  /** A text. */
  text(key: string, fallback?: string): string {
    return this.#get(key, "a text", (v) => typeof v === "string", fallback);
  }

  /** One of some texts. */
  oneOf<T extends string>(key: string, values: readonly T[], fallback?: T): T {
    const wanted = `one of ${values.join(", ")}`;
    return this.#get(key, wanted, (v) => values.includes(v as T), fallback);
  }

  /** A list of whole numbers. */
  integers(key: string, fallback?: readonly number[]): readonly number[] {
    const valid = (v: unknown) => Array.isArray(v) && v.every(Number.isInteger);
    return this.#get(key, "a list of whole numbers", valid, fallback);
  }

  /** A list, not empty, of lists of whole numbers, none of them empty. */
  integerLists(key: string): readonly (readonly number[])[] {
    const isRun = (v: unknown) => Array.isArray(v) && v.length > 0 && v.every(Number.isInteger);
    const valid = (v: unknown) => Array.isArray(v) && v.length > 0 && v.every(isRun);
    return this.#get(key, "a list of lists of whole numbers", valid);
  }

  /** A list of `length` finite numbers. */
  numbers(key: string, length: number, fallback?: readonly number[]): readonly number[] {
    const valid = (v: unknown) =>
      Array.isArray(v) && v.length === length && v.every((x) => Number.isFinite(x));
    return this.#get(key, `a list of ${length} numbers`, valid, fallback);
  }

  /** A list, not empty, of heights and widths. */
  sizes(
    key: string,
    fallback?: readonly (readonly [number, number])[],
  ): readonly (readonly [height: number, width: number])[] {
    const isSize = (v: unknown) => Array.isArray(v) && v.length === 2 && v.every(isCount);
    const valid = (v: unknown) => Array.isArray(v) && v.length > 0 && v.every(isSize);
    return this.#get(key, "a list of [height, width]", valid, fallback);
  }

  /** One whole number or a list of them (`eos_token_id`), or none. */
  tokenIds(key: string): readonly number[] {
    const value = this.value(key);
    if (value === undefined) return [];
    return Array.isArray(value) ? this.integers(key) : [this.integer(key)];
  }

  /** An object within this one, the same reader each time. */
  object(key: string, fallback?: JsonObject): JsonReader {
    const known = this.#children.get(key);
    if (known) return known;
    const valid = (v: unknown) => typeof v === "object" && v !== null && !Array.isArray(v);
    const json = this.#get<JsonObject>(key, "an object", valid, fallback);
    const child = new JsonReader(json, `${this.where}, ${key}`);
    this.#children.set(key, child);
    return child;
  }

  /** Keys that are known and change nothing that we compute. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#seen.add(key);
  }

  /** A key that is allowed with certain values only, since others would change the model. */
  require(key: string, ...values: readonly unknown[]): void {
    const found = JSON.stringify(this.value(key));
    const wanted = values.map((value) => JSON.stringify(value));
    if (found === undefined || wanted.includes(found)) return;
    throw new InputError(
      `Cannot use "${key}": ${found.slice(0, 80)} of ${this.where}: supported is ` +
        wanted.join(" or ").slice(0, 80),
    );
  }

  /**
   * Ends the reading.
   *
   * @throws {InputError} if a key of this object or of one within it was never looked at
   */
  finish(): void {
    for (const child of this.#children.values()) child.finish();
    const unknown = Object.keys(this.json).filter((key) => !this.#seen.has(key) && this.has(key));
    if (unknown.length === 0) return;
    const near = (key: string) => nearestNames(key, this.#seen, 1)[0] ?? "none";
    throw new InputError(
      `Cannot use ${this.where}: unknown ${unknown.length === 1 ? "key" : "keys"} ` +
        unknown.map((key) => `${quoted(key)} (near: ${near(key)})`).join(", "),
    );
  }
}
