/**
 * Pictures that messages name by path: found below one folder, and decoded.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { containedPath } from "../common/files.ts";
import { quoted } from "../common/text.ts";
import { checkImage, decodeImage, type RgbImage } from "./image.ts";
import type { ImageSource } from "./messages.ts";

/** Where pictures may come from. */
export interface MediaAccess {
  /** Folder that paths are relative to, e.g. the messages file's; `"."` by default. */
  readonly mediaDir?: string;
  /** Folder that paths may not leave; `mediaDir` by default. */
  readonly mediaRoot?: string;
  /** Largest picture that is decoded, in pixels. */
  readonly maxPixels?: number;
}

/** Largest picture file that is read, in bytes. */
export const maxFileBytes = 1_000_000_000;

/** `path` as seen from `dir`, unless it is absolute. */
function joined(dir: string, path: string): string {
  return path.startsWith("/") || /^[A-Za-z]:[/\\]/.test(path) ? path : `${dir}/${path}`;
}

/** The real path of a picture file, which lies below the allowed folder. */
async function mediaPath(path: string, access: MediaAccess): Promise<string> {
  const { mediaDir = ".", mediaRoot } = access;
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) {
    throw new InputError(
      `Cannot open picture ${quoted(path)}: addresses are not fetched; wanted the path of a file`,
    );
  }
  if (mediaRoot === undefined) return await containedPath(mediaDir, path);
  const real = await Deno.realPath(joined(mediaDir, path)).catch(() => null);
  if (real === null) {
    throw new InputError(`Cannot open picture ${quoted(path)} in ${mediaDir}: no such file`);
  }
  const root = await Deno.realPath(mediaRoot).catch(() => null);
  if (root === null) {
    throw new InputError(`Cannot use media root ${quoted(mediaRoot)}: no such folder`);
  }
  const inside = /[/\\]$/.test(root) ? root : `${root}/`;
  if (real.replaceAll("\\", "/").startsWith(inside.replaceAll("\\", "/"))) return real;
  throw new InputError(
    `Cannot open picture ${quoted(path)}: it lies outside of the media root ${quoted(mediaRoot)}`,
  );
}

/**
 * Loads a picture from wherever it is.
 *
 * @param source a path below the media folder, the bytes of a file, or pixels (used as they are)
 * @throws {InputError} if the path leaves the folder or is an address, or as `decodeImage`
 *
 * @example
 * ```ts
 * import { loadImage } from "./media_files.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 * const access = { mediaDir: "tests/golden/qwen3_vl/expected" };
 * assertEquals((await loadImage("image_image0.png", access)).width, 97);
 * await assertRejects(() => loadImage("../config.json", access), Error, "leaves the folder");
 * ```
 */
export async function loadImage(
  source: ImageSource,
  access: MediaAccess = {},
): Promise<RgbImage> {
  const options = { maxPixels: access.maxPixels };
  if (source instanceof Uint8Array) return await decodeImage(source, options);
  if (typeof source !== "string") return checkImage(source);
  const path = await mediaPath(source, access);
  const { size, isFile } = await Deno.stat(path);
  const name = `picture ${quoted(source)}`;
  if (!isFile) throw new InputError(`Cannot open ${name}: it is not a file`);
  if (size > maxFileBytes) {
    throw new InputError(`Cannot open ${name}: it has ${size} bytes; at most ${maxFileBytes}`);
  }
  return await decodeImage(await Deno.readFile(path), { ...options, name });
}
