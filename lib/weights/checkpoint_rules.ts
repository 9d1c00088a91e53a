/**
 * What becomes of a checkpoint's keys that no reader looked at: an error where the key changes
 * numbers, a warning where nobody knows it, or an error there too on request.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import {
  type KeyPolicy,
  refuseUnknownKeys,
  shownKeys,
  type UnknownKeys,
} from "../common/key_policy.ts";
import { shownValue } from "../common/text.ts";
import { keyEffects } from "./known_keys.ts";

/** How strictly a checkpoint is read. */
export interface StrictnessOptions {
  /** Whether keys that nobody knows are errors, not warnings. Default false. */
  readonly strict?: boolean;
  /**
   * Whether files may be symbolic links that lead out of the checkpoint's folder (a cache's own links
   * always may). Default false: a folder from a stranger must not make other files readable.
   */
  readonly followLinks?: boolean;
}

/** Whether a value switches nothing on, whatever its key. */
function isNeutral(key: string, value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true;
  if (typeof value === "object") return Object.keys(value).length === 0;
  return (keyEffects[key].neutral ?? []).includes(value);
}

/** Whether a key is known to change numbers. */
const hasEffect = (key: string): boolean => Object.hasOwn(keyEffects, key);

/**
 * The rules for reading the files of one checkpoint, which gather what there is to warn of.
 *
 * @example
 * ```ts
 * import { CheckpointRules } from "./checkpoint_rules.ts";
 * import { JsonReader } from "../common/json_reader.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const rules = new CheckpointRules();
 * new JsonReader({ my_note: 1 }, "config.json", rules).finish();
 * assertEquals(rules.warning, 'ignored keys that are not known: "my_note" of config.json');
 * assertThrows(() => new JsonReader({ clip_qkv: 8 }, "config.json", rules).finish());
 * ```
 */
export class CheckpointRules implements KeyPolicy {
  readonly #strict: boolean;
  readonly #notes = new Set<string>();
  /** Whether symbolic links may lead out of the folder. */
  readonly followLinks: boolean;

  /** Rules for a checkpoint of which nothing is read yet. */
  constructor({ strict = false, followLinks = false }: StrictnessOptions = {}) {
    this.#strict = strict;
    this.followLinks = followLinks;
  }

  /** What a key would do, where that is known. */
  effect(key: string): string | undefined {
    return hasEffect(key) ? keyEffects[key].effect : undefined;
  }

  /**
   * Judges the keys of one object that nobody looked at.
   *
   * @throws {InputError} for a key that would change numbers, and for any key if strict
   */
  unknown(found: UnknownKeys): void {
    const { where, json } = found;
    const keys = relevant(found);
    const key = keys.find(hasEffect);
    if (key !== undefined) {
      throw new InputError(
        `Cannot use "${key}": ${shownValue(json[key], 80)} of ${where}: it would ` +
          `${keyEffects[key].effect}, which is not supported here`,
      );
    }
    if (keys.length === 0) return;
    if (this.#strict) refuseUnknownKeys.unknown({ ...found, keys });
    this.#notes.add(`${shownKeys({ ...found, keys })} of ${where}`);
  }

  /**
   * The same for a file whose keys do not change what the model computes, only what is made of it
   * (`generation_config.json`): a key with an effect is told, not refused.
   */
  get forChoices(): KeyPolicy {
    return {
      effect: (key) => this.effect(key),
      unknown: (found) => {
        const keys = relevant(found);
        for (const key of keys.filter(hasEffect)) {
          this.#notes.add(`"${key}" of ${found.where}, which would ${keyEffects[key].effect}`);
        }
        const others = keys.filter((key) => !hasEffect(key));
        if (others.length > 0) this.unknown({ ...found, keys: others });
      },
    };
  }

  /**
   * Told of weights that no part of the model computes with.
   *
   * @throws {InputError} if strict
   */
  passedOver(names: readonly string[], path: string): void {
    const shown = shownKeys({ keys: names, known: new Set() });
    if (this.#strict) throw new InputError(`Cannot use ${path}: unknown weights ${shown}`);
    this.#notes.add(`weights ${shown} of ${path}`);
  }

  /** One sentence about all keys and weights that were passed over, or null. */
  get warning(): string | null {
    const notes = [...this.#notes];
    return notes.length === 0 ? null : `ignored keys that are not known: ${notes.join("; ")}`;
  }
}

/** Keys that nobody looked at, without those whose value does nothing. */
function relevant({ keys, json }: UnknownKeys): string[] {
  return keys.filter((key) => !hasEffect(key) || !isNeutral(key, json[key]));
}
