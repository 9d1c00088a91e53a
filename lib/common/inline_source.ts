/**
 * Scripts and data that stand inside an HTML page, and the content security policy that allows them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/**
 * Hash of an inline script or style, as a content security policy names it.
 *
 * @example
 * ```ts
 * import { sourceHash } from "./inline_source.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(sourceHash(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
 * ```
 */
export function sourceHash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/**
 * JSON that stands between script tags: nothing in it can end the element or begin a comment, and it
 * parses to the same value.
 *
 * @example
 * ```ts
 * import { scriptJson } from "./inline_source.ts";
 * import { assertEquals } from "@std/assert";
 * const value = { name: "</script><!--" };
 * assertEquals(scriptJson(value).includes("<"), false);
 * assertEquals(JSON.parse(scriptJson(value)), value);
 * ```
 */
export function scriptJson(value: unknown): string {
  const escape = (character: string) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  // deno-lint-ignore no-control-regex
  return JSON.stringify(value).replace(/[<>&\u2028\u2029\u0000-\u001f\u007f-\u009f]/g, escape);
}

/**
 * Text compressed for a data block of a page: gzip, in base64. A browser unpacks it with
 * `DecompressionStream`.
 *
 * @example
 * ```ts
 * import { packText } from "./inline_source.ts";
 * import { assert } from "@std/assert";
 * assert(packText("again and ".repeat(1000)).length < 200);
 * ```
 */
export function packText(text: string): string {
  return gzipSync(text, { level: 9 }).toString("base64");
}
