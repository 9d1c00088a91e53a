/**
 * What families read of processors' files in the same way.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { JsonReader } from "../common/json_reader.ts";
import { type ProcessorFiles, settingsOf, settingsReader } from "../inputs/processor_files.ts";
import { withPixels } from "../inputs/processor_overrides.ts";

/** CLIP's mean and deviation. */
export const clip = {
  imageMean: [0.48145466, 0.4578275, 0.40821073],
  imageStd: [0.26862954, 0.26130258, 0.27577711],
};
/** Mean and deviation of values from -1 to 1. */
export const half = { imageMean: [0.5, 0.5, 0.5], imageStd: [0.5, 0.5, 0.5] };

/** Keys of a processor's own file, with those of its class read or ignored by `read`. */
export function ownSettings<T>(files: ProcessorFiles, read: (settings: JsonReader) => T): T {
  const settings = settingsReader(files.processor);
  const result = read(settings);
  settings.finish();
  return result;
}

/** Settings of images, with the pixels that the program asks for. */
export const imageSettings = (files: ProcessorFiles) =>
  settingsOf(withPixels(files.image, files.overrides));

/**
 * Refuses feature selections with which tokens are no grid. Releases before 4.46 of transformers write
 * no `num_additional_image_tokens`; then the number is what the selection asks for.
 */
export function checkSelection(settings: JsonReader): void {
  const key = "vision_feature_select_strategy", more = "num_additional_image_tokens";
  const known = settings.has(key) && settings.has(more);
  const strategy = settings.text(key, "full"), classTokens = settings.number(more, 0);
  if (!known || classTokens === (strategy === "default" ? 1 : 0)) return;
  throw settings.error(key, classTokens === 1 ? '"default"' : '"full"', strategy);
}

/** Whole number of tokens along a side, from their number on a square. */
export function sideOf(tokens: number): number {
  const side = Math.sqrt(tokens);
  if (Number.isInteger(side)) return side;
  throw new InputError(`Cannot use ${tokens} tokens for one image: wanted a square number`);
}
