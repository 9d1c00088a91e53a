/**
 * Images from wherever they are: found, checked and decoded.
 *
 * @module
 */
import { digestOfBytes } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import { checkImage, decodeImage, type RgbImage } from "./image.ts";
import { bytesOf, findMedia, type MediaAccess, type MediaFile } from "./media_source.ts";

/** An image: a file, or pixels. */
export type ImageSource = MediaFile | RgbImage;

/** Whether a value is a file in one of the forms of {@link MediaFile}. */
export function isMediaFile(value: unknown): value is MediaFile {
  return typeof value === "string" || value instanceof URL || value instanceof Blob ||
    value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** Whether a value has the parts of an image in memory; {@link checkImage} checks them. */
export function isPixels(value: unknown): value is RgbImage {
  return typeof value === "object" && value !== null && "width" in value && "height" in value &&
    "data" in value && ArrayBuffer.isView(value.data);
}

/** What a source of an image may be, for messages. */
export const imageSourceForms =
  "a path, an address (file:, data:, https:), base64 text, the bytes " +
  "of a file (Uint8Array, ArrayBuffer, Blob) or pixels {width, height, data}";

/**
 * Loads an image from wherever it is.
 *
 * @param source a path, a `file:` or `data:` address, base64 text, the bytes of a file, or pixels
 *   (used as they are); `https:` addresses where `access.fetchMedia` is true
 * @throws {InputError} if the path leaves the allowed folder or is no file, or as `decodeImage`
 *
 * @example
 * ```ts
 * import { loadImage } from "./media_files.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 * const access = { mediaDir: "tests/golden/qwen3_vl/expected" };
 * assertEquals((await loadImage("image_image0.png", access)).width, 97);
 * await assertRejects(() => loadImage("../config.json", access), Error, "outside of the media root");
 * ```
 */
export async function loadImage(
  source: ImageSource,
  access: MediaAccess = {},
): Promise<RgbImage> {
  if (isPixels(source)) return checkImage(source);
  if (!isMediaFile(source)) {
    throw new InputError(`Cannot use ${typeof source} as an image: wanted ${imageSourceForms}`);
  }
  const found = await findMedia(source, access, "image");
  const { maxPixels, memory } = access, bytes = await bytesOf(found);
  const decode = () => decodeImage(bytes, { maxPixels, name: found.name });
  if (!memory || memory.limit === 0) return await decode();
  const key = `image ${digestOfBytes(bytes)} ${maxPixels ?? ""}`;
  return await memory.remember(key, decode, ({ data }) => data.byteLength);
}
