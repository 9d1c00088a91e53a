/**
 * Reading the settings of a JSON file by key, so that no key is silently ignored.
 *
 * @module
 */
import { InputError, nearestNames } from "../common/errors.ts";
import { quoted } from "../common/text.ts";

/** Keys of processor files that say nothing about numbers: names of classes, defaults of calls. */
const inertKeys: readonly string[] = [
  "_processor_class",
  "_valid_processor_keys",
  "auto_map",
  "chat_template",
  "data_format",
  "device",
  "disable_grouping",
  "feature_extractor_type",
  "image_processor_type",
  "image_seq_length",
  "input_data_format",
  "processor_class",
  "return_metadata",
  "return_tensors",
  "transformers_version",
  "video_metadata",
  "video_processor_type",
];

/**
 * Settings of one JSON object. Every read names its key; {@link Settings.finish} then refuses keys
 * that nobody read. A null value counts as absent.
 *
 * @example
 * ```ts
 * import { Settings } from "../../lib/inputs/settings.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const settings = new Settings({ patch_size: 16, patchsize: 3 }, "preprocessor_config.json");
 * assertEquals(settings.number("patch_size", 14), 16);
 * assertThrows(() => settings.finish(), Error, 'unknown key "patchsize"');
 * ```
 */
export class Settings {
  readonly #read = new Set<string>(inertKeys);

  /** Starts with no key read; `file` is its name in messages. */
  constructor(readonly json: Readonly<Record<string, unknown>>, readonly file: string) {}

  /** The raw value of a key; undefined if absent or null. */
  value(key: string): unknown {
    this.#read.add(key);
    return (Object.hasOwn(this.json, key) ? this.json[key] : undefined) ?? undefined;
  }

  /** A finite number. */
  number(key: string, fallback: number): number {
    const value = this.value(key) ?? fallback;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.error(key, value, "a number");
  }

  /** A whole number above 0. */
  count(key: string, fallback: number): number {
    const value = this.number(key, fallback);
    if (Number.isSafeInteger(value) && value > 0) return value;
    throw this.error(key, value, "a whole number above 0");
  }

  /** True or false. */
  flag(key: string, fallback: boolean): boolean {
    const value = this.value(key) ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.error(key, value, "true or false");
  }

  /** A text. */
  text(key: string, fallback: string): string {
    const value = this.value(key) ?? fallback;
    if (typeof value === "string") return value;
    throw this.error(key, value, "a text");
  }

  /** A list of `length` finite numbers. */
  numbers(key: string, length: number, fallback: readonly number[]): readonly number[] {
    const value = this.value(key) ?? fallback;
    if (
      Array.isArray(value) && value.length === length && value.every((v) => Number.isFinite(v))
    ) return value;
    throw this.error(key, value, `a list of ${length} numbers`);
  }

  /** A nested object, whose unread keys are the caller's to check; empty if absent. */
  object(key: string): Settings {
    const value = this.value(key) ?? {};
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return new Settings(value as Record<string, unknown>, `${this.file}, ${key}`);
    }
    throw this.error(key, value, "an object");
  }

  /** Keys that are known and of no effect here. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#read.add(key);
  }

  /**
   * Refuses keys that were neither read nor ignored.
   *
   * @throws {InputError} that names the first one and the nearest known keys
   */
  finish(): void {
    for (const [key, value] of Object.entries(this.json)) {
      if (this.#read.has(key) || value === null) continue;
      throw new InputError(
        `Cannot use ${this.file}: unknown key ${quoted(key)}; nearest known keys: ` +
          nearestNames(key, this.#read).join(", "),
      );
    }
  }

  /** An error about the value of one key. */
  error(key: string, value: unknown, wanted: string): InputError {
    const shown = quoted(JSON.stringify(value) ?? "nothing");
    return new InputError(`Cannot use ${this.file}: ${key} is ${shown}; wanted ${wanted}`);
  }
}
