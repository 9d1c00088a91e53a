/**
 * The notes of a GGUF file under one prefix, read one by one.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted, shownValue } from "../common/text.ts";
import type { GgufValue } from "./gguf_cursor.ts";

/** Reads the notes of one prefix, such as `llama`, and knows which nobody read. */
export class GgufNotes {
  readonly #unread: Set<string>;

  /**
   * Notes whose keys begin with `prefix` and a dot.
   *
   * @param file name of the file, for errors
   */
  constructor(
    readonly metadata: ReadonlyMap<string, GgufValue>,
    readonly prefix: string,
    readonly file: string,
  ) {
    const own = [...metadata.keys()].filter((key) => key.startsWith(`${prefix}.`));
    this.#unread = new Set(own);
  }

  /** The error of a note that cannot be used. */
  refuse(key: string, value: unknown, wanted: string): never {
    throw new InputError(
      `Cannot use ${this.file}: ${key} is ${shownValue(value)}, wanted ${wanted}`,
    );
  }

  /** A note's value, or undefined where there is none. */
  value(key: string): GgufValue | undefined {
    const full = `${this.prefix}.${key}`;
    this.#unread.delete(full);
    return this.metadata.get(full);
  }

  /** A number; without a fallback it must be there. */
  number(key: string, fallback?: number): number {
    const value = this.value(key) ?? fallback;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    return this.refuse(`${this.prefix}.${key}`, value, "a number");
  }

  /** A switch, false where there is none. */
  flag(key: string): boolean {
    const value = this.value(key) ?? false;
    if (typeof value === "boolean") return value;
    return this.refuse(`${this.prefix}.${key}`, value, "true or false");
  }

  /** A list of numbers; without a fallback it must be there. */
  numbers(key: string, fallback?: readonly number[]): readonly number[] {
    const value = this.value(key) ?? fallback;
    const isNumber = (one: unknown): one is number => typeof one === "number";
    if (Array.isArray(value) && value.every(isNumber)) return value;
    return this.refuse(`${this.prefix}.${key}`, value, "a list of numbers");
  }

  /** A note that is allowed with some values only. */
  require(key: string, ...values: readonly GgufValue[]): void {
    const value = this.value(key);
    if (value === undefined || values.includes(value)) return;
    this.refuse(
      `${this.prefix}.${key}`,
      value,
      values.map((one) => JSON.stringify(one)).join(" or "),
    );
  }

  /** Notes that change nothing here. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#unread.delete(`${this.prefix}.${key}`);
  }

  /** Ends the reading. @throws {InputError} for a note that nobody read */
  finish(): void {
    const [unread] = this.#unread;
    if (unread === undefined) return;
    throw new InputError(
      `Cannot use ${this.file}: unknown note ${quoted(unread)}, which may change what the model ` +
        "computes",
    );
  }
}
