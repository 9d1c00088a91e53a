/**
 * Images as PNG files.
 *
 * @module
 */
import { checkImage, type RgbImage } from "../inputs/image.ts";

/**
 * The bytes of a PNG file, without loss.
 *
 * @param image image in memory
 * @throws {InputError} when sizes and data of the image do not fit together
 *
 * @example
 * ```ts
 * import { encodePng } from "./png.ts";
 * import { decodeImage } from "../inputs/image.ts";
 * import { assertEquals } from "@std/assert";
 * const image = { width: 2, height: 1, data: Uint8Array.of(255, 0, 0, 0, 0, 255) };
 * assertEquals(await decodeImage(await encodePng(image)), image);
 * ```
 */
export async function encodePng(image: RgbImage): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, data } = checkImage(image);
  const { default: sharp } = await import("sharp"); // loaded on first use: it is large
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toBuffer();
  return new Uint8Array(bytes);
}
