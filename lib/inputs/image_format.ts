// deno-lint-ignore-file no-control-regex -- the first bytes of files
/**
 * Formats of image files, told by their first bytes, and what to do with those that are not read.
 *
 * @module
 */

/** First bytes of the file formats that are read. */
const readable: readonly (readonly [format: string, bytes: RegExp])[] = [
  ["PNG", /^\x89PNG\r\n/],
  ["JPEG", /^\xff\xd8\xff/],
  ["WebP", /^RIFF[^]{4}WEBP/],
  ["GIF", /^GIF8[79]a/],
  ["TIFF", /^(II\*\0|MM\0\*)/],
  ["AVIF", /^[^]{4}ftypavi[fs]/],
  ["BMP", /^BM[^]{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0/],
];

/** First bytes of other files, and how their image becomes one that is read. */
const others: readonly (readonly [format: string, bytes: RegExp, advice: string])[] = [
  [
    "HEIC",
    /^[^]{4}ftyp(hei[cmsx]|hev[cmx]|mif1|msf1)/,
    "convert it: `heif-convert in.heic out.png`, `sips -s format png in.heic --out out.png` on " +
    "macOS, or set the phone's camera to JPEG",
  ],
  ["JPEG 2000", /^(\xff\x4f\xff\x51|\0\0\0\x0cjP {2}\r\n)/, "save it as PNG"],
  ["JPEG XL", /^(\xff\x0a|\0\0\0\x0cJXL )/, "convert it: `djxl in.jxl out.png`"],
  ["ICO", /^\0\0[\x01\x02]\0[^\0]\0/, "save the wanted size as PNG"],
  ["PNM", /^P[1-7f][\s#]/i, "convert it: `magick in.ppm out.png`"],
  ["PSD", /^8BPS/, "save it as PNG"],
  ["BigTIFF", /^(II\+\0|MM\0\+)/, "save it as PNG or plain TIFF"],
  ["PDF", /^%PDF/, "turn its pages into images: `pdftoppm -png -r 144 in.pdf page`"],
  ["PostScript", /^%!PS/, "turn it into an image: `magick -density 144 in.eps out.png`"],
  ["SVG", /^(\xef\xbb\xbf)?\s*(<\?xml[^]*)?<svg/i, "draw it: `rsvg-convert in.svg -o out.png`"],
  ["HTML", /^(\xef\xbb\xbf)?\s*<(!doctype html|html)/i, "a page was saved in place of the image"],
  [
    "Git LFS pointer",
    /^version https:\/\/git-lfs/,
    "the image itself is not here: `git lfs pull` fetches it",
  ],
  ["video", /^([^]{4}ftyp|\x1a\x45\xdf\xa3|RIFF[^]{4}AVI )/, "give it as a video, not as an image"],
];

/** The first bytes as a text of characters 0 to 255. */
const beginning = (bytes: Uint8Array) => String.fromCharCode(...bytes.subarray(0, 400));

/** Name of the image format that a file begins like, or null. */
export function imageFormat(bytes: Uint8Array): string | null {
  const start = beginning(bytes);
  return readable.find(([, pattern]) => pattern.test(start))?.[0] ?? null;
}

/**
 * Why a file whose format is not read cannot be used, and what to do.
 *
 * @example
 * ```ts
 * import { formatProblem } from "./image_format.ts";
 * import { assertEquals } from "@std/assert";
 * const file = new TextEncoder().encode("P6 1 1 255 abc");
 * assertEquals(formatProblem(file), "PNM is not read; convert it: `magick in.ppm out.png`");
 * ```
 */
export function formatProblem(bytes: Uint8Array): string {
  const start = beginning(bytes);
  const known = readable.map(([format]) => format).join(", ");
  if (bytes.length === 0) return "the file is empty";
  const [format, , advice] = others.find(([, pattern]) => pattern.test(start)) ?? [];
  if (format !== undefined) return `${format} is not read; ${advice}`;
  return `not an image in a known format (${known})`;
}
