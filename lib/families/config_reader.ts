/**
 * Reads `config.json` strictly: every key is read or ignored on purpose, any other is an error.
 *
 * @module
 */
import { InputError, nearestNames } from "../common/errors.ts";

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * One JSON object of a config, with a record of the keys that were looked at.
 *
 * @example
 * ```ts
 * import { ConfigReader } from "../../lib/families/config_reader.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const reader = new ConfigReader({ hidden_size: 64, hiden_act: "silu" }, "config.json");
 * assertEquals(reader.integer("hidden_size"), 64);
 * assertThrows(() => reader.finish()); // "hiden_act" was never looked at
 * ```
 */
export class ConfigReader {
  readonly #seen = new Set<string>();
  readonly #children: ConfigReader[] = [];

  /** Reads one object; `where` is how messages name it. */
  constructor(readonly json: JsonObject, readonly where: string) {}

  #get<T>(key: string, wanted: string, valid: (value: unknown) => boolean, fallback?: T): T {
    this.#seen.add(key);
    const value = this.json[key];
    if (value === undefined && fallback !== undefined) return fallback;
    if (!valid(value)) {
      const found = value === undefined ? "nothing" : JSON.stringify(value)?.slice(0, 80);
      throw new InputError(
        `Cannot read "${key}" of ${this.where}: found ${found}, wanted ${wanted}`,
      );
    }
    return value as T;
  }

  /** Whether the key is there and not null. */
  has(key: string): boolean {
    return this.json[key] !== undefined && this.json[key] !== null;
  }

  /** A whole number of at least `least`. */
  integer(key: string, fallback?: number, least = 0): number {
    const valid = (v: unknown) => Number.isInteger(v) && (v as number) >= least;
    return this.#get(key, `a whole number of at least ${least}`, valid, fallback);
  }

  /** A number. */
  number(key: string, fallback?: number): number {
    return this.#get(key, "a number", (v) => typeof v === "number" && Number.isFinite(v), fallback);
  }

  /** True or false. */
  boolean(key: string, fallback?: boolean): boolean {
    return this.#get(key, "true or false", (v) => typeof v === "boolean", fallback);
  }

  /** One of some strings. */
  oneOf<T extends string>(key: string, values: readonly T[], fallback?: T): T {
    const wanted = `one of ${values.join(", ")}`;
    return this.#get(key, wanted, (v) => values.includes(v as T), fallback);
  }

  /** An array of whole numbers. */
  integers(key: string, fallback?: readonly number[]): readonly number[] {
    const valid = (v: unknown) => Array.isArray(v) && v.every(Number.isInteger);
    return this.#get(key, "an array of whole numbers", valid, fallback);
  }

  /** One whole number or an array of them (`eos_token_id`), or none. */
  tokenIds(key: string): readonly number[] {
    this.#seen.add(key);
    const value = this.json[key];
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? this.integers(key) : [this.integer(key)];
  }

  /** An object within this one; `fallback` if it is missing. */
  object(key: string, fallback?: JsonObject): ConfigReader {
    const valid = (v: unknown) => typeof v === "object" && v !== null && !Array.isArray(v);
    const json = this.#get<JsonObject>(key, "an object", valid, fallback);
    const child = new ConfigReader(json, `${this.where} ${key}`);
    this.#children.push(child);
    return child;
  }

  /** Keys that change nothing that we compute. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#seen.add(key);
  }

  /** Keys that are allowed with certain values only, since others would change the model. */
  require(key: string, ...values: readonly unknown[]): void {
    this.#seen.add(key);
    if (this.json[key] === undefined || values.includes(this.json[key])) return;
    throw new InputError(
      `Cannot use "${key}": ${JSON.stringify(this.json[key])} of ${this.where}: supported is ` +
        values.map((value) => JSON.stringify(value)).join(" or "),
    );
  }

  /** A key that is allowed with one value only, compared as JSON. */
  requireEqual(key: string, wanted: unknown): void {
    this.#seen.add(key);
    const found = JSON.stringify(this.json[key]);
    if (found === undefined || found === JSON.stringify(wanted)) return;
    throw new InputError(
      `Cannot use "${key}": ${found.slice(0, 80)} of ${this.where}: supported is ` +
        JSON.stringify(wanted).slice(0, 80),
    );
  }

  /**
   * Ends the reading.
   *
   * @throws {InputError} if a key of this object or of one within it was never looked at
   */
  finish(): void {
    for (const child of this.#children) child.finish();
    const unknown = Object.keys(this.json).filter((key) => !this.#seen.has(key));
    if (unknown.length === 0) return;
    throw new InputError(
      `Cannot use ${this.where}: unknown ${unknown.length === 1 ? "key" : "keys"} ` +
        unknown.map((key) => `"${key}" (near: ${nearestNames(key, this.#seen, 1)[0] ?? "none"})`)
          .join(", "),
    );
  }
}
