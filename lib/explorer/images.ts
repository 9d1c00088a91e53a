/**
 * Images of a page: as they are where they fit, smaller where they do not.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { digestOfBytes } from "../common/digest.ts";
import { containedPath } from "../common/files.ts";
import { encodePng } from "../data/png.ts";
import type { RgbImage } from "../inputs/rgb_image.ts";
import { toBase64 } from "./pack.ts";

/** Kinds of files that every browser shows, by their first bytes. */
const shown: readonly (readonly [type: string, begins: string])[] = [
  ["image/png", "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", "\xff\xd8\xff"],
  ["image/gif", "GIF8"],
];

/** The media type of a file that browsers show, or null. */
function typeOf(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes.subarray(0, 12));
  if (text.startsWith("RIFF") && text.endsWith("WEBP")) return "image/webp";
  return shown.find(([, begins]) => text.startsWith(begins))?.[0] ?? null;
}

/** Sides that images are shrunk to, until they fit. */
const sides = [1600, 1280, 960, 768, 640, 512, 384, 256, 160];

/** A image as JPEG, its longer side at most so many pixels. */
async function jpeg({ width, height, data }: RgbImage, side: number): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: side, height: side, fit: "inside", withoutEnlargement: true })
    .jpeg({ quality: 80 })
    .toBuffer();
  return new Uint8Array(bytes);
}

/** A image to be stored. */
export interface SourceImage {
  /** Its pixels. */
  readonly image: RgbImage;
  /** Its file, where it has one. */
  readonly file?: { readonly folder: string; readonly path: string };
}

/** The file of a image, where browsers show it. */
async function ownFile({ file }: SourceImage): Promise<Uint8Array | null> {
  if (!file || /^[a-z][a-z0-9+.-]+:/i.test(file.path)) return null;
  return await readFile(await containedPath(file.folder, file.path));
}

/** Gathers images, each stored once, within a number of bytes. */
export class ImageStore {
  /** Data URLs. */
  readonly urls: string[] = [];
  /** How many images are smaller than they were. */
  shrunk = 0;
  readonly #known = new Map<string, number>();

  /** @param left characters that all images together may take */
  constructor(public left: number) {}

  /**
   * Stores a image.
   *
   * @param share characters that it may take
   * @returns its number
   */
  async add(source: SourceImage, share: number): Promise<number> {
    const { width, height, data } = source.image;
    const key = `${width}x${height} ${digestOfBytes(data)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const url = await this.#url(source, share);
    this.left -= url.length;
    this.#known.set(key, this.urls.length);
    return this.urls.push(url) - 1;
  }

  async #url(source: SourceImage, share: number): Promise<string> {
    const fits = (bytes: Uint8Array) => 4 / 3 * bytes.length + 30 <= share;
    const file = await ownFile(source), type = file && typeOf(file);
    if (file && type && fits(file)) return `data:${type};base64,${toBase64(file)}`;
    if (!type) { // no file that browsers show: without loss, if that fits
      const png = await encodePng(source.image);
      if (fits(png)) return `data:image/png;base64,${toBase64(png)}`;
    }
    let bytes = new Uint8Array();
    for (const side of sides) {
      bytes = await jpeg(source.image, side) as Uint8Array<ArrayBuffer>;
      if (fits(bytes)) break;
    }
    this.shrunk++;
    return `data:image/jpeg;base64,${toBase64(bytes)}`;
  }
}
