/**
 * The pieces of a message: texts, images, videos, in every form in which Hugging Face's chat
 * format, qwen-vl-utils and OpenAI's interface write them.
 *
 * @module
 */
import { InputError, nearestNames } from "../common/errors.ts";
import { quoted, shownValue } from "../common/text.ts";
import { type ImageSource, imageSourceForms, isMediaFile, isPixels } from "./media_files.ts";
import type { MediaFile } from "./media_source.ts";

/** The size that one image or video is to have, where the model takes any; as qwen-vl-utils. */
export interface PixelWishes {
  /** Fewest pixels (of each frame). */
  readonly min_pixels?: number;
  /** Most pixels (of each frame). */
  readonly max_pixels?: number;
  /** Height in pixels, rounded to what the model takes; with `resized_width`. */
  readonly resized_height?: number;
  /** Width in pixels, likewise. */
  readonly resized_width?: number;
}

/** An image in a message. */
export interface ImagePart extends PixelWishes {
  /** Which kind of part. */
  readonly type: "image";
  /** The image. */
  readonly image: ImageSource;
}

/** Which frames of a video the model is to see; as qwen-vl-utils and transformers' processors. */
export interface FrameWishes {
  /** How many frames. */
  readonly nframes?: number;
  /** Fewest frames. */
  readonly min_frames?: number;
  /** Most frames. */
  readonly max_frames?: number;
  /** Most pixels of all frames together, times the frames of a patch. */
  readonly total_pixels?: number;
}

/** A video in a message. */
export interface VideoPart extends PixelWishes, FrameWishes {
  /** Which kind of part. */
  readonly type: "video";
  /** Its frames in order, or a file (read by ffmpeg; animated GIF and WebP files without). */
  readonly video: readonly ImageSource[] | MediaFile;
  /**
   * Frames per second: for a list of frames those at which they were taken, where they differ from
   * the prompt's; for a file those that the model is to see.
   */
  readonly fps?: number;
}

/** A piece of a message. */
export type ContentPart = { readonly type: "text"; readonly text: string } | ImagePart | VideoPart;

/** Told of keys of parts that mean nothing here. */
export type OnUnknownKey = (line: string) => void;

/** Whether a value is an object with keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error that names a place in the messages, what is there and what is wanted. */
export function wrongPart(where: string, value: unknown, wanted: string): InputError {
  return new InputError(`Cannot read ${where}: found ${shownValue(value)}; wanted ${wanted}`);
}

const pixelKeys = ["min_pixels", "max_pixels", "resized_height", "resized_width"] as const;
const frameKeys = ["nframes", "min_frames", "max_frames", "total_pixels"] as const;

/** Keys that other programs read and that change nothing here. */
const inertKeys = ["type", "detail", "cache_control", "id", "index", "format", "mime_type"];

/** Keys that would change what the model sees and that are not supported. */
const refusedKeys: Readonly<Record<string, string>> = {
  video_start: "cut the video first: ffmpeg -ss START -to END -i in.mp4 -c copy out.mp4",
  video_end: "cut the video first: ffmpeg -ss START -to END -i in.mp4 -c copy out.mp4",
};

/** Whole numbers above 0 under some keys. */
function counts<K extends string>(
  part: Record<string, unknown>,
  where: string,
  keys: readonly K[],
): Partial<Record<K, number>> {
  const found: Partial<Record<K, number>> = {};
  for (const key of keys) {
    const value = part[key];
    if (value === undefined || value === null) continue;
    if (!(Number.isSafeInteger(value) && (value as number) > 0)) {
      throw wrongPart(`${where}.${key}`, value, "a whole number above 0");
    }
    found[key] = value as number;
  }
  return found;
}

/** The size wishes of a part. */
function pixelWishes(part: Record<string, unknown>, where: string): PixelWishes {
  const wishes = counts(part, where, pixelKeys);
  const { min_pixels, max_pixels, resized_height, resized_width } = wishes;
  if (min_pixels !== undefined && max_pixels !== undefined && min_pixels > max_pixels) {
    throw wrongPart(`${where}.min_pixels`, min_pixels, `at most max_pixels, ${max_pixels}`);
  }
  if ((resized_height === undefined) !== (resized_width === undefined)) {
    const missing = resized_height === undefined ? "resized_height" : "resized_width";
    throw wrongPart(`${where}.${missing}`, undefined, "both resized_height and resized_width");
  }
  return wishes;
}

/** Tells of keys that mean nothing; throws where one would change what the model sees. */
function checkKeys(
  part: Record<string, unknown>,
  where: string,
  known: readonly string[],
  onUnknown: OnUnknownKey,
): void {
  for (const key of Object.keys(part)) {
    if (known.includes(key) || inertKeys.includes(key) || part[key] === undefined) continue;
    if (Object.hasOwn(refusedKeys, key)) {
      throw new InputError(`Cannot use ${where}.${key}: it is not supported; ${refusedKeys[key]}`);
    }
    const near = nearestNames(key.slice(0, 40), known, 1)[0];
    onUnknown(`${where}.${quoted(key, 40)} means nothing here and is ignored (nearest: ${near})`);
  }
}

/** The first of some keys that a part has, and its value; an object's `url` stands for the object. */
function firstOf(part: Record<string, unknown>, keys: readonly string[]): unknown {
  const key = keys.find((name) => part[name] !== undefined && part[name] !== null);
  const value = key === undefined ? undefined : part[key];
  return isObject(value) && !isMediaFile(value) && typeof value.url === "string"
    ? value.url
    : value;
}

const imageKeys = ["image", "image_url", "url", "path", "base64"];
const videoKeys = ["video", "video_url", "url", "path"];

function imagePart(
  part: Record<string, unknown>,
  where: string,
  onUnknown: OnUnknownKey,
): ImagePart {
  const image = firstOf(part, imageKeys);
  checkKeys(part, where, [...imageKeys, ...pixelKeys], onUnknown);
  if (isMediaFile(image) || isPixels(image)) {
    return { type: "image", image, ...pixelWishes(part, where) };
  }
  const wanted = Array.isArray(image) ? "one image a part" : imageSourceForms;
  throw wrongPart(`${where}.image`, image, wanted);
}

function videoPart(
  part: Record<string, unknown>,
  where: string,
  onUnknown: OnUnknownKey,
): VideoPart {
  const video = firstOf(part, videoKeys);
  const rates = ["fps", "raw_fps", "sample_fps"];
  const known = [...videoKeys, ...rates, ...pixelKeys, ...frameKeys, "num_frames"];
  checkKeys(part, where, known, onUnknown);
  const isFrames = Array.isArray(video);
  if (!isFrames && !isMediaFile(video)) {
    throw wrongPart(`${where}.video`, video, "a list of frames, one path each, or a video file");
  }
  const odd = isFrames ? video.findIndex((frame) => !isMediaFile(frame) && !isPixels(frame)) : -1;
  if (odd >= 0) {
    throw wrongPart(`${where}.video[${odd}]`, (video as unknown[])[odd], imageSourceForms);
  }
  const fps = firstOf(part, isFrames ? ["fps", "raw_fps", "sample_fps"] : ["fps"]);
  if (fps !== undefined && !(typeof fps === "number" && fps > 0 && fps < Infinity)) {
    throw wrongPart(`${where}.fps`, fps, "a number above 0");
  }
  const { num_frames, ...frames } = counts(part, where, [...frameKeys, "num_frames"]);
  const nframes = frames.nframes ?? num_frames;
  if (!isFrames && fps !== undefined && nframes !== undefined) {
    throw wrongPart(`${where}.fps`, fps, "either fps or nframes");
  }
  return {
    type: "video",
    video: video as VideoPart["video"],
    ...(fps === undefined ? {} : { fps }),
    ...frames,
    ...(nframes === undefined ? {} : { nframes }),
    ...pixelWishes(part, where),
  };
}

/**
 * One piece of a message, checked and in one form: `image_url`, `url`, `path` and `base64` become
 * `image`, `video_url` becomes `video`, `num_frames` becomes `nframes`.
 *
 * @param where its place, for messages
 * @param onUnknown told of keys that mean nothing
 * @throws {InputError} that names the place
 *
 * @example
 * ```ts
 * import { parsePart } from "./message_parts.ts";
 * import { assertEquals } from "@std/assert";
 * const part = { type: "image_url", image_url: { url: "page.png" }, max_pixels: 50176 };
 * assertEquals(parsePart(part, "messages[0].content[0]"), {
 *   type: "image",
 *   image: "page.png",
 *   max_pixels: 50176,
 * });
 * ```
 */
export function parsePart(
  part: unknown,
  where: string,
  onUnknown: OnUnknownKey = () => {},
): ContentPart {
  if (!isObject(part)) throw wrongPart(where, part, "an object with a type");
  const { type } = part;
  if (type === "text") {
    if (typeof part.text !== "string") throw wrongPart(`${where}.text`, part.text, "a text");
    checkKeys(part, where, ["text"], onUnknown);
    return { type, text: part.text };
  }
  if (type === "image" || type === "image_url") return imagePart(part, where, onUnknown);
  if (type === "video" || type === "video_url") return videoPart(part, where, onUnknown);
  throw wrongPart(`${where}.type`, type, '"text", "image" (or "image_url") or "video"');
}
