/**
 * What a program asks of a checkpoint's processor in place of what its files say.
 *
 * Source: `AutoProcessor.from_pretrained(…, max_pixels=…)` of transformers, which gives these to the
 * image processor and, where that knows them, to the video processor.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { InputRecipe } from "./media_layout.ts";

/** Settings that may be overridden. */
export interface ProcessorOverrides {
  /** Fewest pixels of an image, for models that take images near their own size. */
  readonly minPixels?: number;
  /** Most pixels of an image, likewise: fewer pixels, fewer tokens, less time. */
  readonly maxPixels?: number;
  /** Frames per second that are sampled of videos. */
  readonly fps?: number;
  /** How many frames are sampled of videos. */
  readonly numFrames?: number;
}

/** Throws unless the values are possible. */
export function checkOverrides(overrides: ProcessorOverrides): void {
  const { minPixels, maxPixels, fps, numFrames } = overrides;
  const known = ["minPixels", "maxPixels", "fps", "numFrames"];
  const unknown = Object.keys(overrides).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new InputError(`Cannot override "${unknown}": there are ${known.join(", ")}`);
  }
  for (const [name, value] of Object.entries({ minPixels, maxPixels, numFrames })) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw new InputError(`Cannot use ${name} ${value}: wanted a whole number above 0`);
  }
  if (fps !== undefined && !(fps > 0 && fps < Infinity)) {
    throw new InputError(`Cannot use fps ${fps}: wanted a number above 0`);
  }
  if (fps !== undefined && numFrames !== undefined) {
    throw new InputError("Cannot use fps and numFrames together: choose one");
  }
  if (minPixels !== undefined && maxPixels !== undefined && minPixels > maxPixels) {
    throw new InputError(`Cannot use minPixels ${minPixels} above maxPixels ${maxPixels}`);
  }
}

/** The settings of a file. */
interface Settings {
  readonly json: Readonly<Record<string, unknown>>;
}

/** Settings of images with the pixels that are asked for. */
export function withPixels<F extends Settings>(
  settings: F | null,
  { minPixels, maxPixels }: ProcessorOverrides = {},
): F | null {
  if (settings === null || (minPixels === undefined && maxPixels === undefined)) return settings;
  const json = {
    ...settings.json,
    ...(minPixels === undefined ? {} : { min_pixels: minPixels }),
    ...(maxPixels === undefined ? {} : { max_pixels: maxPixels }),
  };
  return { ...settings, json };
}

/** Settings of videos with the frames that are asked for. */
export function withFrames<F extends Settings>(
  settings: F | null,
  { fps, numFrames }: ProcessorOverrides,
): F | null {
  if (settings === null || (fps === undefined && numFrames === undefined)) return settings;
  const rate = numFrames === undefined ? { fps, num_frames: null } : { num_frames: numFrames };
  return { ...settings, json: { ...settings.json, ...rate, do_sample_frames: true } };
}

/** Throws where a model has no use for what is asked. */
export function checkUse(recipe: InputRecipe, overrides: ProcessorOverrides): void {
  const sizes = overrides.minPixels !== undefined || overrides.maxPixels !== undefined;
  if (sizes && !recipe.images?.takesSizes) {
    const why = recipe.images ? "takes images at sizes of its own" : "takes no images";
    throw new InputError(`Cannot use minPixels or maxPixels: this model ${why}`);
  }
  if ((overrides.fps ?? overrides.numFrames) !== undefined && recipe.videos === null) {
    throw new InputError("Cannot use fps or numFrames: this model takes no videos");
  }
}
