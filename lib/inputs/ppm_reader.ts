/**
 * Images from a stream of portable pixmaps, as ffmpeg writes them.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { maxImagePixels, type RgbImage } from "./image.ts";

/** Longest header: `P6`, width, height and 255. */
const longestHeader = 40;

/** Puts pieces of a stream together to images. */
export class PpmReader {
  readonly #images: RgbImage[] = [];
  /** Bytes that begin no image yet. */
  #rest: Uint8Array = new Uint8Array(0);
  /** The image that is being filled, and how much of it is. */
  #open: { readonly image: RgbImage; filled: number } | null = null;

  /** @param name what is read, for messages */
  constructor(readonly name: string) {}

  /** Takes the next piece of the stream. */
  add(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#open === null) {
        const joined = new Uint8Array(this.#rest.length + piece.length - at);
        joined.set(this.#rest);
        joined.set(piece.subarray(at), this.#rest.length);
        const body = this.#begin(joined);
        if (body < 0) {
          this.#rest = joined;
          return;
        }
        at += body - this.#rest.length;
        this.#rest = new Uint8Array(0);
        continue;
      }
      const { image, filled } = this.#open;
      const part = piece.subarray(at, at + image.data.length - filled);
      image.data.set(part, filled);
      this.#open.filled += part.length;
      at += part.length;
      if (this.#open.filled === image.data.length) {
        this.#images.push(image);
        this.#open = null;
      }
    }
  }

  /** Begins an image; returns where its pixels begin, or -1 where the header is not whole yet. */
  #begin(bytes: Uint8Array): number {
    const text = String.fromCharCode(...bytes.subarray(0, longestHeader));
    const header = /^P6\s(\d+)\s(\d+)\s255\s/.exec(text);
    if (header === null) {
      if (bytes.length < longestHeader && /^(P6?$|P6\s)/.test(text)) return -1;
      throw new InputError(`Cannot read ${this.name}: ffmpeg wrote no images`);
    }
    const [width, height] = [Number(header[1]), Number(header[2])];
    if (width * height > maxImagePixels || width * height === 0) {
      throw new InputError(`Cannot read ${this.name}: frames of ${width} x ${height} pixels`);
    }
    const data = new Uint8Array(width * height * 3);
    this.#open = { image: { width, height, data }, filled: 0 };
    return header[0].length;
  }

  /** The whole images of the stream. */
  finish(): readonly RgbImage[] {
    return this.#images;
  }
}
