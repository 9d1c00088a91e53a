/**
 * The decoder's input: embeddings of a prompt's tokens with the features of its media in place of
 * the placeholders.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { ModelConfig } from "./config.ts";
import type { MediaFeatures, ModelInputs, VisionFeatures, VisionTower } from "./model_inputs.ts";
import type { ReuseCache } from "./reuse_cache.ts";
import type { EmbeddedPrompt } from "./run_options.ts";
import type { TextDecoder } from "./text_decoder.ts";

/** What embedding needs of a model. */
export interface EmbeddingModel {
  /** Computes. */
  readonly kernels: Kernels;
  /** Placeholders and sizes. */
  readonly config: ModelConfig;
  /** Embeds tokens. */
  readonly decoder: TextDecoder;
  /** Gives features of media. */
  readonly vision: VisionTower | null;
}

/** How a prompt is embedded. */
export interface EmbedOptions {
  /** Hooks of the run; with them nothing is reused, so that all of them fire. */
  readonly hooks?: RunHooks | null;
  /** Where features of media are kept. */
  readonly reuse?: ReuseCache;
  /** The first token that is embedded, with the number of DeepStack features; all by default. */
  readonly from?: { readonly token: number; readonly stages: number };
}

/** Which rows of the stacked [text; images; videos] the tokens from one on take. */
class Placement {
  readonly source: Int32Array;
  /** 1 + row among the visual features, 0 for text. */
  readonly visual: Int32Array;
  readonly stack: Tensor[];
  readonly deepstacks: (readonly Tensor[])[] = [];
  #offset = 0;

  constructor(readonly inputIds: Int32Array, readonly first: number, text: Tensor) {
    const rows = inputIds.length - first;
    this.source = Int32Array.from({ length: rows }, (_, i) => i);
    this.visual = new Int32Array(rows);
    this.stack = [text];
  }

  /** @throws {InputError} if placeholders and features do not match in number */
  place(kind: string, tokenId: number, found: VisionFeatures | null): void {
    const { inputIds, first, source } = this, available = found?.features.shape[0] ?? 0;
    let used = 0;
    for (let i = 0; i < inputIds.length; i++) {
      if (inputIds[i] !== tokenId || tokenId < 0) continue;
      const row = this.#offset + used++;
      if (i < first) continue;
      this.visual[i - first] = 1 + row;
      source[i - first] = source.length + row;
    }
    if (used !== available) {
      throw new InputError(
        `Cannot place ${available} ${kind} features on ${used} ${kind} placeholder tokens ` +
          `(token ${tokenId}): the numbers must be equal`,
      );
    }
    if (!found) return;
    this.stack.push(found.features);
    this.deepstacks.push(found.deepstack);
    this.#offset += available;
  }
}

/**
 * Embeds a prompt, or its tokens from one on; the tensors belong to the caller.
 *
 * @param inputs checked already
 * @throws {InputError} if placeholders and features do not match in number
 */
export function embedPrompt(
  model: EmbeddingModel,
  inputs: ModelInputs,
  { hooks = null, reuse, from }: EmbedOptions = {},
): EmbeddedPrompt {
  const { kernels: k, config, decoder, vision } = model, { inputIds } = inputs;
  const first = from?.token ?? 0, rows = inputIds.length - first, width = config.text.hiddenSize;
  const isVisual = (id: number) =>
    id >= 0 && (id === config.imageTokenId || id === config.videoTokenId);
  const textOnly = from !== undefined && !inputIds.subarray(first).some(isVisual);
  const hasMedia = Object.keys(inputs.media).length > 0;
  using kept = vision && reuse && !hooks && !textOnly && hasMedia
    ? reuse.features(model, vision, inputs)
    : null;
  return k.scope(() => {
    const text = decoder.embed(inputIds.subarray(first)); // [T, D]
    const placed = new Placement(inputIds, first, text);
    if (!textOnly) {
      const media: MediaFeatures = kept?.value ?? vision?.encodeMedia(inputs.media, hooks) ??
        { images: null, videos: null };
      placed.place("image", config.imageTokenId, media.images);
      placed.place("video", config.videoTokenId, media.videos);
    }
    const { stack, deepstacks, source, visual } = placed;
    const taken = stack.length === 1
      ? text
      : k.gather(k.concat(stack, 0), k.tensor(source, [rows]));
    const embeddings = k.reshape(taken, [1, rows, width]);
    const stages = deepstacks[0]?.length ?? (textOnly ? from.stages : 0);
    const deepstack = Array.from({ length: stages }, (_, stage) => {
      const table = k.concat([k.zeros([1, width]), ...deepstacks.map((d) => d[stage])], 0);
      return k.reshape(k.gather(table, k.tensor(visual, [rows])), [1, rows, width]);
    });
    return { embeddings: hooks?.apply("embed", embeddings) ?? embeddings, deepstack };
  });
}
