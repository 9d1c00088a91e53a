/**
 * Shipped models for an installed package, which does not carry them: fetched once into the user's
 * cache, each file checked against its digest.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "../common/errors.ts";
import { writeAll, writeAtomically } from "../common/files.ts";
import { checkoutFolder, packageRoot } from "../common/package.ts";
import { dataFolder } from "./shipped.ts";
import shippedModels from "./shipped_models.json" with { type: "json" };

const digests: Readonly<Record<string, Readonly<Record<string, string>>>> = shippedModels;

/** Where shipped models come from and go to; the defaults are right outside of tests. */
export interface ShippedPlaces {
  /** Root of the package, below which `data/models` may be served. */
  readonly root?: URL;
  /** Folder whose `models` they are kept in. */
  readonly data?: string;
}

/** SHA-256 of bytes, in hexadecimal. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One file of a model, checked. */
async function fetchFile(url: URL, digest: string): Promise<Uint8Array> {
  const response = await fetch(url).catch((error: Error) => error);
  if (response instanceof Error || !response.ok) {
    if (response instanceof Response) await response.body?.cancel();
    const what = response instanceof Error ? response.message : `status ${response.status}`;
    throw new InputError(
      `Cannot fetch ${url} (${what}): packages carry no models; take the folder ` +
        "data/models of the repository and pass the path of the model in it",
    );
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const found = await sha256(bytes);
  if (found !== digest) {
    throw new InputError(
      `Cannot use ${url}: its SHA-256 is ${found}, wanted ${digest} of this version`,
    );
  }
  return bytes;
}

/**
 * Fetches a shipped model that an installed package needs, once. Does nothing in a checkout, for
 * models that are there, and for any other name.
 *
 * @param nameOrDir a short name, a directory or a hub id
 * @throws {InputError} when it cannot be fetched, which says where to get it, or is not the one of
 * this version
 *
 * @example
 * ```ts
 * import { fetchShipped } from "./shipped_download.ts";
 * await fetchShipped("mini"); // nothing to do: this runs in a checkout
 * ```
 */
export async function fetchShipped(nameOrDir: string, places: ShippedPlaces = {}): Promise<void> {
  const { root = packageRoot, data = dataFolder() } = places;
  if (checkoutFolder(root) !== null || !Object.hasOwn(digests, nameOrDir)) return;
  const folder = join(data, "models", nameOrDir);
  // config.json comes last: a folder that has it is complete
  const names = Object.keys(digests[nameOrDir]).filter((name) => name !== "config.json");
  for (const name of [...names, "config.json"]) {
    const path = join(folder, name);
    if (await Deno.stat(path).then(() => true, () => false)) continue;
    const url = new URL(`data/models/${nameOrDir}/${name}`, root);
    const bytes = await fetchFile(url, digests[nameOrDir][name]);
    await writeAtomically(path, (file) => writeAll(file, bytes));
  }
}
