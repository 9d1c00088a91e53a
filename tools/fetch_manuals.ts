/**
 * Gets real manuals as text out of Debian's documentation packages: eight to learn from, two to be judged by and one to
 * choose by. Needs `apt-get` and `dpkg-deb`; the texts and their copyright files go into a folder that git ignores.
 *
 *     deno task manuals [--out .cache/manuals]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { type manuals, manualsFolder } from "../lab/pages/manuals.ts";
import { type DebianPackage, withDebianPackage } from "./debian_package.ts";
import { type ManualFormat, manualText } from "./manual_text.ts";
import { say, SetupError } from "./setup/command.ts";

/** A manual and where it is. */
export interface ManualSource extends DebianPackage {
  readonly format: ManualFormat;
  /** Folder of the package in which it lies. */
  readonly folder: string;
  /** Its files in that folder, which are read in the order of their names. */
  readonly files: RegExp;
  readonly licence: string;
}

/** A manual's short name. */
export type ManualName = typeof manuals[keyof typeof manuals][number];

/** Packages of Debian 12, by the manuals' short names. */
export const manualSources: Readonly<Record<ManualName, ManualSource>> = {
  "policy": {
    name: "debian-policy",
    version: "4.6.2.0",
    bytes: 2_300_356,
    sha256: "ef9d01b625c3b87c3a845c2cd1b66f1a16e9240b2b9e5bee53472a00e8457a39",
    format: "text",
    folder: "usr/share/doc/debian-policy",
    files: /^policy\.txt\.gz$/,
    licence: "GPL-2+",
  },
  "debian-reference": {
    name: "debian-reference-en",
    version: "2.100",
    bytes: 1_704_872,
    sha256: "9f31d3a17df505de09689ca255512ea58c1fc47c59bb1b0c7bf1c23362e9743f",
    format: "html",
    folder: "usr/share/debian-reference",
    files: /^(ch\d+|ap.)\.en\.html$/,
    licence: "GPL-2+",
  },
  "developers-reference": {
    name: "developers-reference",
    version: "12.18",
    bytes: 1_117_500,
    sha256: "0dba82f6fa16e373f2a84ad07e7971aa9264ad2e7d2ae46b37edbc9c5fd57e2e",
    format: "text",
    folder: "usr/share/developers-reference",
    files: /^developers-reference\.txt\.gz$/,
    licence: "GPL-2+",
  },
  "installation-guide": {
    name: "installation-guide-amd64",
    version: "20230508+deb12u1",
    bytes: 17_999_808,
    sha256: "812c43e1dc906daf671e3efe953dc023205c238e5bd5a3021ce4ca142793573a",
    format: "html",
    folder: "usr/share/doc/installation-guide-amd64/en",
    files: /^(ch|ap)\w+\.html$/,
    licence: "GPL-2",
  },
  "debian-handbook": {
    name: "debian-handbook",
    version: "11.20220922",
    bytes: 34_758_056,
    sha256: "3d5dbeac1f1afc9c094eab9d0f701f6ecff99c4927d5a4794cf6c85678134faa",
    format: "html",
    folder: "usr/share/doc/debian-handbook/html/en-US",
    files: /\.html$/,
    licence: "GPL-2+ or CC-BY-SA-3.0",
  },
  "postgresql": {
    name: "postgresql-doc-15",
    version: "15.18-0+deb12u1",
    bytes: 2_096_084,
    sha256: "3c598277a463c44d672daa2c335deb8d8252e1852fb025fd4578ea2d9a1b90f0",
    format: "html",
    folder: "usr/share/doc/postgresql-doc-15/html",
    files: /\.html$/,
    licence: "PostgreSQL",
  },
  "autoconf": {
    name: "autoconf-doc",
    version: "2.71-3",
    bytes: 2_908_392,
    sha256: "99f1cc643908a46068dc17bcbd64dbdcdbdb8c3f67058ae20e8d6b6b26fa7731",
    format: "info",
    folder: "usr/share/info",
    files: /^autoconf\.info\.gz$/,
    licence: "GFDL-1.3+ without invariant sections",
  },
  "bash": {
    name: "bash-doc",
    version: "5.2.15-2",
    bytes: 1_962_432,
    sha256: "2c1a353f7004d14ba81db19c253b958d2dd9582027650739c530fd50376a9d8b",
    format: "info",
    folder: "usr/share/info",
    files: /^bash\.info\.gz$/,
    licence: "GFDL-1.3+ without invariant sections",
  },
  "exim": {
    name: "exim4-doc-info",
    version: "4.96-1",
    bytes: 646_708,
    sha256: "56a5cb970859729371dbe9b442586a2e349223e52abe86d9c8b4da23a7afc814",
    format: "info",
    folder: "usr/share/info",
    files: /^spec\.info\.gz$/,
    licence: "GPL-2+",
  },
  "maint-guide": {
    name: "maint-guide",
    version: "1.2.53",
    bytes: 538_988,
    sha256: "762c8a400a36668d2eb814a3ba356b06488fd889dfce478eb11d5cfb189a47b5",
    format: "text",
    folder: "usr/share/doc/maint-guide",
    files: /^maint-guide\.en\.txt\.gz$/,
    licence: "GPL-2+",
  },
  "securing-debian": {
    name: "harden-doc",
    version: "3.19+nmu1",
    bytes: 964_036,
    sha256: "77ffacb6f8af4afbdf39f3de6040a710ae6ffcc40e2fab5b5d312dfb11d28d94",
    format: "html",
    folder: "usr/share/doc/harden-doc/html/en-US",
    files: /\.html$/,
    licence: "GPL-2+",
  },
};

/** A manual's text out of its unpacked package. @throws {SetupError} if no file is there */
export async function readManualText(
  package_: string,
  { name, folder, files, format }: Pick<ManualSource, "name" | "folder" | "files" | "format">,
): Promise<string> {
  const found = (await Array.fromAsync(Deno.readDir(join(package_, folder))))
    .map((entry) => entry.name).filter((file) => files.test(file)).sort();
  if (found.length === 0) throw new SetupError(`${name}: no file ${files} in ${folder}`);
  const texts = await Promise.all(found.map(async (file) => {
    const bytes = await Deno.readFile(join(package_, folder, file));
    const source = new TextDecoder().decode(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
    return manualText(format, source);
  }));
  return texts.join("\n");
}

if (import.meta.main) {
  const { values: { out } } = parseArgs({
    args: [...Deno.args],
    options: { out: { type: "string", default: manualsFolder } },
  });
  try {
    await Deno.mkdir(out, { recursive: true });
    for (const [short, source] of Object.entries(manualSources)) {
      await withDebianPackage(source, undefined, async (unpacked) => {
        await Deno.writeTextFile(
          join(out, `${short}.txt`),
          await readManualText(unpacked, source),
        );
        const copyright = join(unpacked, "usr/share/doc", source.name, "copyright");
        await Deno.copyFile(copyright, join(out, `${short}.copyright`));
      });
    }
    say(`${Object.keys(manualSources).length} manuals: ${out}`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    Deno.exitCode = 1;
  }
}
