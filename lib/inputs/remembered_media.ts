/**
 * Media made into tensors once for several prompts that show the same.
 *
 * @module
 */
import { type BoundedCache, objectNumber } from "../common/bounded_cache.ts";
import type { RgbImage } from "./image.ts";
import type { MediaRecipe, PreparedMedia } from "./media_layout.ts";
import type { MediaWishes } from "./pixel_wishes.ts";
import type { Video } from "./video.ts";

/** An image or a video. */
type Medium = RgbImage | Video;

/** Names a medium by its images, which are the same objects wherever the same file was remembered. */
function nameOf(medium: Medium): string {
  if (!("frames" in medium)) return `${objectNumber(medium)}`;
  const { frames, ...rest } = medium;
  return JSON.stringify([frames.map(objectNumber), rest]);
}

/** What is asked of a medium, without the medium. */
function wishesOf(wishes: MediaWishes): unknown {
  const own = Object.entries(wishes).filter(([name]) => !["type", "image", "video"].includes(name));
  return own.sort(([a], [b]) => a < b ? -1 : 1);
}

/** Bytes of prepared tensors. */
function bytesOf({ tensors }: PreparedMedia): number {
  return Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
}

/**
 * Prepares images or videos as the recipe does; where a memory is given, once for all prompts with the
 * same images and wishes.
 */
export async function prepareOnce<T extends Medium>(
  recipe: MediaRecipe<T>,
  media: readonly T[],
  wishes: readonly MediaWishes[],
  memory?: BoundedCache,
): Promise<PreparedMedia> {
  const prepare = () => recipe.prepare(media, wishes);
  if (!memory || memory.limit === 0) return prepare();
  const names = JSON.stringify([media.map(nameOf), wishes.map(wishesOf)]);
  return await memory.remember(`prepared ${objectNumber(recipe)} ${names}`, prepare, bytesOf);
}
