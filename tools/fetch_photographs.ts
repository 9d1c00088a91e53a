/**
 * Gets photographs of single things with captions for training: Debian's package `tuxpaint-stamps-default`
 * (GPL-2+; its copyright file is kept beside the images), through the mirror that `apt-get` is set up with.
 * Drawings, symbols and mirrored copies are left out; what is left becomes PNG files of at most 192 pixels in a
 * folder that git ignores. Needs `apt-get` and `dpkg-deb`; nothing of the package is run or installed.
 *
 *     deno task photographs [--out .cache/photographs] [--package FILE.deb]
 * @module
 */
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { writeTextAtomically } from "../lib/common/files.ts";
import {
  nameOfCaption,
  type PhotographEntry,
  photographsFolder,
} from "../lab/pages/photographs.ts";
import { type DebianPackage, withDebianPackage } from "./debian_package.ts";
import { say, SetupError } from "./setup/command.ts";

/** The package of Debian 12, as its index has it. */
export const photographPackage: DebianPackage = {
  name: "tuxpaint-stamps-default",
  version: "2022.06.04-1",
  bytes: 160_880_444,
  sha256: "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
};

/** Longest side of a stored photograph: no page shows it larger. */
const longestSide = 192;

/** Folders of the package that hold no photographs, and files that are another one mirrored. */
const leftOut = /\/(symbols|cartoon|00_symbols|roadsigns|flags|moon)\/|_(mirror|flip)\.png$/;

/** Files below a folder, in order. */
function* filesBelow(folder: string): Generator<string> {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isFile } of entries) {
    if (isDirectory) yield* filesBelow(join(folder, name));
    else if (isFile) yield join(folder, name);
  }
}

/**
 * Makes a folder of photographs from an unpacked package.
 *
 * @param stamps folder of images, each with a text file whose first line is its caption
 * @param out folder for the photographs; made if it is not there
 * @returns what was taken
 */
export async function keepPhotographs(stamps: string, out: string): Promise<PhotographEntry[]> {
  await Deno.mkdir(out, { recursive: true });
  const entries: PhotographEntry[] = [];
  for (const path of filesBelow(stamps)) {
    if (!path.endsWith(".png") || leftOut.test(path)) continue;
    const text = await Deno.readTextFile(path.replace(/\.png$/, ".txt")).catch(() => "");
    const caption = text.split("\n")[0].trim(), name = nameOfCaption(caption);
    if (name === null) continue;
    const file = `${String(entries.length).padStart(3, "0")}-${basename(path)}`;
    const size = { width: longestSide, height: longestSide, fit: "inside" } as const;
    await sharp(path).ensureAlpha().trim({ threshold: 1 })
      .resize({ ...size, withoutEnlargement: true }).png().toFile(join(out, file));
    entries.push({ file, name, caption });
  }
  await writeTextAtomically(join(out, "photographs.json"), JSON.stringify(entries, null, 1) + "\n");
  return entries;
}

if (import.meta.main) {
  const { values: { out, package: given } } = parseArgs({
    args: [...Deno.args],
    options: {
      out: { type: "string", default: photographsFolder },
      package: { type: "string" },
    },
  });
  try {
    await withDebianPackage(photographPackage, given, async (folder) => {
      const share = join(folder, "usr/share");
      const kept = await keepPhotographs(join(share, "tuxpaint/stamps"), out);
      const copyright = join(share, "doc", photographPackage.name, "copyright");
      await Deno.copyFile(copyright, join(out, "copyright"));
      const names = new Set(kept.map(({ name }) => name));
      say(`${kept.length} photographs of ${names.size} names: ${out}`);
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    Deno.exitCode = 1;
  }
}
