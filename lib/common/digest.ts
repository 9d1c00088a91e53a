/**
 * Digests of content: the same value has the same digest wherever it lies and whatever its name.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";

/** Hexadecimal digits of a digest: 128 bits of a SHA-256. */
const digits = 32;

const utf8 = new TextEncoder();

/** Feeds a text with its length, so that two texts in a row are not one longer text. */
function feedText(hash: Hash, tag: string, text: string): void {
  const bytes = utf8.encode(text);
  hash.update(`${tag}${bytes.length}:`);
  hash.update(bytes);
}

function feedEntries(
  hash: Hash,
  tag: string,
  entries: readonly (readonly [unknown, unknown])[],
): void {
  hash.update(`${tag}${entries.length}:`);
  for (const [key, value] of entries) {
    feed(hash, key);
    feed(hash, value);
  }
}

function feed(hash: Hash, value: unknown): void {
  if (typeof value === "string") return feedText(hash, "s", value);
  if (typeof value === "function") return feedText(hash, "f", String(value));
  if (value === null || typeof value !== "object") {
    const text = Object.is(value, -0) ? "-0" : String(value);
    return feedText(hash, typeof value, text);
  }
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    hash.update(`${value.constructor.name}${bytes.length}:`);
    return void hash.update(bytes);
  }
  if (Array.isArray(value)) {
    hash.update(`[${value.length}:`);
    return value.forEach((entry) => feed(hash, entry));
  }
  if (value instanceof Map) return feedEntries(hash, "m", [...value]);
  if (value instanceof Set) return feed(hash, ["set", ...value]);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(
      `Cannot digest a ${prototype.constructor?.name}: wanted plain data, typed arrays or functions`,
    );
  }
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  feedEntries(hash, "{", entries.sort(([a], [b]) => a < b ? -1 : 1));
}

/**
 * Digest of plain data: numbers, texts, lists, objects (in whatever order of their keys, without those
 * that are undefined), maps, sets, typed arrays with their bytes, and functions by their source text.
 *
 * @returns 32 hexadecimal digits: 128 bits of a SHA-256
 * @throws {TypeError} for objects of a class, whose content cannot be seen
 *
 * @example
 * ```ts
 * import { digestOf } from "./digest.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * assertEquals(digestOf({ a: 1, b: [2] }), digestOf({ b: [2], a: 1, c: undefined }));
 * assertNotEquals(digestOf(["ab", "c"]), digestOf(["a", "bc"]));
 * ```
 */
export function digestOf(value: unknown): string {
  const hash = createHash("sha256");
  feed(hash, value);
  return hash.digest("hex").slice(0, digits);
}

/**
 * Digest of bytes.
 *
 * @returns 32 hexadecimal digits: the first 128 bits of their SHA-256
 */
export function digestOfBytes(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, digits);
}
