/**
 * Facts about the backend in use, for `corelens doctor` and for the records of experiments.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  type BackendChoice,
  type BackendDescription,
  backendNames,
  currentBackend,
  useBackend,
} from "./select.ts";
import {
  ownFloatProduct,
  type OwnProduct,
  type ProductChoice,
  readProductChoice,
} from "./product_choice.ts";
import { environment, environmentVariables, modelCacheFolder } from "./environment.ts";
import { NativeOps } from "./native_ops.ts";
import { tensorStore } from "./native_tensors.ts";
import { defaultNativeDir, type TensorFlowOptions } from "./tensorflow.ts";

/** Speed of a square matrix product in GFLOP/s (10^9 floating-point operations per second). */
export interface MatMulSpeed {
  /** Side of the matrices. */
  readonly size: number;
  /** In float32. */
  readonly float32: number;
  /** In bfloat16; null on backends that have none. */
  readonly bfloat16: number | null;
}

/** Everything that `corelens doctor` says about the backend. */
export interface BackendFacts extends BackendDescription {
  /** Version of Deno. */
  readonly denoVersion: string;
  /** Operating system and processor architecture, for example `linux x86_64`. */
  readonly system: string;
  /** Processor cores that this process may use. */
  readonly cores: number;
  /** Folder from which TensorFlow is loaded. */
  readonly nativeDir: string;
  /** Folder with downloaded models. */
  readonly modelCache: string;
  /** The environment variables that are set and that the library reads; tokens are left out. */
  readonly environment: Readonly<Record<string, string>>;
  /** Measured speed. */
  readonly matMul: MatMulSpeed;
  /**
   * Which product of many rows of floats runs, and what the set-up measured of ours; null where there
   * was no choice.
   */
  readonly floatProduct: ProductChoice | null;
}

/** Median of the seconds that `body` takes, over `runs` runs after one to warm up. */
async function medianSeconds(runs: number, body: () => Promise<void> | void): Promise<number> {
  await body();
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await body();
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds.sort((a, b) => a - b)[Math.floor(runs / 2)];
}

/** Seconds of one float32 product of two `size x size` matrices through TensorFlow.js. */
async function float32Seconds(size: number): Promise<number> {
  const a = tf.randomUniform([size, size], -1, 1, "float32", 1);
  const b = tf.randomUniform([size, size], -1, 1, "float32", 2);
  const corner = [1, 1];
  const seconds = await medianSeconds(9, async () => {
    const product = tf.tidy(() =>
      tf.slice(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D), [0, 0], corner)
    );
    await product.data();
    product.dispose();
  });
  tf.dispose([a, b]);
  return seconds;
}

/** Seconds of TensorFlow's product of two `size x size` matrices of bfloat16. */
async function bfloat16Seconds(size: number): Promise<number> {
  const store = tensorStore(), ops = new NativeOps(store);
  const values = Float32Array.from({ length: size * size }, (_, i) => (i % 7) - 3);
  const x = store.scope(() => ops.cast(store.create(values, [size, size]), "bfloat16"));
  const seconds = await medianSeconds(9, () => store.free(store.scope(() => ops.linear(x, x))));
  store.free(x);
  return seconds;
}

/**
 * Measures how fast the current backend multiplies matrices. Takes less than a second.
 *
 * The numbers swing with whatever else the machine does; compare ratios from one run only.
 * Starts the default backend if none runs yet.
 */
export async function matMulSpeed(): Promise<MatMulSpeed> {
  const { backend, device } = currentBackend() ?? await useBackend();
  const size = backend === "cpu" ? 128 : backend === "wasm" ? 512 : 1024;
  const gigaFlop = 2 * size ** 3 / 1e9;
  const bfloat16 = backend === "tensorflow" && device === "CPU"
    ? await bfloat16Seconds(size)
    : null;
  return {
    size,
    float32: gigaFlop / await float32Seconds(size),
    bfloat16: bfloat16 && gigaFlop / bfloat16,
  };
}

/**
 * Starts a backend and gathers what is worth knowing about it.
 *
 * @throws {InputError} as {@link useBackend}
 */
export async function describeBackend(
  choice: BackendChoice = "auto",
  options: TensorFlowOptions = {},
): Promise<BackendFacts> {
  const names = Object.keys(environmentVariables) as (keyof typeof environmentVariables)[];
  const settings = names
    .filter((name) => !["HF_TOKEN", "HOME", "USERPROFILE"].includes(name))
    .flatMap((name) => {
      const value = environment(name);
      return value === undefined ? [] : [[name, value] as const];
    });
  const description = await useBackend(choice, options);
  const nativeDir = options.nativeDir ?? defaultNativeDir();
  return {
    ...description,
    denoVersion: Deno.version.deno,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    cores: navigator.hardwareConcurrency,
    nativeDir,
    modelCache: modelCacheFolder(),
    environment: Object.fromEntries(settings),
    matMul: await matMulSpeed(),
    floatProduct: description.backend === "tensorflow" ? floatProductIn(nativeDir) : null,
  };
}

/** The product in use, with what the set-up measured. */
function floatProductIn(nativeDir: string): ProductChoice | null {
  const choice = readProductChoice(nativeDir);
  if (!choice) return null;
  const method = ownFloatProduct(nativeDir), measured = choice.method ?? "strassen";
  if (method === null || method === measured) return { ...choice, ours: method !== null };
  // another one than the faster of ours was asked for
  const ratio = choice.slower?.[method] ?? NaN;
  return { ours: true, ratio, method, slower: { [measured]: choice.ratio } };
}

/** The choice of a product in words. */
function productLine({ ours, ratio, method = "strassen", slower = {} }: ProductChoice): string {
  const time = (value: number) => isNaN(value) ? "an unmeasured part" : value.toFixed(2);
  const others = Object.entries(slower).map(([name, value]) =>
    `; ${productNames[name as OwnProduct]} took ${time(value)}`
  );
  const which = method === "strassen" ? "ours" : productNames[method];
  const measured = `${which} took ${time(ratio)} of TensorFlow's time at set-up${others.join("")}`;
  const own = method === "strassen" ? "our own operation" : productNames[method];
  return `many rows of float32 by ${ours ? own : "TensorFlow"} (${measured})`;
}

/** Our products in words. */
const productNames: Readonly<Record<OwnProduct, string>> = {
  strassen: "Strassen's method",
  bf16x3: "three bfloat16 parts in matrix registers",
  bf16x2: "two bfloat16 parts in matrix registers",
};

/**
 * The facts as lines of text, in the order in which a reader asks.
 *
 * @example
 * ```ts
 * import { describeBackend, factLines } from "./describe.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const lines = factLines(await describeBackend("wasm"));
 * assertStringIncludes(lines[0], "wasm");
 * ```
 */
export function factLines(facts: BackendFacts): string[] {
  const speed = (value: number) => `${value.toPrecision(3)} GFLOP/s`;
  const { size, float32, bfloat16 } = facts.matMul;
  const better = backendNames.slice(0, backendNames.indexOf(facts.backend));
  const tensorFlow = facts.tensorFlowVersion ? `TensorFlow ${facts.tensorFlowVersion}, ` : "";
  return [
    `Backend:      ${facts.backend} on ${facts.device}`,
    ...facts.missing.map((m) => `  no ${m.backend}: ${m.reason} (gain: ${m.gain})`),
    ...(better.length > 0 && facts.missing.length === 0
      ? [`  faster ones were not tried: ${better.join(", ")}`]
      : []),
    `Versions:     ${tensorFlow}TensorFlow.js ${facts.tfjsVersion}, Deno ${facts.denoVersion}`,
    `System:       ${facts.system}, ${facts.cores} cores; ${facts.threads} in use by an operation`,
    `Matrix speed: float32 ${speed(float32)}` +
    (bfloat16 === null ? "; no bfloat16 on this backend" : `, bfloat16 ${speed(bfloat16)}`) +
    ` (${size} x ${size})`,
    ...(facts.floatProduct ? [`Products:     ${productLine(facts.floatProduct)}`] : []),
    `Native files: ${facts.nativeDir}`,
    `Model cache:  ${facts.modelCache}`,
    ...Object.entries(facts.environment).map(([name, value]) => `Environment:  ${name}=${value}`),
  ];
}
