/**
 * How pictures and videos enter each family's prompts: the rules of `lib/inputs` with the family's
 * names and the defaults of its processor classes in transformers.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { JsonReader } from "../common/json_reader.ts";
import { anyresImages, readMaxTiles } from "../inputs/anyres.ts";
import { fixedImages } from "../inputs/fixed_resolution.ts";
import { frameVideos } from "../inputs/frames.ts";
import type { InputRecipe, LayoutPiece } from "../inputs/media_layout.ts";
import {
  frameBudgetSize,
  nativeImages,
  nativeVideos,
  sharedBudgetSize,
} from "../inputs/native_resolution.ts";
import { countedPositions, mropePositions, type PositionRule } from "../inputs/position_ids.ts";
import { type ProcessorFiles, settingsOf, settingsReader } from "../inputs/processor_files.ts";
import { withPixels } from "../inputs/processor_overrides.ts";
import { tiledImages } from "../inputs/tiles.ts";
import { defaultFrames, middleFrames, spreadFrames, steppedFrames } from "../inputs/video.ts";
import { plainLayout, timestampedLayout } from "../inputs/video_layouts.ts";
import type { VisualGrid } from "../inputs/visual_grid.ts";
import type { ModelConfig } from "../model/config.ts";
import { configLimits } from "../model/config_limits.ts";

/** CLIP's mean and deviation. */
const clip = {
  imageMean: [0.48145466, 0.4578275, 0.40821073],
  imageStd: [0.26862954, 0.26130258, 0.27577711],
};
const half = { imageMean: [0.5, 0.5, 0.5], imageStd: [0.5, 0.5, 0.5] };

/** `Qwen2VLImageProcessor`, which all Qwen-VL families use. */
const qwenImage = {
  ...clip,
  ...{ patchSize: 14, temporalPatchSize: 2, mergeSize: 2 },
  ...{ minPixels: 56 * 56, maxPixels: 28 * 28 * 1280 },
};
const [qwenImageToken, qwenVideoToken] = ["<|image_pad|>", "<|video_pad|>"];

/** Keys of a processor's own file, with those of its class read or ignored by `read`. */
function ownSettings<T>(files: ProcessorFiles, read: (settings: JsonReader) => T): T {
  const settings = settingsReader(files.processor);
  const result = read(settings);
  settings.finish();
  return result;
}

/** Settings of pictures, with the pixels that the program asks for. */
const imageSettings = (files: ProcessorFiles) =>
  settingsOf(withPixels(files.image, files.overrides));

/** Qwen3-VL: time stamps between temporal patches, one budget for all frames. */
export function qwen3VlInputs(files: ProcessorFiles): InputRecipe {
  ownSettings(files, () => {}); // it has none
  return {
    images: nativeImages(qwenImageToken, imageSettings(files), qwenImage),
    videos: nativeVideos(qwenVideoToken, settingsOf(files.video), {
      defaults: {
        ...half,
        ...{ patchSize: 16, temporalPatchSize: 2, mergeSize: 2 },
        ...{ minPixels: 128 * 32 * 32, maxPixels: 32 * 32 * 768 },
      },
      fps: 2,
      maxVideoTokens: 768,
      sample: spreadFrames,
      size: sharedBudgetSize,
      layout: timestampedLayout("<|vision_start|>", "<|vision_end|>"),
      secondsPerGrid: false,
    }),
    positions: mropePositions(),
  };
}

function qwen2Inputs(
  files: ProcessorFiles,
  positions: PositionRule,
  secondsPerGrid: boolean,
): InputRecipe {
  ownSettings(files, () => {}); // they have none
  return {
    images: nativeImages(qwenImageToken, imageSettings(files), qwenImage),
    videos: nativeVideos(qwenVideoToken, settingsOf(withPixels(files.video, files.overrides)), {
      defaults: { ...qwenImage, minPixels: 128 * 28 * 28, maxPixels: 28 * 28 * 768 },
      fps: null,
      maxVideoTokens: 128_000,
      sample: steppedFrames,
      size: frameBudgetSize,
      layout: plainLayout,
      secondsPerGrid,
    }),
    positions,
  };
}

/** Qwen2-VL: temporal patches in a row, a budget for each frame. */
export function qwen2VlInputs(files: ProcessorFiles): InputRecipe {
  return qwen2Inputs(files, mropePositions(), false);
}

/**
 * Qwen2.5-VL: as Qwen2-VL, with times of temporal patches in seconds.
 *
 * @param tokensPerSecond `tokens_per_second` of the vision config
 */
export function qwen25VlInputs(files: ProcessorFiles, tokensPerSecond: number): InputRecipe {
  const positions = mropePositions({
    time: ({ kind, media }, index, { second_per_grid_ts: seconds }) =>
      kind === "image" ? index : Math.trunc(index * tokensPerSecond * seconds.data[media]),
  });
  return qwen2Inputs(files, positions, true);
}

/**
 * Refuses feature selections with which tokens are no grid. Releases before 4.46 of transformers write
 * no `num_additional_image_tokens`; then the number is what the selection asks for.
 */
function checkSelection(settings: JsonReader): void {
  const key = "vision_feature_select_strategy", more = "num_additional_image_tokens";
  const known = settings.has(key) && settings.has(more);
  const strategy = settings.text(key, "full"), classTokens = settings.number(more, 0);
  if (!known || classTokens === (strategy === "default" ? 1 : 0)) return;
  throw settings.error(key, classTokens === 1 ? '"default"' : '"full"', strategy);
}

/** Whole number of tokens along a side, from their number on a square. */
function sideOf(tokens: number): number {
  const side = Math.sqrt(tokens);
  if (Number.isInteger(side)) return side;
  throw new InputError(`Cannot use ${tokens} tokens for one picture: wanted a square number`);
}

/** LLaVA 1.5: one grid of tokens for the middle of a picture. */
export function llavaInputs(files: ProcessorFiles): InputRecipe {
  const tokens = ownSettings(files, (settings) => {
    checkSelection(settings);
    return {
      token: settings.text("image_token", "<image>"),
      patchSize: settings.count("patch_size", 14, configLimits.patch),
    };
  });
  const defaults = { ...clip, edge: 224 };
  return {
    images: fixedImages(tokens, settingsOf(files.image), defaults),
    videos: null,
    positions: countedPositions,
  };
}

/** Heights and widths into which LLaVA-NeXT tiles a picture where the files name none. */
export const llavaNextResolutions: readonly (readonly [number, number])[] = [
  ...[[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]] as const,
];

/** LLaVA-NeXT: tiles with newlines, for each of several pictures as well. */
export function llavaNextInputs(files: ProcessorFiles, config: ModelConfig): InputRecipe {
  const { encoder } = config.imageTower!;
  const token = ownSettings(files, (settings) => {
    checkSelection(settings);
    settings.require("patch_size", encoder.patchSize);
    return settings.text("image_token", "<image>");
  });
  const side = Math.floor(encoder.imageSize / encoder.patchSize);
  return {
    images: anyresImages(
      { token, side, maxTiles: Infinity, several: "tiled" },
      settingsOf(files.image),
      { ...clip, edge: 224, resolutions: llavaNextResolutions },
    ),
    videos: null,
    positions: countedPositions,
  };
}

const edges = [1, 2, 3, 4, 5, 6].map((tiles) => 384 * tiles);

/** Heights and widths into which LLaVA-OneVision tiles a picture where the files name none. */
export const onevisionResolutions: readonly (readonly [number, number])[] = edges.flatMap((h) =>
  edges.map((w) => [h, w] as const)
);

/** LLaVA-OneVision: tiles with newlines, or several pictures whole; frames at half the tokens. */
export function llavaOnevisionInputs(files: ProcessorFiles, config: ModelConfig): InputRecipe {
  const { image, video, side, maxTiles } = ownSettings(files, (settings) => {
    settings.require("vision_feature_select_strategy", "full");
    return {
      image: settings.text("image_token", "<image>"),
      video: settings.text("video_token", "<video>"),
      side: sideOf(settings.count("num_image_tokens", 729, configLimits.tokens)),
      maxTiles: readMaxTiles(settings, config.imageTower!.anyres!.maxTiles),
    };
  });
  return {
    images: anyresImages(
      { token: image, side, maxTiles, several: "whole" },
      settingsOf(files.image),
      {
        ...clip,
        edge: 384,
        resolutions: onevisionResolutions,
      },
    ),
    videos: frameVideos(settingsOf(files.video), {
      placeholder: video,
      defaults: { ...clip, edge: 384 },
      side: Math.ceil(side / 2),
      sample: defaultFrames,
      tensor: "pixel_values_videos",
      layout: (grids) =>
        grids.map((grid, i): LayoutPiece => ({
          token: video,
          grid: i < grids.length - 1 ? grid : { ...grid, newline: "end" },
        })),
    }),
    positions: countedPositions,
  };
}

/** InternVL3 and 3.5: tiles and a thumbnail; frames with their numbers. */
export function internvlInputs(files: ProcessorFiles): InputRecipe {
  const [token, start, end] = ["<IMG_CONTEXT>", "<img>", "</img>"];
  const side = ownSettings(
    files,
    (settings) => sideOf(settings.count("image_seq_length", 256, configLimits.tokens)),
  );
  const defaults = { ...clip, edge: 384 };
  return {
    images: tiledImages({ token, start, end, side }, settingsOf(files.image), defaults),
    videos: frameVideos(settingsOf(files.video), {
      placeholder: "<video>",
      defaults,
      side,
      sample: middleFrames,
      tensor: "pixel_values",
      layout: (grids) =>
        grids.flatMap((grid: VisualGrid, i): LayoutPiece[] => [
          `${i > 0 ? "\n" : ""}Frame${i + 1}: ${start}`,
          { token, grid },
          end,
        ]),
    }),
    positions: countedPositions,
  };
}
