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
  CORELENS_FLOAT_PRODUCT:
    "tensorflow, ours, strassen, bf16x3 or bf16x2: product of many rows in float32, instead of what " +
    "set-up measured.",
  CORELENS_TF_LOG: "TensorFlow's log: 0 everything, 1 warnings, 2 errors (default), 3 fatal only.",
  TF_CPP_MIN_LOG_LEVEL: "The same, by TensorFlow's own name.",
  TF_NUM_INTRAOP_THREADS: "Threads, by TensorFlow's own name.",
  TF_ENABLE_ONEDNN_OPTS: "0: TensorFlow multiplies without oneDNN.",
  ONEDNN_MAX_CPU_ISA:
    "Most instructions that oneDNN uses; below AVX512_CORE, bfloat16 is multiplied in float32.",
  DNNL_MAX_CPU_ISA: "The same, by its older name.",
  HF_HOME: "Hugging Face's folder; its default is huggingface/ in XDG_CACHE_HOME.",
  HF_HUB_CACHE: "Folder for downloaded models, instead of hub/ in HF_HOME.",
  HUGGINGFACE_HUB_CACHE: "The same, by its older name.",
  HF_TOKEN: "Access token for models that need one.",
  HF_ENDPOINT: "Address of the model hub or of a mirror.",
  HF_HUB_OFFLINE: "1: use only models that are already downloaded.",
  TRANSFORMERS_OFFLINE: "The same, by its older name.",
  XDG_RUNTIME_DIR: "Folder of the desktop's sockets, which drivers of graphics cards ask for.",
  XDG_CACHE_HOME: "Folder for caches of all programs; its default is ~/.cache.",
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
 * import { environment } from "./environment.ts";
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

/** Folder for caches of all programs: `XDG_CACHE_HOME`, else `~/.cache`. */
function cacheFolder(): string {
  const userFolder = environment("HOME") ?? environment("USERPROFILE") ?? ".";
  return environment("XDG_CACHE_HOME") ?? join(userFolder, ".cache");
}

/** Folder of what CoReLens keeps outside a checkout: the native backend and fetched models. */
export function corelensFolder(): string {
  return join(cacheFolder(), "corelens");
}

/**
 * Folder of Hugging Face's programs: `HF_HOME`, else `huggingface` in `XDG_CACHE_HOME`, else
 * `~/.cache/huggingface`.
 */
export function huggingFaceFolder(): string {
  return environment("HF_HOME") ?? join(cacheFolder(), "huggingface");
}

/**
 * Folder in which downloaded models lie, where other Hugging Face programs look for them too:
 * `HF_HUB_CACHE` or `HUGGINGFACE_HUB_CACHE`, else `hub` in {@link huggingFaceFolder}.
 */
export function modelCacheFolder(): string {
  return environment("HF_HUB_CACHE") ?? environment("HUGGINGFACE_HUB_CACHE") ??
    join(huggingFaceFolder(), "hub");
}
