/**
 * What becomes of an image or video: tensors for the vision tower, and what stands for it in the
 * prompt.
 *
 * @module
 */
import type { NamedArray } from "../model/model_inputs.ts";
import type { RgbImage } from "./image.ts";
import type { MediaWishes } from "./pixel_wishes.ts";
import type { PositionRule } from "./position_ids.ts";
import type { Video } from "./video.ts";
import type { VisualGrid } from "./visual_grid.ts";

/** A piece of what replaces a placeholder: text as it is, or a grid of visual tokens. */
export type LayoutPiece = string | {
  /** The text of the token that is repeated, e.g. `<|image_pad|>`. */
  readonly token: string;
  /** How often, and what the tokens show. */
  readonly grid: VisualGrid;
};

/** Images (or videos) of a prompt, prepared. */
export interface PreparedMedia {
  /** Tensors under Hugging Face's names, in their order. */
  readonly tensors: Readonly<Record<string, NamedArray>>;
  /**
   * Rows of each image (or video) in the first axis, where images and videos share a tensor; they
   * are then joined in prompt order.
   */
  readonly rows?: readonly number[];
  /** For each image (or video), what replaces its placeholder. */
  readonly layouts: readonly (readonly LayoutPiece[])[];
}

/** How one kind of media enters the prompt. */
export interface MediaRecipe<T> {
  /** What the chat template writes for one of them, e.g. `<|image_pad|>`. */
  readonly placeholder: string;
  /** Whether sizes may be asked for, image by image. */
  readonly takesSizes: boolean;
  /**
   * Prepares all of a prompt, in the order of their placeholders.
   *
   * @param wishes what is asked of each of them
   */
  prepare(media: readonly T[], wishes?: readonly (MediaWishes | undefined)[]): PreparedMedia;
}

/** How videos enter the prompt. */
export interface VideoRecipe extends MediaRecipe<Video> {
  /**
   * Which frames the model sees, ascending.
   *
   * @param total frames of the video
   * @param fps frames per second of the video
   * @param isFile whether `wishes.fps` asks for frames per second
   */
  choose(total: number, fps: number, wishes?: MediaWishes, isFile?: boolean): readonly number[];
}

/** What a family adds to the common processor: functions and data. */
export interface InputRecipe {
  /** Images, or null if the model takes none. */
  readonly images: MediaRecipe<RgbImage> | null;
  /** Videos, or null if the model takes none. */
  readonly videos: VideoRecipe | null;
  /** Positions of the finished prompt. */
  readonly positions: PositionRule;
}
