/**
 * Files by address. The command line's launcher reads them here, too, so this file imports nothing.
 *
 * @module
 */

/**
 * The path that a `file:` address names on this machine.
 *
 * @returns null for any other text: a path, an address of another kind or machine, and one with a
 *   `%` that begins no character
 *
 * @example
 * ```ts
 * import { pathOfFileAddress } from "./file_address.ts";
 * import { assertEquals } from "@std/assert";
 * if (Deno.build.os !== "windows") {
 *   assertEquals(pathOfFileAddress("file:///data/a%20b.png"), "/data/a b.png");
 * }
 * assertEquals(pathOfFileAddress("file://elsewhere/data/a.png"), null);
 * assertEquals(pathOfFileAddress("data/a.png"), null);
 * ```
 */
export function pathOfFileAddress(text: string): string | null {
  if (!/^file:\//i.test(text) || !URL.canParse(text)) return null;
  const { host, pathname } = new URL(text); // has the host "" for localhost
  if (host !== "") return null;
  try {
    return decodeURIComponent(Deno.build.os === "windows" ? pathname.slice(1) : pathname);
  } catch {
    return null;
  }
}
