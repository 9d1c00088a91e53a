/**
 * Where images and videos come from: paths, addresses, bytes in any of the forms that programs and
 * chat messages have them in.
 *
 * @module
 */
import type { BoundedCache } from "../common/bounded_cache.ts";
import { InputError } from "../common/errors.ts";
import { pathOfFileAddress } from "../common/file_address.ts";
import { fileError } from "../common/system_errors.ts";
import { quoted } from "../common/text.ts";
import { fetchBytes } from "./media_fetch.ts";
import { formatProblem, imageFormat } from "./image_format.ts";

/**
 * A file: its path, a `file:`, `data:` or `http(s):` address, base64 text, or its bytes. As text in
 * transformers: what is no address and no path of a file is taken for base64.
 */
export type MediaFile = string | URL | Blob | ArrayBuffer | ArrayBufferView;

/** Where media may come from. */
export interface MediaAccess {
  /** Folder that paths are relative to, e.g. the messages file's; the current folder by default. */
  readonly mediaDir?: string;
  /**
   * Folder that paths may not leave; `mediaDir` where that is given, else every file may be read.
   * Set it (or `mediaDir`) when somebody else wrote the messages.
   */
  readonly mediaRoot?: string;
  /** Largest image that is decoded, in pixels. */
  readonly maxPixels?: number;
  /** Whether `http:` and `https:` addresses are fetched; they are refused by default. */
  readonly fetchMedia?: boolean;
  /** Folder of `ffmpeg` and `ffprobe`, which read videos; found on the PATH by default. */
  readonly ffmpegDir?: string;
  /** Where images that were read, and what was made of them, are kept for other prompts. */
  readonly memory?: BoundedCache;
}

/** Largest file that is read, in bytes. */
export const maxFileBytes = 1_000_000_000;

/** Longest text that is looked up as a path. */
const longestPath = 4096;

/** Whether a text is an absolute path. */
const isAbsolute = (path: string) => path.startsWith("/") || /^[A-Za-z]:[/\\]/.test(path);

/** Whether a real path lies in a real folder. */
function isInside(path: string, folder: string): boolean {
  const plain = (text: string) => text.replaceAll("\\", "/");
  return plain(path).startsWith(/[/\\]$/.test(folder) ? plain(folder) : `${plain(folder)}/`);
}

/** What is told of a file that may not be read. */
function outside(what: string, path: string, root: string): InputError {
  return new InputError(
    `Cannot open ${what} ${quoted(path)}: it lies outside of the media root ${quoted(root)}; ` +
      `mediaRoot (on the command line: --media-root) names the folder that may be read`,
  );
}

/**
 * The real path of a file that may be read.
 *
 * @param what what it is, for messages
 * @throws {InputError} if it is not there, lies outside of the allowed folder, or is no file
 */
export async function mediaPath(
  path: string,
  access: MediaAccess,
  what = "image",
): Promise<string> {
  const { mediaDir, mediaRoot = mediaDir } = access;
  const place = mediaDir === undefined ? "" : ` in ${mediaDir}`;
  const refuse = (reason: string) =>
    new InputError(`Cannot open ${what} ${quoted(path)}${place}: ${reason}`);
  if (path === "" || path.includes("\0")) throw refuse("wanted the path of a file");
  const joined = isAbsolute(path) ? path : `${mediaDir ?? "."}/${path}`;
  let real: string;
  try {
    real = await Deno.realPath(joined);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      throw refuse("no such file");
    }
    // the command line may read the media root only
    const denied = error instanceof Deno.errors.NotCapable;
    if (denied && mediaRoot !== undefined) throw outside(what, path, mediaRoot);
    throw fileError("open", path, error);
  }
  if (mediaRoot !== undefined) {
    const root = await Deno.realPath(mediaRoot).catch(() => null);
    if (root === null) {
      throw new InputError(`Cannot use media root ${quoted(mediaRoot)}: no such folder`);
    }
    if (!isInside(real, root)) throw outside(what, path, mediaRoot);
  }
  const { isFile, isDirectory, size } = await Deno.stat(real);
  if (isDirectory) throw refuse("it is a folder; wanted a file");
  if (!isFile) throw refuse("it is a pipe or a device; wanted a file");
  if (size > maxFileBytes) throw refuse(`it has ${size} bytes; at most ${maxFileBytes}`);
  return real;
}

/** The bytes of base64 text, or null if it is none. */
function base64Bytes(text: string): Uint8Array<ArrayBuffer> | null {
  const plain = text.replace(/\s+/g, "").replaceAll("-", "+").replaceAll("_", "/");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(plain)) return null;
  try {
    return Uint8Array.fromBase64(plain);
  } catch {
    return null;
  }
}

/** The bytes of a `data:` address. */
function dataBytes(address: string, what: string): Uint8Array {
  const comma = address.indexOf(",");
  const head = address.slice(0, Math.max(comma, 0)), body = address.slice(comma + 1);
  const isBase64 = /;\s*base64\s*$/i.test(head);
  const bytes = comma < 0 ? null : isBase64 ? base64Bytes(body) : percentBytes(body);
  if (bytes !== null && bytes.length > 0) return bytes;
  throw new InputError(
    `Cannot read ${what} ${
      quoted(address, 60)
    }: wanted data:image/png;base64, and then base64 text`,
  );
}

/** The bytes of percent-encoded text. */
function percentBytes(text: string): Uint8Array {
  const plain = text.replace(
    /%([0-9a-f]{2})/gi,
    (_, code) => String.fromCharCode(parseInt(code, 16)),
  );
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/** A file found: where it lies, or what it holds. */
export type FoundFile =
  | { readonly path: string; readonly name: string }
  | { readonly bytes: Uint8Array; readonly name: string };

/** The path of a `file:` address. @throws {InputError} for one that names no file on this machine */
function filePath(address: string, what: string): string {
  const path = pathOfFileAddress(address);
  if (path !== null) return path;
  throw new InputError(`Cannot open ${what} ${quoted(address)}: wanted file:///, then a path`);
}

/**
 * Finds a file.
 *
 * @param what what it is, for messages: `image` or `video`
 * @throws {InputError} if it is not there, may not be read, or is none of the kinds of source
 */
export async function findMedia(
  source: MediaFile,
  access: MediaAccess,
  what: string,
): Promise<FoundFile> {
  if (source instanceof Blob) {
    if (source.size > maxFileBytes) {
      throw new InputError(`Cannot read the ${what}: it has ${source.size} bytes`);
    }
    return { bytes: new Uint8Array(await source.arrayBuffer()), name: `the ${what}` };
  }
  if (source instanceof ArrayBuffer) return { bytes: new Uint8Array(source), name: `the ${what}` };
  if (ArrayBuffer.isView(source)) {
    const { buffer, byteOffset, byteLength } = source;
    return { bytes: new Uint8Array(buffer, byteOffset, byteLength), name: `the ${what}` };
  }
  const text = source instanceof URL ? source.href : source;
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text.slice(0, 40))?.[1].toLowerCase();
  const name = `${what} ${quoted(text)}`;
  if (scheme === "data") return { bytes: dataBytes(text, what), name: `the ${what}` };
  if (scheme === "http" || scheme === "https") {
    return { bytes: await fetchBytes(text, access.fetchMedia === true, what), name };
  }
  if (scheme === "file") {
    return { path: await mediaPath(filePath(text, what), access, what), name };
  }
  if (scheme !== undefined) {
    throw new InputError(
      `Cannot open ${name}: addresses of kind ${scheme}: are not read; wanted a path, or a ` +
        `file:, data: or https: address`,
    );
  }
  const bytes = text.length >= 64 ? base64Bytes(text) : null;
  const looksRight = bytes !== null &&
    (imageFormat(bytes) !== null || /^[\w ]+ is not read/.test(formatProblem(bytes)));
  if (text.length > longestPath || looksRight) {
    if (bytes === null) {
      throw new InputError(`Cannot open ${name}: it is neither a path nor base64 text`);
    }
    return { bytes, name: `the ${what}` };
  }
  return { path: await mediaPath(text, access, what), name };
}

/** The bytes of a file found. */
export async function bytesOf(found: FoundFile): Promise<Uint8Array> {
  if ("bytes" in found) return found.bytes;
  try {
    return await Deno.readFile(found.path);
  } catch (error) {
    throw fileError("read", found.path, error);
  }
}
