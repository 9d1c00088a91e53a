/**
 * Animated GIF and WebP files as videos.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { maxDecodingBytes, maxImageEdge, maxImagePixels, type RgbImage } from "./image.ts";
import { threeChannels } from "./image_channels.ts";
import type { Video } from "./video.ts";

/** Delay of images that say none, in milliseconds: ffmpeg's. */
const usualDelay = 100;

/**
 * Unpacks the chosen images of an animation, each as it is shown; transparency lies over white.
 *
 * @param bytes the whole file, a GIF or WebP
 * @param choose which images, from how many and how many a second
 * @throws {InputError} if the file is damaged or too large
 */
export async function readAnimation(
  bytes: Uint8Array,
  choose: (total: number, fps: number) => readonly number[],
  name: string,
): Promise<Video> {
  const { default: sharp } = await import("sharp");
  const input = { limitInputPixels: false, ignoreIcc: true, failOn: "error" } as const;
  try {
    const meta = await sharp(bytes, { ...input, pages: -1 }).metadata();
    const { width, pages = 1, delay = [] } = meta, height = meta.pageHeight ?? meta.height;
    const pixels = width * height;
    if (pixels > maxImagePixels || Math.max(width, height) > maxImageEdge) {
      throw new InputError(`Cannot decode ${name}: ${width} x ${height} pixels are too many`);
    }
    const seconds = Array.from({ length: pages }, (_, i) => (delay[i] || usualDelay) / 1000);
    const fps = pages / seconds.reduce((sum, one) => sum + one, 0);
    const indices = choose(pages, fps);
    if (indices.length * pixels * 3 > maxDecodingBytes * 4) {
      throw new InputError(
        `Cannot decode ${name}: ${indices.length} frames of ${width} x ${height} pixels are too ` +
          `many; ask for fewer (nframes)`,
      );
    }
    const frames: RgbImage[] = [];
    for (const page of indices) {
      const { data, info } = await sharp(bytes, { ...input, page, pages: 1 })
        .toColourspace("srgb").flatten({ background: "white" })
        .raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
      frames.push({ width, height, data: threeChannels(data, info.channels, false) });
    }
    return { frames, fps, chosen: { indices, total: pages } };
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new InputError(`Cannot decode ${name}: damaged file (${reason})`);
  }
}
