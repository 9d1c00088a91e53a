/**
 * What a kind of vision tower in a GGUF file says of itself: one object for each kind of projector.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import { type Assembly, type PlacedTensor, whole } from "../gguf_assembly.ts";
import type { GgufHeader } from "../gguf_header.ts";
import { GgufNotes } from "../gguf_notes.ts";

/** An object of one of Hugging Face's files. */
export type JsonFile = Record<string, unknown>;

/** The header of a file with a vision tower. */
export interface TowerFile {
  readonly header: GgufHeader;
  /** Its name, for errors. */
  readonly file: string;
}

/** A language model and its tower. */
export interface TowerContext {
  /** The decoder's config, with Hugging Face's keys. */
  readonly decoder: JsonFile;
  /** Header of the language model's file. */
  readonly header: GgufHeader;
  /** Its name, for errors. */
  readonly file: string;
  readonly tower: TowerFile;
}

/** A kind of tower with its projector. */
export interface TowerKind {
  /** `clip.projector_type` of its files. */
  readonly projectors: readonly string[];
  /** `general.architecture` of the language models that it goes with. */
  readonly decoders: readonly string[];
  /** The whole `config.json`. @throws {InputError} for missing notes and those that nobody knows */
  config(context: TowerContext): JsonFile;
  /** Files of the processor by their name in Hugging Face's layout. */
  files(context: TowerContext): Readonly<Record<string, JsonFile>>;
  /** Where the names of the language model's weights begin: `model.` and `lm_head.`. */
  readonly textPrefixes: { readonly model: string; readonly head: string };
  /** Weights of tower and projector by Hugging Face's name. @throws {InputError} for unknown ones */
  weights(tensors: TowerTensors): Map<string, Assembly>;
}

/** A reader of a tower's notes. */
export const towerNotes = ({ header, file }: TowerFile): GgufNotes =>
  new GgufNotes(header.metadata, "clip", file);

/**
 * Id of a token by its text.
 *
 * @throws {InputError} if the vocabulary has none
 */
export function tokenId({ header, file }: TowerContext, text: string): number {
  const tokens = header.metadata.get("tokenizer.ggml.tokens");
  const id = Array.isArray(tokens) ? tokens.indexOf(text) : -1;
  if (id >= 0) return id;
  throw new InputError(
    `Cannot use ${file} with a vision tower: its vocabulary has no token ${quoted(text)}, which ` +
      "stands for an image in a prompt; take a file that was made from the transformers layout",
  );
}

/** The tensors of a tower's file, of which each must be used. */
export class TowerTensors {
  readonly #left: Map<string, PlacedTensor>;

  /** All tensors of a file by name. */
  constructor(readonly file: string, tensors: ReadonlyMap<string, PlacedTensor>) {
    this.#left = new Map(tensors);
  }

  /** Takes a tensor, or null where there is none. */
  find(name: string): PlacedTensor | null {
    const found = this.#left.get(name) ?? null;
    this.#left.delete(name);
    return found;
  }

  /** Takes a tensor. @throws {InputError} if there is none */
  take(name: string): PlacedTensor {
    const found = this.find(name);
    if (found) return found;
    throw new InputError(`Cannot use ${this.file}: it has no tensor ${quoted(name)}`);
  }

  /** A tensor that stays to be taken. @throws {InputError} if there is none */
  peek(name: string): PlacedTensor {
    const found = this.take(name);
    this.#left.set(name, found);
    return found;
  }

  /** Takes weight and bias, as far as there are any, into `into` under another name. */
  move(into: Map<string, Assembly>, from: string, to: string): void {
    for (const kind of ["weight", "bias"]) {
      const found = this.find(`${from}.${kind}`);
      if (found) into.set(`${to}.${kind}`, whole(found));
    }
  }

  /** Names that nobody took yet. */
  names(): readonly string[] {
    return [...this.#left.keys()];
  }

  /** Ends the taking. @throws {InputError} for a tensor that nobody took */
  finish(): void {
    const [name] = this.#left.keys();
    if (name === undefined) return;
    throw new InputError(
      `Cannot use ${this.file}: it has a tensor ${quoted(name)}, whose meaning is unknown`,
    );
  }
}

/** Numbers of the layers of a tower, in order. */
export function layersOf(tensors: TowerTensors): number[] {
  const found = tensors.names().map((name) => /^v\.blk\.(\d{1,4})\./.exec(name)?.[1]);
  return [...new Set(found.filter((one) => one !== undefined).map(Number))].sort((a, b) => a - b);
}

/**
 * The feed-forward matrices of a layer, first and second. Older converters call the first `ffn_down`;
 * then it leads from the tower's width to the inner one.
 *
 * @param width of the tower
 */
export function feedForward(
  tensors: TowerTensors,
  layer: number,
  width: number,
): { readonly first: string; readonly second: string } {
  const up = `v.blk.${layer}.ffn_up`, down = `v.blk.${layer}.ffn_down`;
  const { shape: [rows] } = tensors.peek(`${up}.weight`);
  const swapped = rows === width && tensors.peek(`${down}.weight`).shape[0] !== width;
  return swapped ? { first: down, second: up } : { first: up, second: down };
}
