/**
 * Loads TensorFlow's C library through the compiled TensorFlow.js binding, and gives it types.
 *
 * The binding is what `deno task setup` compiles from the C++ sources of
 * `@tensorflow/tfjs-node-gpu`; it lies in `.native` beside TensorFlow's two libraries. The package's
 * own loader looks for it elsewhere, so this file loads the package's parts one by one.
 * @module
 */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../common/errors.ts";
import { checkoutFolder, packageVersion, setupCommand } from "../common/package.ts";
import type { TfjsTensor } from "../nn/kernels.ts";
import { corelensFolder, environment } from "./environment.ts";

/** TensorFlow's number for bfloat16, which the binding takes but does not name. */
export const TF_BFLOAT16 = 14;
/** TensorFlow's number for float16, which the binding takes but does not name. */
export const TF_HALF = 19;

/** Attribute of a TensorFlow operation; `type` is one of the binding's `TF_ATTR_*`. */
export interface OpAttribute {
  /** Name in TensorFlow's definition of the operation. */
  readonly name: string;
  /** One of the binding's `TF_ATTR_*`. */
  readonly type: number;
  /** The value; a dtype is its `TF_*` number. */
  readonly value: string | number | boolean | readonly number[] | readonly boolean[] | null;
}

/** A tensor in TensorFlow's memory, outside the TensorFlow.js engine. */
export interface RawTensor {
  /** Number by which the binding knows it. */
  readonly id: number;
  /** Sizes of the axes. */
  readonly shape: readonly number[];
  /** TensorFlow's number of the element type. */
  readonly dtype: number;
}

/** The compiled binding: TensorFlow's eager operations on integer tensor ids. */
export interface TensorFlowBinding {
  /** Runs one operation; a failure throws TensorFlow's message. The inputs stay alive. */
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputIds: readonly number[],
    outputs: number,
  ): RawTensor[];
  /** A tensor over `values` without a copy: the array must not change afterwards. Returns its id. */
  createTensor(
    shape: readonly number[],
    dtype: number,
    values: Float32Array | Int32Array | Uint8Array,
  ): number;
  /** Frees a tensor. */
  deleteTensor(id: number): void;
  /** Copies a tensor out. bfloat16 and float16 cannot be read: cast first. */
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  /** Live tensors, those of the TensorFlow.js engine included. */
  getNumOfTensors(): number;
  /** Whether operations run on a GPU. */
  isUsingGpuDevice(): boolean;
  /** Version of the TensorFlow library. */
  readonly TF_Version: string;
  /** TensorFlow's `DataType` code of float32. */
  readonly TF_FLOAT: number;
  /** TensorFlow's `DataType` code of int32. */
  readonly TF_INT32: number;
  /** TensorFlow's `DataType` code of int64. */
  readonly TF_INT64: number;
  /** TensorFlow's `DataType` code of bool. */
  readonly TF_BOOL: number;
  /** TensorFlow's `DataType` code of uint8. */
  readonly TF_UINT8: number;
  /** Attribute that holds bytes. */
  readonly TF_ATTR_STRING: number;
  /** Attribute that holds one integer or a list. */
  readonly TF_ATTR_INT: number;
  /** Attribute that holds one number or a list. */
  readonly TF_ATTR_FLOAT: number;
  /** Attribute that holds one boolean or a list. */
  readonly TF_ATTR_BOOL: number;
  /** Attribute that holds an element type. */
  readonly TF_ATTR_TYPE: number;
  /** Attribute that holds a shape. */
  readonly TF_ATTR_SHAPE: number;
}

/** TensorFlow, loaded. */
export interface TensorFlow {
  /** The typed binding. */
  readonly binding: TensorFlowBinding;
  /** Version of the TensorFlow library, for example `2.21.0`. */
  readonly version: string;
  /** Where operations run. */
  readonly device: "CPU" | "GPU";
  /** Threads that one operation may use. */
  readonly threads: number;
  /** Folder from which the libraries were loaded. */
  readonly nativeDir: string;
  /** Hands a raw tensor (float32, int32 or bool) to the TensorFlow.js engine, which owns it then. */
  toTfjs(raw: RawTensor): TfjsTensor;
  /** The binding's id of a TensorFlow.js tensor, which the engine goes on owning. */
  idOf(x: TfjsTensor): number;
}

/** How to load TensorFlow; every field has a default. */
export interface TensorFlowOptions {
  /** Folder of the compiled binding. Default: {@link defaultNativeDir}. */
  readonly nativeDir?: string;
  /** Threads for one operation. Default: `CORELENS_THREADS`, else TensorFlow's (all cores). */
  readonly threads?: number;
}

/** What of the package's untyped backend class is used here. */
interface NodeBackend extends tf.KernelBackend {
  createOutputTensor(raw: RawTensor): tf.Tensor;
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
}

let loaded: TensorFlow | null = null;

/**
 * The folder from which the binding is loaded when no other is named: `CORELENS_NATIVE`, else
 * `.native` of the checkout, else (where the package is installed) the folder of this version in the
 * user's cache.
 */
export function defaultNativeDir(): string {
  const chosen = environment("CORELENS_NATIVE");
  if (chosen) return chosen;
  return join(checkoutFolder() ?? join(corelensFolder(), packageVersion), ".native");
}

/** Threads from an option or the environment; null leaves the choice to TensorFlow. */
function chosenThreads(option: number | undefined): number | null {
  const threads = option ??
    Number(environment("CORELENS_THREADS") ?? environment("TF_NUM_INTRAOP_THREADS") ?? NaN);
  if (Number.isNaN(threads)) return null;
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
    throw new InputError(`Cannot use ${threads} threads: the count must be 1 to 1024`);
  }
  return threads;
}

/** Loads the framework library with standard error held back, where that helper was compiled. */
function loadFrameworkQuietly(nativeDir: string): void {
  const helper = join(nativeDir, "libcorelens_quiet.so");
  try {
    Deno.statSync(helper);
  } catch {
    return; // no such helper on this system: TensorFlow says its two lines
  }
  const library = Deno.dlopen(
    helper,
    { corelens_load_quietly: { parameters: ["buffer"], result: "i32" } } as const,
  );
  const path = join(nativeDir, "tensorflow", "libtensorflow_framework.so.2") + "\0";
  // Loading fails again, and is reported, when the binding asks for the same library.
  library.symbols.corelens_load_quietly(new TextEncoder().encode(path));
  library.close();
}

/** Gives `node:util` back the two functions that the package calls and that newer runtimes dropped. */
function restoreNodeUtil(require: NodeJS.Require): void {
  const util = require("node:util") as Record<string, unknown>;
  util.isNullOrUndefined ??= (x: unknown) => x === null || x === undefined;
  util.isArray ??= Array.isArray;
}

/**
 * Loads TensorFlow and registers it with TensorFlow.js as the backend `tensorflow` (without choosing
 * it). Takes about 0.2 s; a second call returns what is loaded.
 *
 * TensorFlow's log shows errors only, unless `CORELENS_TF_LOG` or `TF_CPP_MIN_LOG_LEVEL` say
 * otherwise.
 *
 * @throws {InputError} when the compiled binding is not there, or TensorFlow is loaded already from
 * another folder or with another thread count
 * @throws {Error} when it is there but cannot be loaded
 */
export async function loadTensorFlow(options: TensorFlowOptions = {}): Promise<TensorFlow> {
  const nativeDir = resolve(options.nativeDir ?? defaultNativeDir());
  const threads = chosenThreads(options.threads);
  if (loaded) {
    if (options.nativeDir !== undefined && nativeDir !== loaded.nativeDir) {
      throw new InputError(
        `Cannot load TensorFlow from ${nativeDir}: it is loaded from ${loaded.nativeDir} already`,
      );
    }
    if (options.threads !== undefined && threads !== loaded.threads) {
      throw new InputError(
        `Cannot change TensorFlow's threads to ${threads}: it is loaded with ${loaded.threads}`,
      );
    }
    return loaded;
  }
  const bindingFile = join(nativeDir, "tfjs_binding.node");
  try {
    Deno.statSync(bindingFile);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `Cannot load TensorFlow: ${bindingFile} does not exist; "${setupCommand()}" makes it`,
    );
  }

  const logLevel = environment("CORELENS_TF_LOG") ?? environment("TF_CPP_MIN_LOG_LEVEL") ?? "2";
  Deno.env.set("TF_CPP_MIN_LOG_LEVEL", logLevel);
  if (threads !== null) Deno.env.set("TF_NUM_INTRAOP_THREADS", String(threads));
  if (logLevel !== "0") loadFrameworkQuietly(nativeDir);

  // Loads Node's modules and the binding wherever this file came from, also over HTTP.
  const require = createRequire("file:///");
  restoreNodeUtil(require);
  const binding = require(bindingFile) as TensorFlowBinding;
  const backendModule: unknown = await import(
    "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js"
  );
  const { NodeJSKernelBackend } = backendModule as {
    NodeJSKernelBackend: new (binding: TensorFlowBinding, packageName: string) => NodeBackend;
  };
  await import("@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js");
  const backend = new NodeJSKernelBackend(binding, "@tensorflow/tfjs-node-gpu");
  tf.registerBackend("tensorflow", () => backend, 3);

  loaded = {
    binding,
    version: binding.TF_Version,
    device: binding.isUsingGpuDevice() ? "GPU" : "CPU",
    threads: threads ?? navigator.hardwareConcurrency,
    nativeDir,
    toTfjs: (raw) => backend.createOutputTensor(raw),
    idOf: (x) => backend.getInputTensorIds([x])[0],
  };
  return loaded;
}

/**
 * TensorFlow as loaded before by {@link loadTensorFlow}.
 *
 * @throws {InputError} when it is not loaded
 */
export function tensorFlow(): TensorFlow {
  if (!loaded) {
    throw new InputError(
      'Cannot use the native kernels: TensorFlow is not loaded; call useBackend("tensorflow") first',
    );
  }
  return loaded;
}
