/**
 * The one place where environment variables are read.
 *
 * Settings reach the library as arguments; these variables only change defaults, for notebooks and
 * scripts that cannot pass an argument.
 * @module
 */
import { join } from "node:path";

/** Every environment variable that the library reads, with what it does. */
export const environmentVariables = {
  CORELENS_BACKEND: 'Backend to use where "auto" is asked for: tensorflow, webgpu, wasm or cpu.',
  CORELENS_NATIVE: "Folder with the compiled TensorFlow backend, instead of .native.",
  CORELENS_THREADS: "Threads for one TensorFlow operation, instead of all cores.",
  CORELENS_TF_LOG: "TensorFlow's log: 0 everything, 1 warnings, 2 errors (default), 3 fatal only.",
  TF_CPP_MIN_LOG_LEVEL: "The same, by TensorFlow's own name.",
  TF_NUM_INTRAOP_THREADS: "Threads, by TensorFlow's own name.",
  HF_HOME: "Hugging Face's folder; its default is ~/.cache/huggingface.",
  HF_HUB_CACHE: "Folder for downloaded models, instead of hub/ in HF_HOME.",
  HF_TOKEN: "Access token for models that need one.",
  HF_ENDPOINT: "Address of the model hub or of a mirror.",
  HF_HUB_OFFLINE: "1: use only models that are already downloaded.",
  HOME: "The user's folder, where the cache lies by default.",
  USERPROFILE: "The same on Windows.",
} as const;

/** Name of an environment variable that the library reads. */
export type EnvironmentVariable = keyof typeof environmentVariables;

/**
 * Value of an environment variable.
 *
 * @returns undefined when it is unset, empty, or may not be read
 *
 * @example
 * ```ts
 * import { environment } from "../../lib/backend/environment.ts";
 * import { assertEquals } from "@std/assert";
 * Deno.env.set("CORELENS_THREADS", "3");
 * assertEquals(environment("CORELENS_THREADS"), "3");
 * Deno.env.delete("CORELENS_THREADS");
 * assertEquals(environment("CORELENS_THREADS"), undefined);
 * ```
 */
export function environment(variable: EnvironmentVariable): string | undefined {
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return undefined;
  return Deno.env.get(variable) || undefined;
}

/**
 * Folder in which downloaded models lie, where other Hugging Face programs look for them too:
 * `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else `~/.cache/huggingface/hub`.
 */
export function modelCacheFolder(): string {
  const cache = environment("HF_HUB_CACHE");
  if (cache) return cache;
  const userFolder = environment("HOME") ?? environment("USERPROFILE") ?? ".";
  return join(environment("HF_HOME") ?? join(userFolder, ".cache", "huggingface"), "hub");
}
