/**
 * The models that come with the repository, by short name.
 *
 * @module
 */
import { join } from "node:path";
import { corelensFolder } from "../backend/environment.ts";
import { InputError, nearestNames } from "../common/errors.ts";
import { checkoutFolder, packageVersion } from "../common/package.ts";
import { kindOf } from "../common/values.ts";

/**
 * Short names: the small model, fine-tuned with an attention regulariser that concentrates retrieval in
 * few heads; the same before that; the one that went on learning every form of the questions instead;
 * SmolLM2; SmolLM2 with a vision tower; Qwen2.5-Coder in two sizes; the smaller one with vision towers for
 * photographs and for pages of manuals; Gemma 3.
 */
export const shippedNames = [
  ...["mini", "mini-natural", "mini-varied"] as const,
  ...["smol", "smol-vision", "qwen", "qwen-1.5b"] as const,
  ...["qwen-photographs", "qwen-photographs-adapted", "qwen-vision", "gemma"] as const,
];

/** How the models that are not in the repository get there. */
const recipes: Readonly<Record<string, string>> = {
  smol: "get it once with `deno task smol` (98 MB)",
  "smol-vision": "make it once with `deno task smol` (98 MB) and `deno task assemble` (270 MB)",
  qwen: "get it once with `deno task qwen` (491 MB)",
  "qwen-1.5b": "get it once with `deno task qwen-1.5b` (1.1 GB)",
  "qwen-photographs": "make it once in four minutes: `deno task qwen` (491 MB), " +
    "`deno task photographs` (161 MB), `deno task efficientnet` (17 MB), then " +
    "`deno run -A tools/train_projector.ts`",
  "qwen-photographs-adapted": "make it once in half an hour: `deno task qwen` (491 MB), " +
    "`deno task photographs` (161 MB), `deno task efficientnet` (17 MB), then " +
    "`deno run -A tools/train_projector.ts --adapt 120`",
  "qwen-vision": "make it once with `deno task qwen` (491 MB), `deno task photographs` (161 MB), " +
    "`deno task manuals` and `deno run -A tools/train_photographs.ts`",
  gemma: "get it once with `deno task gemma` (253 MB)",
};

/**
 * Folder of the shipped models, samples and records: the checkout's `data`, or, where the package is
 * installed, the folder of this version in the user's cache, into which models are fetched.
 */
export function dataFolder(): string {
  const checkout = checkoutFolder();
  return checkout ? join(checkout, "data") : join(corelensFolder(), packageVersion, "data");
}

/** Refuses a single word that is neither a shipped model nor a file or folder. */
function checkBareName(name: unknown): void {
  if (typeof name !== "string") {
    throw new InputError(
      `Cannot open ${kindOf(name)} as a model: wanted a shipped model's name, a folder or a hub id`,
    );
  }
  if (!/^[A-Za-z0-9_-]+$/.test(name)) return;
  try {
    Deno.statSync(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `Cannot open model "${name}": there is no such folder, and the shipped models are ` +
        `${shippedNames.join(", ")}; nearest: ${nearestNames(name, shippedNames, 1)[0]}`,
    );
  }
}

/**
 * The directory of a shipped model, or the name as it is.
 *
 * @param nameOrDir a short name, a directory or a hub id
 * @param data folder with the shipped models in `models`; this repository's by default
 * @throws {InputError} for the short name of a model that is not there, and for a word that is none
 *
 * @example
 * ```ts
 * import { shippedOrGiven } from "./shipped.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(shippedOrGiven("Qwen/Qwen3-VL-4B-Instruct"), "Qwen/Qwen3-VL-4B-Instruct");
 * ```
 */
export function shippedOrGiven(nameOrDir: string, data: string = dataFolder()): string {
  if (!shippedNames.some((name) => name === nameOrDir)) {
    checkBareName(nameOrDir);
    return nameOrDir;
  }
  const dir = `${data}/models/${nameOrDir}`;
  try {
    for (const { name } of Deno.readDirSync(dir)) {
      if (name === "config.json" || name.endsWith(".gguf")) return dir;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new InputError(
    Object.hasOwn(recipes, nameOrDir)
      ? `Cannot find the model "${nameOrDir}": ${recipes[nameOrDir]}, which puts it into ${dir}`
      : `Cannot find the shipped model "${nameOrDir}": ${dir} has no config.json; ` +
        "data/models/README.md says how it is made",
  );
}
