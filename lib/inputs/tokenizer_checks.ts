/**
 * What is checked of a tokenizer's files before they are used.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { type JsonObject, JsonReader } from "../common/json_reader.ts";
import { isRecord } from "../common/values.ts";
import { hasCheckpointFile } from "../weights/checkpoint_files.ts";
import type { CheckpointRules } from "../weights/checkpoint_rules.ts";
import { inertKeys } from "../weights/known_keys.ts";

/** Names of special tokens in `tokenizer_config.json` that chat templates may use. */
export const specialTokenKeys = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token"];

/** Most tokens of a vocabulary, of added tokens and of merges; published ones have 300,000. */
const maxEntries = 2_000_000;

/** Refuses vocabularies that would take long to read. */
export function checkSizes(tokenizer: JsonObject): void {
  const { vocab, merges } = isRecord(tokenizer.model) ? tokenizer.model : {};
  const counted: [string, unknown][] = [
    ["tokens", isRecord(vocab) ? Object.keys(vocab) : vocab],
    ["merges", merges],
    ["added tokens", tokenizer.added_tokens],
  ];
  for (const [what, list] of counted) {
    if (!Array.isArray(list) || list.length <= maxEntries) continue;
    throw new InputError(
      `Cannot use tokenizer.json: it has ${list.length} ${what}; at most ${maxEntries} are read`,
    );
  }
}

/** Keys of `tokenizer_config.json` that are read here, by the library or for the template. */
const readKeys = [...specialTokenKeys, "chat_template", "clean_up_tokenization_spaces"];

/** Tells the rules of keys that nobody knows; names of tokens and of their ids are any name. */
export function checkConfigKeys(config: JsonObject, rules: CheckpointRules): void {
  const reader = new JsonReader(config, "tokenizer_config.json", rules);
  reader.ignore(...readKeys, ...inertKeys.tokenizer);
  reader.ignore(...Object.keys(config).filter((key) => /_token(_id)?$/.test(key)));
  reader.finish();
}

/** Says what to do about a tokenizer in the form before `tokenizer.json`. */
export async function checkFast(dir: string): Promise<void> {
  if (await hasCheckpointFile(dir, "tokenizer.json")) return;
  for (const older of ["tokenizer.model", "vocab.json"]) {
    if (!await hasCheckpointFile(dir, older)) continue;
    throw new InputError(
      `Cannot open "tokenizer.json" in ${dir}: it has only ${older}, the older form; in Python, ` +
        "AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes the other beside it",
    );
  }
}
