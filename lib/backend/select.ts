/**
 * Chooses the TensorFlow.js backend: TensorFlow's own kernels, else WebGPU, else WASM, else plain
 * JavaScript.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError, nearestNames } from "../common/errors.ts";
import { counted } from "../common/text.ts";
import { environment } from "./environment.ts";
import { loadTensorFlow, type TensorFlowOptions } from "./tensorflow.ts";
import { registerWasmKernels } from "./wasm_kernels.ts";

/** Names of the backends, fastest first. */
export const backendNames = ["tensorflow", "webgpu", "wasm", "cpu"] as const;

/** Name of a backend. */
export type BackendName = typeof backendNames[number];

/** What may be asked for: a backend, or the best one that runs. */
export type BackendChoice = "auto" | BackendName;

/** A faster backend that does not run, and why. */
export interface MissingBackend {
  /** Which one. */
  readonly backend: BackendName;
  /** Why it does not run here. */
  readonly reason: string;
  /** What it would bring. */
  readonly gain: string;
}

/** The backend in use. */
export interface BackendDescription {
  /** Which one. */
  readonly backend: BackendName;
  /** The faster ones that were tried in vain, fastest first. */
  readonly missing: readonly MissingBackend[];
  /** Version of TensorFlow's C library; null on the other backends. */
  readonly tensorFlowVersion: string | null;
  /** Version of TensorFlow.js. */
  readonly tfjsVersion: string;
  /** Threads that one operation may use on the processor. */
  readonly threads: number;
  /** `CPU`, `GPU`, or the name of the WebGPU adapter. */
  readonly device: string;
}

const gains: Readonly<Record<BackendName, string>> = {
  tensorflow: "about ten times the speed of WASM, and bfloat16 weights in half the memory",
  webgpu: "the graphics card",
  wasm: "vector instructions",
  cpu: "",
};

const started = new Map<BackendChoice, BackendDescription>();
let current: BackendDescription | null = null;
let queue: Promise<unknown> = Promise.resolve();

/** What a backend says about itself once it runs. */
type Started = Pick<BackendDescription, "tensorFlowVersion" | "threads" | "device">;

/** Starts TensorFlow's own kernels. */
async function startTensorFlow(options: TensorFlowOptions): Promise<Started> {
  const { version, threads, device } = await loadTensorFlow(options);
  return { tensorFlowVersion: version, threads, device };
}

/**
 * Mesa's drivers write a line of error at every start when no folder for the desktop's sockets is
 * named, as on servers. Nothing here needs one, so a folder that has none stands in.
 */
function quietenDrivers(): void {
  const variable = "XDG_RUNTIME_DIR";
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  if (Deno.build.os !== "linux" || state !== "granted" || environment(variable)) return;
  Deno.env.set(variable, "/");
}

/** Starts WebGPU. An emulated adapter counts only where it was `asked` for: WASM is faster. */
async function startWebGpu(asked: boolean): Promise<Started> {
  quietenDrivers();
  const adapter = await navigator.gpu?.requestAdapter();
  if (!navigator.gpu) throw new InputError("this Deno offers WebGPU only with --unstable-webgpu");
  if (!adapter) throw new InputError("no graphics card with a Vulkan, Metal or DirectX 12 driver");
  const device = adapter.info.description || adapter.info.device || "WebGPU adapter";
  if (!asked && adapter.info.isFallbackAdapter) {
    throw new InputError(`no graphics card: the only adapter, ${device}, is emulated in software`);
  }
  await import("@tensorflow/tfjs-backend-webgpu");
  return { tensorFlowVersion: null, threads: 1, device };
}

/** Starts WASM; its package finds its own modules. */
async function startWasm(): Promise<Started> {
  await import("@tensorflow/tfjs-backend-wasm");
  registerWasmKernels();
  return { tensorFlowVersion: null, threads: 1, device: "CPU" };
}

/** Starts the plain JavaScript backend, without its advice to install another. */
function startCpu(): Promise<Started> {
  const backend = tf.findBackend("cpu") as { firstUse?: boolean } | null;
  if (backend) backend.firstUse = false;
  return Promise.resolve({ tensorFlowVersion: null, threads: 1, device: "CPU" });
}

/** Starts one backend and makes it the current one of TensorFlow.js. */
async function start(
  backend: BackendName,
  asked: boolean,
  options: TensorFlowOptions,
): Promise<Started> {
  const facts = await {
    tensorflow: () => startTensorFlow(options),
    webgpu: () => startWebGpu(asked),
    wasm: startWasm,
    cpu: startCpu,
  }[backend]();
  if (!await tf.setBackend(backend)) throw new Error(`TensorFlow.js could not start ${backend}`);
  return facts;
}

/** First line of what an error says, without its class. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}

/** Makes the choice, one call at a time. */
async function choose(choice: string, options: TensorFlowOptions): Promise<BackendDescription> {
  const wanted = choice === "auto" ? environment("CORELENS_BACKEND") ?? "auto" : choice;
  const asked = backendNames.find((name) => name === wanted);
  if (!asked && wanted !== "auto") {
    const near = nearestNames(wanted, ["auto", ...backendNames], 1)[0];
    throw new InputError(
      `Cannot use backend "${wanted}": it must be auto, ${backendNames.join(", ")}; ` +
        `the nearest is "${near}"`,
    );
  }
  const before = started.get(asked ?? "auto");
  if (before && Object.keys(options).length === 0) {
    await tf.setBackend(before.backend);
    return before;
  }
  const missing: MissingBackend[] = [];
  for (const backend of asked ? [asked] : backendNames) {
    try {
      const facts = await start(backend, asked !== undefined, options);
      const description = { backend, missing, tfjsVersion: tf.version.tfjs, ...facts };
      started.set(asked ?? "auto", description);
      return description;
    } catch (error) {
      if (asked) throw new InputError(`Cannot use backend "${asked}": ${reasonOf(error)}`);
      missing.push({ backend, reason: reasonOf(error), gain: gains[backend] });
    }
  }
  throw new Error(`No backend runs: ${missing.map((m) => `${m.backend}: ${m.reason}`).join("; ")}`);
}

/**
 * Starts a backend and makes TensorFlow.js use it.
 *
 * `auto` takes the first of {@link backendNames} that runs, or the one that `CORELENS_BACKEND`
 * names. WebGPU counts when there is a real adapter. Calling again with the same choice costs
 * nothing; another choice switches.
 *
 * @throws {InputError} for a name that is none, and for a backend that was asked for by name but
 * cannot run here
 *
 * @example
 * ```ts
 * import { useBackend } from "./select.ts";
 * import { assertEquals } from "@std/assert";
 * const { backend } = await useBackend("wasm");
 * assertEquals(backend, "wasm");
 * ```
 */
export function useBackend(
  choice: BackendChoice = "auto",
  options: TensorFlowOptions = {},
): Promise<BackendDescription> {
  const turn = queue.then(async () => current = await choose(choice, options));
  queue = turn.catch(() => {});
  return turn;
}

/** The backend that {@link useBackend} started last; null before the first call. */
export function currentBackend(): BackendDescription | null {
  return current;
}

/**
 * One line that names the backend, for the first line of every run.
 *
 * @param dtype element type of the weights, when a model is in use
 *
 * @example
 * ```ts
 * import { backendLine } from "./select.ts";
 * import { assertEquals } from "@std/assert";
 * const description = {
 *   backend: "wasm" as const,
 *   missing: [],
 *   tensorFlowVersion: null,
 *   tfjsVersion: "4.22.0",
 *   threads: 1,
 *   device: "CPU",
 * };
 * assertEquals(backendLine(description, "float32"), "backend wasm (CPU, 1 thread), float32");
 * ```
 */
export function backendLine(
  description: BackendDescription,
  dtype?: "float32" | "bfloat16",
): string {
  const { backend, tensorFlowVersion, device, threads } = description;
  const name = tensorFlowVersion ? `${backend} ${tensorFlowVersion}` : backend;
  const where = backend === "webgpu" || device === "GPU"
    ? device
    : `${device}, ${counted(threads, "thread")}`;
  return `backend ${name} (${where})${dtype ? `, ${dtype}` : ""}`;
}
