/**
 * Gets two real manuals as text: the Debian Policy (GPL-2+), to learn from, and the New Maintainers' Guide (GPL-2+), to
 * be judged by. Needs `apt-get` and `dpkg-deb`; the texts and their copyright files go into a folder that git ignores.
 *
 *     deno task manuals [--out .cache/manuals]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { manualsFolder } from "../lab/pages/manuals.ts";
import { type DebianPackage, withDebianPackage } from "./debian_package.ts";
import { say, SetupError } from "./setup/command.ts";

/** Packages of Debian 12, and the text of each. */
const packages: readonly (DebianPackage & { readonly text: string; readonly short: string })[] = [
  {
    name: "debian-policy",
    version: "4.6.2.0",
    bytes: 2_300_356,
    sha256: "ef9d01b625c3b87c3a845c2cd1b66f1a16e9240b2b9e5bee53472a00e8457a39",
    text: "policy.txt.gz",
    short: "policy",
  },
  {
    name: "maint-guide",
    version: "1.2.53",
    bytes: 538_988,
    sha256: "762c8a400a36668d2eb814a3ba356b06488fd889dfce478eb11d5cfb189a47b5",
    text: "maint-guide.en.txt.gz",
    short: "maint-guide",
  },
];

if (import.meta.main) {
  const { values: { out } } = parseArgs({
    args: [...Deno.args],
    options: { out: { type: "string", default: manualsFolder } },
  });
  try {
    await Deno.mkdir(out, { recursive: true });
    for (const wanted of packages) {
      await withDebianPackage(wanted, undefined, async (folder) => {
        const documents = join(folder, "usr/share/doc", wanted.name);
        const packed = await Deno.readFile(join(documents, wanted.text));
        await Deno.writeFile(join(out, `${wanted.short}.txt`), gunzipSync(packed));
        const copyright = join(documents, "copyright");
        await Deno.copyFile(copyright, join(out, `${wanted.short}.copyright`));
      });
    }
    say(`${packages.length} manuals: ${out}`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    Deno.exitCode = 1;
  }
}
