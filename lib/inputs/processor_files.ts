/**
 * The processor's files of a checkpoint: how its images and videos are prepared.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { JsonReader } from "../common/json_reader.ts";
import type { KeyPolicy } from "../common/key_policy.ts";
import { hasCheckpointFile, readCheckpointJson } from "../weights/checkpoint_files.ts";
import { CheckpointRules } from "../weights/checkpoint_rules.ts";
import { inertKeys } from "../weights/known_keys.ts";
import type { NormalizeConfig } from "./normalize.ts";
import type { ProcessorOverrides } from "./processor_overrides.ts";
import type { ResizeFilter } from "./resize.ts";

/** A JSON object and the file it is from. */
export interface SettingsFile {
  /** Its content. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Its name, for messages. */
  readonly file: string;
  /** What becomes of keys that nobody reads; an error by default. */
  readonly policy?: KeyPolicy;
}

/** Settings of the three roles, wherever the checkpoint keeps them. */
export interface ProcessorFiles {
  /** Of the image processor; null if the checkpoint takes no images. */
  readonly image: SettingsFile | null;
  /** Of the video processor; the image processor's where it has none of its own. */
  readonly video: SettingsFile | null;
  /** Of the processor around them; empty if there is none. */
  readonly processor: SettingsFile;
  /** Pixels of images that are asked for in place of those in the files. */
  readonly overrides?: ProcessorOverrides;
}

const processorFile = "processor_config.json";
const imageFile = "preprocessor_config.json";
const videoFile = "video_preprocessor_config.json";

/**
 * Reads `processor_config.json`, `preprocessor_config.json` and `video_preprocessor_config.json`.
 *
 * As in transformers 5, objects `image_processor` and `video_processor` inside the first one take
 * precedence, and a checkpoint without settings for videos uses those for images.
 *
 * @param dir checkpoint directory
 * @param rules how strictly; they gather what there is to warn of
 * @throws {InputError} if a file is damaged
 *
 * @example
 * ```ts
 * import { readProcessorFiles } from "./processor_files.ts";
 * import { assertEquals } from "@std/assert";
 * const { image } = await readProcessorFiles("tests/golden/qwen3_vl_bf16");
 * assertEquals(image?.file, "processor_config.json, image_processor");
 * ```
 */
export async function readProcessorFiles(
  dir: string,
  rules: CheckpointRules = new CheckpointRules(),
): Promise<ProcessorFiles> {
  const policy: KeyPolicy = rules;
  const read = async (file: string) =>
    await hasCheckpointFile(dir, file)
      ? { json: await readCheckpointJson(dir, file, rules), file, policy }
      : null;
  const [outer, image, video] = await Promise.all([processorFile, imageFile, videoFile].map(read));
  const { image_processor, video_processor, ...rest } = outer?.json ?? {};
  const nested = (json: unknown, key: string) =>
    typeof json === "object" && json !== null
      ? { json: json as Record<string, unknown>, file: `${processorFile}, ${key}`, policy }
      : null;
  const ownImage = nested(image_processor, "image_processor") ?? image;
  return {
    image: ownImage,
    video: nested(video_processor, "video_processor") ?? video ?? ownImage,
    processor: { json: rest, file: processorFile, policy },
  };
}

/** Resampling and scaling of grey levels: what all image processors share. */
export interface PixelConfig extends NormalizeConfig {
  /** Whether images are resized at all. */
  readonly doResize: boolean;
  /** The resampling filter. */
  readonly filter: ResizeFilter;
}

/** Mean and deviation of a family's pixels where the file names none. */
export interface PixelDefaults {
  /** Per channel. */
  readonly imageMean: readonly number[];
  /** Per channel. */
  readonly imageStd: readonly number[];
}

/** Classes of transformers that prepare videos as some family here does. */
const videoProcessors = [
  "Qwen2VLVideoProcessor",
  "Qwen3VLVideoProcessor",
  "LlavaOnevisionVideoProcessor",
  "InternVLVideoProcessor",
] as const;

/** Name of a class of transformers that prepares videos. */
export type VideoProcessorName = typeof videoProcessors[number];

/**
 * Throws where settings name another family's class for videos: transformers would take it, whatever
 * the model, and frames and sizes would be others.
 */
export function refuseOtherVideos(settings: JsonReader, own: VideoProcessorName): void {
  const named = videoProcessors.find((name) => name === settings.value("video_processor_type"));
  if (named !== undefined && named !== own) throw settings.error("video_processor_type", own);
}

/** Pillow's numbers of the filters that are supported. */
const filters: Readonly<Record<number, ResizeFilter>> = { 2: "bilinear", 3: "bicubic" };

/** One number for each channel, or one for all. */
function perChannel(settings: JsonReader, key: string, fallback: readonly number[]) {
  if (typeof settings.value(key) !== "number") return settings.numbers(key, 3, fallback);
  const one = settings.number(key);
  return [one, one, one];
}

/**
 * A size: an object, or a number as older files have it, which means a square or the shorter side.
 *
 * @param square which of them where the file's `default_to_square` does not say; for `crop_size` it is
 *   always a square
 */
export function readSize(settings: JsonReader, key: string, square = true): JsonReader {
  if (typeof settings.value(key) !== "number") return settings.object(key, {});
  const side = settings.count(key);
  const isSquare = key === "crop_size" || settings.boolean("default_to_square", square);
  const json = isSquare ? { height: side, width: side } : { shortest_edge: side };
  return new JsonReader(json, `${settings.where}, ${key}`);
}

/**
 * Reads the keys that all image processors share.
 *
 * @throws {InputError} for values of the wrong type and for filters that are not supported
 */
export function readPixelConfig(settings: JsonReader, defaults: PixelDefaults): PixelConfig {
  settings.ignore("do_convert_rgb"); // every image is RGB already
  const resample = settings.number("resample", 3);
  const filter = filters[resample];
  if (filter === undefined) {
    throw settings.error("resample", "2 (bilinear) or 3 (bicubic)");
  }
  return {
    doResize: settings.flag("do_resize", true),
    filter,
    doRescale: settings.flag("do_rescale", true),
    rescaleFactor: settings.number("rescale_factor", 1 / 255),
    doNormalize: settings.flag("do_normalize", true),
    imageMean: perChannel(settings, "image_mean", defaults.imageMean),
    imageStd: perChannel(settings, "image_std", defaults.imageStd),
  };
}

/** A reader of one file's settings, whose caller ends the reading. */
export function settingsReader({ json, file, policy }: SettingsFile): JsonReader {
  const settings = new JsonReader(json, file, policy);
  settings.ignore(...inertKeys.processor);
  return settings;
}

/**
 * Settings of one role.
 *
 * @throws {InputError} if the checkpoint has none
 */
export function settingsOf(found: SettingsFile | null): JsonReader {
  if (found) return settingsReader(found);
  throw new InputError(
    `Cannot prepare images: the checkpoint has neither ${imageFile} nor image_processor in ` +
      processorFile,
  );
}
