/**
 * Reads a JSON object and knows which of its keys were read, which ignored on purpose, and which
 * nobody looked at.
 *
 * @module
 */
import { InputError } from "./errors.ts";
import { type JsonObject, type KeyPolicy, refuseUnknownKeys } from "./key_policy.ts";
import { shownValue } from "./text.ts";

export type { JsonObject } from "./key_policy.ts";

/** Largest whole number that a setting may have where nothing smaller is said. */
const maxCount = 2 ** 31 - 1;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
  readonly #used = new Map<string, unknown>();
  readonly #allowed = new Map<string, readonly string[]>();
  readonly #children = new Map<string, JsonReader>();

  /**
   * Reads one object.
   *
   * @param where how messages name it
   * @param policy what becomes of keys that nobody looks at; an error by default
   */
  constructor(
    readonly json: JsonObject,
    readonly where: string,
    readonly policy: KeyPolicy = refuseUnknownKeys,
  ) {}

  #get<T>(key: string, wanted: string, valid: (value: unknown) => boolean, fallback?: T): T {
    const value = this.value(key) ?? fallback;
    if (!valid(value)) throw this.error(key, wanted, value);
    this.#used.set(key, value);
    return value as T;
  }

  /** An error about the value of one key. */
  error(key: string, wanted: string, value: unknown = this.value(key)): InputError {
    return new InputError(
      `Cannot read "${key}" of ${this.where}: found ${shownValue(value, 80)}, wanted ${wanted}`,
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

  /** A whole number of at least `least`, and of at most `most`. */
  integer(key: string, fallback?: number, least = 0, most = maxCount): number {
    const valid = (v: unknown) => Number.isSafeInteger(v) && (v as number) >= least;
    const value = this.#get(key, `a whole number of at least ${least}`, valid, fallback);
    if (value > most) throw this.error(key, `at most ${most}`, value);
    return value;
  }

  /** A whole number above 0, and of at most `most`. */
  count(key: string, fallback?: number, most = maxCount): number {
    const value = this.#get(key, "a whole number above 0", isCount, fallback);
    if (value > most) throw this.error(key, `at most ${most}`, value);
    return value;
  }

  /** A finite number. */
  number(key: string, fallback?: number): number {
    return this.#get(key, "a number", (v) => typeof v === "number" && Number.isFinite(v), fallback);
  }

  /** True or false. */
  boolean(key: string, fallback?: boolean): boolean {
    return this.#get(key, "true or false", (v) => typeof v === "boolean", fallback);
  }

  /** True or false, where null switches off, as in Python. */
  flag(key: string, fallback: boolean): boolean {
    const isNull = Object.hasOwn(this.json, key) && this.json[key] === null;
    return this.boolean(key, isNull ? false : fallback);
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

  /** A list, not empty and of at most `longest` entries, of heights and widths up to `most`. */
  sizes(
    key: string,
    fallback?: readonly (readonly [number, number])[],
    most = maxCount,
    longest = Infinity,
  ): readonly (readonly [height: number, width: number])[] {
    const isSide = (v: unknown) => isCount(v) && (v as number) <= most;
    const isSize = (v: unknown) => Array.isArray(v) && v.length === 2 && v.every(isSide);
    const valid = (v: unknown) =>
      Array.isArray(v) && v.length > 0 && v.length <= longest && v.every(isSize);
    const bounds = most < maxCount ? `, at most ${longest} of them and ${most} each` : "";
    return this.#get(key, `a list of [height, width]${bounds}`, valid, fallback);
  }

  /** One whole number or a list of them (`eos_token_id`), or none; negative ones are no tokens. */
  tokenIds(key: string): readonly number[] {
    const value = this.value(key);
    if (value === undefined) return [];
    const ids = Array.isArray(value) ? this.integers(key) : [this.integer(key, undefined, -1)];
    return ids.filter((id) => id >= 0);
  }

  /** An object within this one, the same reader each time. */
  object(key: string, fallback?: JsonObject): JsonReader {
    const known = this.#children.get(key);
    if (known) return known;
    const json = this.#get<JsonObject>(key, "an object", isObject, fallback);
    const child = new JsonReader(json, `${this.where}, ${key}`, this.policy);
    this.#children.set(key, child);
    return child;
  }

  /** Keys that are known and change nothing that we compute. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#seen.add(key);
  }

  /** A key that is allowed with certain values only, since others would change the model. */
  require(key: string, ...values: readonly unknown[]): void {
    const value = this.value(key);
    const found = JSON.stringify(value);
    const wanted = values.map((value) => JSON.stringify(value));
    this.#allowed.set(key, wanted);
    if (found === undefined || wanted.includes(found)) return;
    const effect = this.policy.effect(key);
    throw new InputError(
      `Cannot use "${key}": ${found.slice(0, 80)} of ${this.where}: ` +
        (effect ? `it would ${effect}, which is not supported here; ` : "") +
        `supported is ${wanted.join(" or ").slice(0, 80)}`,
    );
  }

  /** Says that some values of a key mean the same, for {@link JsonReader.repeats}. */
  equivalent(key: string, values: readonly unknown[]): void {
    this.#allowed.set(key, values.map((value) => JSON.stringify(value)));
  }

  /**
   * Takes keys of this object that `inner` was asked for, such as a decoder's keys that stand outside
   * of `text_config` as well.
   *
   * @param inner the object whose keys count
   * @throws {InputError} if a key says something else here than what was read there
   */
  repeats(inner: JsonReader): void {
    for (const key of Object.keys(this.json)) {
      if (this.#seen.has(key) || !this.has(key) || !inner.#seen.has(key)) continue;
      this.#seen.add(key);
      const child = inner.#children.get(key);
      if (child && isObject(this.json[key])) {
        this.object(key).repeats(child);
        continue;
      }
      if (inner.#allowed.get(key)?.includes(JSON.stringify(this.json[key]))) continue;
      const used = inner.#used.get(key) ?? (inner.#allowed.has(key) ? inner.value(key) : undefined);
      if (used === undefined || isSame(this.json[key], used)) continue;
      throw new InputError(
        `Cannot use ${this.where}: "${key}" is ${shownValue(this.json[key], 80)} here and ${
          shownValue(used, 80)
        } ` +
          `${
            inner.has(key) ? "" : "by default "
          }in ${inner.where}; wanted the same, or one of them`,
      );
    }
  }

  /** Ends the reading: tells the policy of keys of this object or one within it that nobody saw. */
  finish(): void {
    for (const child of this.#children.values()) child.finish();
    const keys = Object.keys(this.json).filter((key) => !this.#seen.has(key) && this.has(key));
    if (keys.length > 0) {
      this.policy.unknown({ where: this.where, json: this.json, keys, known: this.#seen });
    }
  }
}

/** Whether two JSON values are the same, in whatever order their keys stand. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return Array.isArray(a) === Array.isArray(b) && keys.length === Object.keys(b).length &&
    keys.every((key) =>
      Object.hasOwn(b, key) && isSame((a as JsonObject)[key], (b as JsonObject)[key])
    );
}
