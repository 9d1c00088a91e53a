/**
 * Which code computes: the version and, where the sources are files, a digest of them.
 *
 * @module
 */
import { join } from "node:path";
import { digestOf, digestOfBytes } from "../common/digest.ts";
import { checkoutFolder, packageVersion } from "../common/package.ts";

/** The library's own sources. */
const library = new URL("../", import.meta.url);

/** Folders of the library that no number of a record comes from. */
const drawing = /^(figures|explorer)\//;

/** Relative path and digest of every source below a folder. Reads at once: they are small and many. */
function sourcesOf(root: URL, path = ""): [path: string, digest: string][] {
  const found: [string, string][] = [];
  for (const { name, isDirectory } of Deno.readDirSync(new URL(path, root))) {
    const own = path + name;
    if (drawing.test(`${own}/`)) continue;
    if (isDirectory) found.push(...sourcesOf(root, `${own}/`));
    else if (/\.(ts|js|json)$/.test(name)) {
      found.push([own, digestOfBytes(Deno.readFileSync(new URL(own, root)))]);
    }
  }
  return found.sort(([a], [b]) => a < b ? -1 : 1);
}

/** Digests of folders that were taken already: sources do not change while they run. */
const taken = new Map<string, string | null>();

function folderDigest(root: URL): string | null {
  if (root.protocol !== "file:") return null;
  try {
    return digestOf(sourcesOf(root));
  } catch {
    return null; // no permission to read them
  }
}

/** The packages that a checkout pins; null where the package is installed: its version pins them. */
function pinnedPackages(): unknown {
  const checkout = checkoutFolder();
  if (checkout === null) return null;
  try {
    return JSON.parse(Deno.readTextFileSync(join(checkout, "deno.json"))).imports;
  } catch {
    return null; // no permission to read it
  }
}

/**
 * The version of the library, the packages it computes with and, where they can be read, a digest of
 * its sources (without those that only draw). A package that was imported from a registry or an
 * address has no files to read: there its version stands for it.
 *
 * @param folders further folders whose sources compute, such as a laboratory's
 *
 * @example
 * ```ts
 * import { codeDigest } from "./code_digest.ts";
 * import { assert } from "@std/assert";
 * assert(/^\d+\.\d+\.\d+ [0-9a-f]{32}$/.test(codeDigest()));
 * ```
 */
export function codeDigest(folders: readonly URL[] = []): string {
  const digests = [library, ...folders].map((root) => {
    if (!taken.has(root.href)) taken.set(root.href, folderDigest(root));
    return taken.get(root.href)!;
  });
  return `${packageVersion} ${digestOf([pinnedPackages(), digests])}`;
}
