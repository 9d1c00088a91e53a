/**
 * Text to token ids and back, as the checkpoint's `tokenizer.json` says.
 *
 * @module
 */
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { hasCheckpointFile, readCheckpointJson } from "../weights/checkpoint_files.ts";
import { tokenOffsets } from "./token_offsets.ts";

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** How a text is encoded. */
export interface EncodeOptions {
  /** Whether to add what the tokenizer puts around a text (LLaMA: `<s>`); true by default. */
  readonly addSpecialTokens?: boolean;
}

/** A text as tokens. */
export interface Encoding {
  /** Token ids, `[T]`. */
  readonly ids: Int32Array;
  /** First and last character (exclusive) of each token in the text, `[T, 2]`. */
  readonly offsets: Int32Array;
}

/** Names of special tokens in `tokenizer_config.json` that chat templates may use. */
const specialTokenKeys = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token"];

/** Whether a decoder of `tokenizer.json` is byte-level, alone or in a sequence. */
function isByteLevel(decoder: unknown): boolean {
  if (typeof decoder !== "object" || decoder === null) return false;
  const { type, decoders } = decoder as { type?: unknown; decoders?: unknown };
  return type === "ByteLevel" || (Array.isArray(decoders) && decoders.some(isByteLevel));
}

/**
 * A tokenizer.
 *
 * @example
 * ```ts
 * import { loadTokenizer } from "../../lib/inputs/tokenizer.ts";
 * import { assertEquals } from "@std/assert";
 * const tokenizer = await loadTokenizer("tests/golden/qwen3_vl");
 * const ids = tokenizer.encode("Hello, world!<|im_end|>");
 * assertEquals(tokenizer.decode(ids), "Hello, world!<|im_end|>");
 * assertEquals(tokenizer.decode(ids, { skipSpecialTokens: true }), "Hello, world!");
 * ```
 */
export class Tokenizer {
  readonly #library: LibraryTokenizer;
  readonly #byteLevel: boolean;
  readonly #added: ReadonlySet<string>;
  readonly #cleanUp: boolean;
  /** Texts of the special tokens that chat templates may use: `bos_token`, `eos_token`, … */
  readonly specialTokens: Readonly<Record<string, string>>;

  /**
   * Builds a tokenizer from parsed files.
   *
   * @param tokenizer content of `tokenizer.json`
   * @param config content of `tokenizer_config.json`
   * @throws {InputError} if the library cannot use them
   */
  constructor(tokenizer: JsonObject, config: JsonObject) {
    try {
      this.#library = new LibraryTokenizer(tokenizer, config);
    } catch (error) {
      throw new InputError(`Cannot use tokenizer.json: ${quoted((error as Error).message)}`);
    }
    this.#byteLevel = isByteLevel(tokenizer.decoder);
    const added = [...this.#library.get_added_tokens_decoder().values()];
    this.#added = new Set(added.map((token) => token.content));
    this.#cleanUp = config.clean_up_tokenization_spaces === true;
    this.specialTokens = Object.fromEntries(specialTokenKeys.flatMap((key) => {
      const value = config[key];
      const content = typeof value === "object" && value !== null && "content" in value
        ? value.content
        : value;
      return typeof content === "string" ? [[key, content]] : [];
    }));
  }

  /** How many tokens the tokenizer puts before and after a text. */
  #around(addSpecialTokens: boolean): readonly [before: number, after: number] {
    if (!addSpecialTokens) return [0, 0];
    const probe = "a";
    const whole = this.#library.encode(probe).ids, bare = this.#library.tokenize(probe);
    const first = this.#library.token_to_id(bare[0]) ?? -1;
    const before = Math.max(0, whole.indexOf(first));
    return [before, whole.length - bare.length - before];
  }

  #encode(text: string, addSpecialTokens: boolean): { ids: Int32Array; tokens: string[] } {
    const { ids, tokens } = this.#library.encode(text, { add_special_tokens: addSpecialTokens });
    const unknown = (ids as readonly (number | undefined)[]).indexOf(undefined);
    if (unknown < 0) return { ids: Int32Array.from(ids), tokens };
    throw new InputError(
      `Cannot encode ${quoted(text)}: the vocabulary lacks ${quoted(tokens[unknown])} and has ` +
        `no token for unknown text`,
    );
  }

  /** Token ids of a text. */
  encode(text: string, { addSpecialTokens = true }: EncodeOptions = {}): Int32Array {
    return this.#encode(text, addSpecialTokens).ids;
  }

  /**
   * Token ids of a text and the characters that each holds; see `tokenOffsets`.
   *
   * Tokens that the tokenizer adds around the text get an empty range.
   */
  encodeWithOffsets(text: string, { addSpecialTokens = true }: EncodeOptions = {}): Encoding {
    const { ids, tokens } = this.#encode(text, addSpecialTokens);
    const [before, after] = this.#around(addSpecialTokens);
    const bare = tokenOffsets(text, tokens.slice(before, tokens.length - after), {
      byteLevel: this.#byteLevel,
      isAdded: (token) => this.#added.has(token),
    });
    const offsets = new Int32Array(2 * ids.length).fill(text.length);
    offsets.fill(0, 0, 2 * before);
    offsets.set(bare, 2 * before);
    return { ids, offsets };
  }

  /** The text of token ids; ids beyond the vocabulary, which padded models may give, are skipped. */
  decode(
    ids: ArrayLike<number>,
    { skipSpecialTokens = false }: { readonly skipSpecialTokens?: boolean } = {},
  ): string {
    const list = Array.from(ids).filter((id) => this.#library.id_to_token(id) !== undefined);
    if (list.length === 0) return "";
    return this.#library.decode(list, {
      skip_special_tokens: skipSpecialTokens,
      clean_up_tokenization_spaces: this.#cleanUp,
    });
  }

  /** Id of a token by its string in the vocabulary; null if there is none. */
  tokenId(token: string): number | null {
    return this.#library.token_to_id(token) ?? null;
  }

  /** String of a token in the vocabulary (not its text: byte-level spelling); null if none. */
  tokenString(id: number): string | null {
    return this.#library.id_to_token(id) ?? null;
  }
}

/**
 * Loads `tokenizer.json` and `tokenizer_config.json` of a checkpoint.
 *
 * @param dir checkpoint directory
 * @throws {InputError} if `tokenizer.json` is missing, or a file is damaged
 */
export async function loadTokenizer(dir: string): Promise<Tokenizer> {
  const [tokenizer, config] = await Promise.all([
    readCheckpointJson(dir, "tokenizer.json"),
    hasCheckpointFile(dir, "tokenizer_config.json").then((there) =>
      there ? readCheckpointJson(dir, "tokenizer_config.json") : {}
    ),
  ]);
  return new Tokenizer(tokenizer, config);
}
