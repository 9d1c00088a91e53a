/**
 * Text to token ids and back, as the checkpoint's `tokenizer.json` says.
 *
 * @module
 */
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { InputError } from "../common/errors.ts";
import type { JsonObject } from "../common/json_reader.ts";
import { quoted } from "../common/text.ts";
import { hasCheckpointFile, readCheckpointJson } from "../weights/checkpoint_files.ts";
import { CheckpointRules } from "../weights/checkpoint_rules.ts";
import { ExpressionGuard, expressionsIn } from "./expression_guard.ts";
import { AddedTokenPipeline } from "./added_tokens.ts";
import { withConfigTokens } from "./config_tokens.ts";
import { correctSteps } from "./pre_tokenizers.ts";
import { tokenOffsets } from "./token_offsets.ts";
import { checkConfigKeys, checkFast, checkSizes, specialTokenKeys } from "./tokenizer_checks.ts";

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

/** Whether a decoder of `tokenizer.json` is of a kind, or a sequence that has one. */
function hasDecoder(decoder: unknown, kind: string): boolean {
  if (typeof decoder !== "object" || decoder === null) return false;
  const { type, decoders } = decoder as { type?: unknown; decoders?: unknown };
  return type === kind ||
    (Array.isArray(decoders) && decoders.some((inner) => hasDecoder(inner, kind)));
}

/** The byte that a token such as `<0xE4>` stands for; null for any other token. */
function byteOf(token: string): number | null {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  return hex === undefined ? null : parseInt(hex, 16);
}

/** Whether bytes are whole UTF-8 characters. */
function isUtf8(bytes: readonly number[]): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
    return true;
  } catch {
    return false;
  }
}

/**
 * A tokenizer.
 *
 * @example
 * ```ts
 * import { loadTokenizer } from "./tokenizer.ts";
 * import { assertEquals } from "@std/assert";
 * const tokenizer = await loadTokenizer("tests/golden/qwen3_vl");
 * const ids = tokenizer.encode("Hello, world!<|im_end|>");
 * assertEquals(tokenizer.decode(ids), "Hello, world!<|im_end|>");
 * assertEquals(tokenizer.decode(ids, { skipSpecialTokens: true }), "Hello, world!");
 * ```
 */
export class Tokenizer {
  readonly #library: LibraryTokenizer;
  readonly #pipeline: AddedTokenPipeline;
  readonly #guard: ExpressionGuard;
  readonly #byteLevel: boolean;
  /** The token of a byte that no UTF-8 has, where unknown characters are spelt in bytes. */
  readonly #noByte: number | null;
  readonly #added: ReadonlySet<string>;
  readonly #special: ReadonlySet<string>;
  readonly #cleanUp: boolean;
  /** The token that stands for what the vocabulary lacks; null where every text can be spelt. */
  readonly unknownId: number | null;

  /** Texts of the special tokens that chat templates may use: `bos_token`, `eos_token`, … */
  readonly specialTokens: Readonly<Record<string, string>>;

  /**
   * Builds a tokenizer from parsed files.
   *
   * @param json content of `tokenizer.json`
   * @param config content of `tokenizer_config.json`
   * @throws {InputError} if the library cannot use them
   */
  constructor(json: JsonObject, config: JsonObject) {
    checkSizes(json);
    const tokenizer = withConfigTokens(json, config);
    try {
      this.#library = new LibraryTokenizer(tokenizer, config);
      correctSteps(tokenizer.normalizer, this.#library.normalizer);
      correctSteps(tokenizer.pre_tokenizer, this.#library.pre_tokenizer);
      correctSteps(tokenizer.decoder, this.#library.decoder);
      this.#pipeline = new AddedTokenPipeline(this.#library);
      this.#library.encode("a"); // parts of a wrong kind show only now
    } catch (error) {
      throw new InputError(`Cannot use tokenizer.json: ${quoted((error as Error).message)}`);
    }
    const { normalizer, pre_tokenizer, decoder } = tokenizer;
    this.#guard = new ExpressionGuard(expressionsIn([normalizer, pre_tokenizer, decoder]));
    this.#byteLevel = hasDecoder(tokenizer.decoder, "ByteLevel");
    this.#noByte = hasDecoder(tokenizer.decoder, "ByteFallback") ? this.tokenId("<0xFF>") : null;
    const added = [...this.#library.get_added_tokens_decoder().values()];
    this.#added = new Set(added.map((token) => token.content));
    this.#special = new Set(added.filter(({ special }) => special).map(({ content }) => content));
    const { unk_token: unknown } = (tokenizer.model ?? {}) as { readonly unk_token?: unknown };
    this.unknownId = typeof unknown === "string" ? this.tokenId(unknown) : null;
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

  /** What the library makes; what it fails on is the file's fault. */
  #run<T>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      throw new InputError(`Cannot use tokenizer.json: ${quoted((error as Error).message)}`);
    }
  }

  #encode(text: string, addSpecialTokens: boolean): { ids: Int32Array; tokens: string[] } {
    this.#guard.check(text, (piece) => this.#library.tokenize(piece));
    const { ids, tokens } = this.#run(
      () => this.#library.encode(text, { add_special_tokens: addSpecialTokens }),
    );
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
    const bare = this.#offsets(text, tokens.slice(before, tokens.length - after));
    const offsets = new Int32Array(2 * ids.length).fill(text.length);
    offsets.fill(0, 0, 2 * before);
    offsets.set(bare, 2 * before);
    return { ids, offsets };
  }

  /** Characters of the tokens of a text: piece by piece where the pieces make up the tokens. */
  #offsets(text: string, tokens: readonly string[]): Int32Array {
    const spelling = {
      byteLevel: this.#byteLevel,
      isAdded: (token: string) => this.#added.has(token),
    };
    const pieces = this.#pipeline.pieces(text);
    if (pieces.reduce((sum, piece) => sum + piece.tokens.length, 0) !== tokens.length) {
      return tokenOffsets(text, tokens, spelling);
    }
    const offsets = new Int32Array(2 * tokens.length);
    let at = 0;
    for (const { start, end, token, tokens: own } of pieces) {
      const found = token ? [0, end - start] : tokenOffsets(text.slice(start, end), own, spelling);
      for (const index of found) offsets[at++] = start + index;
    }
    return offsets;
  }

  /**
   * Token ids with each byte of a stretch that is no UTF-8 made invalid by itself, so that it shows as
   * one mark, as in the reference; the library joins some and takes others for letters.
   */
  #markedBytes(ids: readonly number[]): readonly number[] {
    const noByte = this.#noByte;
    if (noByte === null) return ids;
    const bytes = ids.map((id) => byteOf(this.tokenString(id)!));
    const marked = [...ids];
    for (let start = 0, end = 0; start < ids.length; start = end + 1) {
      for (end = start; end < ids.length && bytes[end] !== null;) end++;
      if (!isUtf8(bytes.slice(start, end) as number[])) marked.fill(noByte, start, end);
    }
    return marked;
  }

  /** The text of token ids; ids beyond the vocabulary, which padded models may give, are skipped. */
  decode(
    ids: ArrayLike<number>,
    { skipSpecialTokens = false }: { readonly skipSpecialTokens?: boolean } = {},
  ): string {
    const list = Array.from(ids).filter((id) => {
      const token = this.tokenString(id);
      return token !== null && !(skipSpecialTokens && this.#special.has(token));
    });
    if (list.length === 0) return "";
    return this.#run(() =>
      this.#library.decode([...this.#markedBytes(list)], {
        skip_special_tokens: skipSpecialTokens,
        clean_up_tokenization_spaces: this.#cleanUp,
      })
    );
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
 * @param rules how strictly; they gather what there is to warn of
 * @throws {InputError} if `tokenizer.json` is missing, or a file is damaged
 */
export async function loadTokenizer(
  dir: string,
  rules: CheckpointRules = new CheckpointRules(),
): Promise<Tokenizer> {
  await checkFast(dir);
  const [tokenizer, config] = await Promise.all([
    readCheckpointJson(dir, "tokenizer.json", rules),
    hasCheckpointFile(dir, "tokenizer_config.json").then((there) =>
      there ? readCheckpointJson(dir, "tokenizer_config.json", rules) : {}
    ),
  ]);
  checkConfigKeys(config, rules);
  return new Tokenizer(tokenizer, config);
}
