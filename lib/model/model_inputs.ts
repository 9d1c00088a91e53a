/**
 * What enters a model: token ids, positions and media tensors, as plain typed arrays.
 *
 * @module
 */
import type { Tensor } from "../nn/kernels.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";

/** A typed array with its shape, row-major. */
export interface NamedArray {
  /** The values. */
  readonly data: Float32Array | Int32Array;
  /** Sizes of the axes. */
  readonly shape: readonly number[];
}

/** Media tensors under Hugging Face's names: `pixel_values`, `image_grid_thw`, `image_sizes`, … */
export type Media = Readonly<Record<string, NamedArray>>;

/** One prompt, ready for a model. */
export interface ModelInputs {
  /** Token ids, `[T]`, placeholders expanded. */
  readonly inputIds: Int32Array;
  /**
   * Positions, `[axes, T]` row by row: 3 axes (time, height, width) for the Qwen families, 2 where images
   * are seen both ways (the second says where a token's image begins; for text its own position), else 1.
   */
  readonly positionIds: Int32Array;
  /** Position of the first generated token, on every axis. */
  readonly nextPosition: number;
  /** Media tensors; empty for a text prompt. */
  readonly media: Media;
}

/** What a vision tower gives the decoder for one kind of media. */
export interface VisionFeatures {
  /** Rows that replace the placeholder embeddings, in prompt order: `[visual tokens, D]`, float32. */
  readonly features: Tensor;
  /** Rows added to the visual positions after decoder layers 0, 1, …: each `[visual tokens, D]`. */
  readonly deepstack: readonly Tensor[];
}

/** Features of a prompt's images and videos; null where it has none. */
export interface MediaFeatures {
  /** Replace the image placeholders. */
  readonly images: VisionFeatures | null;
  /** Replace the video placeholders. */
  readonly videos: VisionFeatures | null;
}

/** A vision tower with its projector, of whichever kind. */
export interface VisionTower {
  /** Features of a prompt's media; the result belongs to the caller. */
  encodeMedia(media: Media, hooks?: RunHooks | null): MediaFeatures;
}
