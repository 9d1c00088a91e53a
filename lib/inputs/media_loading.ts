/**
 * All images and videos of a conversation, loaded.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { counted } from "../common/text.ts";
import type { RgbImage } from "./image.ts";
import { loadImage } from "./media_files.ts";
import type { InputRecipe, VideoRecipe } from "./media_layout.ts";
import { findMedia, type MediaAccess } from "./media_source.ts";
import type { ContentPart, ImagePart, VideoPart } from "./message_parts.ts";
import { type MediaWishes, wishesSize } from "./pixel_wishes.ts";
import { checkVideo, defaultFps, type Video } from "./video.ts";
import { readVideoFile } from "./video_file.ts";

/** Images and videos in the order of the messages, and what is asked of each. */
export interface LoadedMedia {
  readonly images: readonly RgbImage[];
  /** What is asked of each image. */
  readonly imageWishes: readonly MediaWishes[];
  readonly videos: readonly Video[];
  /** What is asked of each video. */
  readonly videoWishes: readonly MediaWishes[];
}

/** How many files are read at once: each may take hundreds of megabytes. */
const atOnce = 4;

/**
 * Applies a function to all items, a few at a time, and waits for all of them, also when one fails:
 * no failure is left behind that nobody awaits.
 *
 * @throws what the first item in order that failed threw; items after a failure are not begun
 */
export async function mapTogether<T, R>(
  items: readonly T[],
  use: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const failures: { index: number; error: unknown }[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await use(items[index]);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (failures.length > 0) throw failures.sort((a, b) => a.index - b.index)[0].error;
  return results;
}

/** Throws where a model takes no images or videos and there are some. */
function checkKind(recipe: unknown, count: number, kind: string): void {
  if (recipe !== null || count === 0) return;
  throw new InputError(`Cannot use ${counted(count, kind)}: this model takes no ${kind}s`);
}

/** Tells once of sizes that a model cannot give. */
function tellSizes(wishes: readonly MediaWishes[], takesSizes: boolean, kind: string): void {
  if (takesSizes || !wishes.some(wishesSize)) return;
  console.warn(
    `min_pixels, max_pixels and resized_* of ${kind}s are ignored: this model takes its ${kind}s ` +
      `at sizes of its own`,
  );
}

async function loadVideo(
  part: VideoPart,
  recipe: VideoRecipe,
  options: MediaAccess & { readonly fps?: number },
): Promise<Video> {
  const { video } = part;
  if (Array.isArray(video)) {
    const frames = await mapTogether(video, (frame) => loadImage(frame, options));
    return checkVideo({ frames, fps: part.fps ?? options.fps ?? defaultFps });
  }
  const found = await findMedia(
    video as Exclude<typeof video, readonly unknown[]>,
    options,
    "video",
  );
  return await readVideoFile(
    found,
    (total, fps) => recipe.choose(total, fps, part, true),
    options,
  );
}

/**
 * Loads the images and videos of all messages, in order.
 *
 * @param recipe of the model, which says which frames of video files it sees
 * @throws {InputError} if one cannot be loaded, or the model takes none of its kind
 */
export async function loadMedia(
  parts: readonly ContentPart[],
  recipe: InputRecipe,
  options: MediaAccess & { readonly fps?: number },
): Promise<LoadedMedia> {
  const imageWishes = parts.filter((part): part is ImagePart => part.type === "image");
  const videoWishes = parts.filter((part): part is VideoPart => part.type === "video");
  checkKind(recipe.images, imageWishes.length, "image");
  checkKind(recipe.videos, videoWishes.length, "video");
  tellSizes(imageWishes, recipe.images?.takesSizes ?? true, "image");
  tellSizes(videoWishes, recipe.videos?.takesSizes ?? true, "video");
  const images = await mapTogether(imageWishes, ({ image }) => loadImage(image, options));
  const videos: Video[] = [];
  for (const part of videoWishes) videos.push(await loadVideo(part, recipe.videos!, options));
  return { images, imageWishes, videos, videoWishes };
}
