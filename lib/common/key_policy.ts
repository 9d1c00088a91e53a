/**
 * What becomes of keys that no reader looked at: an error, or a warning.
 *
 * @module
 */
import { InputError, likelyName } from "./errors.ts";
import { quoted } from "./text.ts";

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The keys of one object that no reader looked at. */
export interface UnknownKeys {
  /** How messages name the object. */
  readonly where: string;
  /** The object. */
  readonly json: JsonObject;
  /** The keys. */
  readonly keys: readonly string[];
  /** Keys that somebody looked for in it. */
  readonly known: ReadonlySet<string>;
}

/** What a reader asks about keys. */
export interface KeyPolicy {
  /** What a key would do to what is computed ("limit attention to a window"), where that is known. */
  effect(key: string): string | undefined;
  /** Told about each object with keys that nobody looked at. */
  unknown(found: UnknownKeys): void;
}

/** Most keys that one message names. */
const maxShown = 5;

/** Keys as a message shows them, each with the name that was probably meant. */
export function shownKeys({ keys, known }: Pick<UnknownKeys, "keys" | "known">): string {
  const names = keys.slice(0, maxShown).map((key) => {
    const near = likelyName(key, known);
    return quoted(key) + (near === null ? "" : ` (did you mean ${near}?)`);
  });
  return names.join(", ") +
    (keys.length > maxShown ? ` and ${keys.length - maxShown} more` : "");
}

/** Any key that nobody looked at is an error. */
export const refuseUnknownKeys: KeyPolicy = {
  effect: () => undefined,
  unknown(found) {
    throw new InputError(
      `Cannot use ${found.where}: unknown ${found.keys.length === 1 ? "key" : "keys"} ` +
        shownKeys(found),
    );
  },
};
