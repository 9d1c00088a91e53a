/**
 * Capture: activations as plain typed arrays. Tensors stop here; nothing above needs disposal.
 *
 * @module
 */
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { InputError } from "../common/errors.ts";
import { isRecord, kindOf } from "../common/values.ts";
import { type Hooks, type KernelHook, matchHookNames } from "./hook_point.ts";

/** An activation, copied out. */
export interface CapturedArray {
  /** Values in row-major order. */
  readonly data: Float32Array;
  /** Sizes of the axes, as `decoderLayerPoints` states them. */
  readonly shape: readonly number[];
}

/** Which activations to keep. */
export interface CaptureRequest {
  /** Hook names, or patterns with `*`. */
  readonly names: readonly string[];
  /** Keep only these rows of the token axis; all by default. */
  readonly rows?: readonly number[];
}

/** Axis of the tokens (queries) of an activation, by its point. */
function tokenAxis(name: string): number {
  if (name.endsWith("attn.pattern") || name.endsWith("attn.scores")) return 2;
  return name.startsWith("vision.") ? 0 : 1;
}

/**
 * Keeps activations during one run and copies them out after it.
 *
 * @example
 * ```ts
 * import { Capture } from "./capture.ts";
 * import { hookNames } from "./hook_point.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(() => new Capture({ names: ["blocks.9.attn.z"] }, hookNames(2, 0)));
 * ```
 */
export class Capture {
  readonly #kept: { name: string; tensor: Tensor; kernels: Kernels }[] = [];
  readonly #names: readonly string[];
  readonly #rows: readonly number[] | undefined;

  /** @throws {InputError} for a name that matches no hook point, and where no names or rows are asked */
  constructor(request: CaptureRequest, valid: readonly string[]) {
    checkRequest(request);
    this.#names = [...new Set(request.names.flatMap((name) => matchHookNames(name, valid)))];
    this.#rows = request.rows;
  }

  /** The hooks that do the capturing. Add them after the hooks that change activations. */
  get hooks(): Hooks {
    const rows = this.#rows && Array.from(this.#rows);
    const keep = (name: string, tensor: Tensor, kernels: Kernels) =>
      void this.#kept.push({ name, tensor: kernels.keep(tensor), kernels });
    const hook: KernelHook = {
      onTensor: (x, kernels, { name }) =>
        keep(
          name,
          rows ? pickRows(kernels, x, tokenAxis(name), rows, name) : kernels.scale(x, 1),
          kernels,
        ),
      rows: rows && {
        rows,
        onRows: (x, kernels, { name }) => keep(name, kernels.scale(x, 1), kernels),
      },
    };
    return Object.fromEntries(this.#names.map((name) => [name, hook]));
  }

  /**
   * Copies the activations out and frees their tensors.
   *
   * @returns by hook name, one array for each time that the point fired
   * @throws {InputError} if a requested point never fired
   */
  async finish(): Promise<ReadonlyMap<string, readonly CapturedArray[]>> {
    const arrays = new Map<string, CapturedArray[]>();
    for (const { name, tensor, kernels } of this.#kept.splice(0)) {
      const data = await kernels.read(tensor) as Float32Array;
      kernels.dispose(tensor);
      const own = arrays.get(name) ?? [];
      own.push({ data, shape: [...tensor.shape] });
      arrays.set(name, own);
    }
    const silent = this.#names.filter((name) => !arrays.has(name));
    if (silent.length > 0) {
      throw new InputError(
        `Cannot capture ${silent.join(", ")}: the run never reached ` +
          `${silent.length === 1 ? "this hook point" : "these hook points"} ` +
          "(a prompt without media has no vision activations)",
      );
    }
    return arrays;
  }

  /** Frees what was kept; for runs that failed. */
  abandon(): void {
    for (const { tensor, kernels } of this.#kept.splice(0)) kernels.dispose(tensor);
  }
}

/** Refuses requests of another form. */
function checkRequest(request: unknown): void {
  const wrong = (what: string, found: unknown, wanted: string) =>
    new InputError(`Cannot capture with ${what} ${kindOf(found)}: wanted ${wanted}`);
  if (!isRecord(request)) {
    throw wrong("the request", request, 'an object such as { names: ["blocks.*.attn.z"] }');
  }
  const { names, rows } = request;
  const texts = Array.isArray(names) && names.every((name) => typeof name === "string");
  if (!texts || names.length === 0) {
    throw wrong("names", names, 'a list of hook names such as ["blocks.*.attn.z"]');
  }
  const listed = Array.isArray(rows) || ArrayBuffer.isView(rows);
  if (rows === undefined || (listed && (rows as readonly number[]).length > 0)) return;
  throw wrong("rows", rows, "a list of rows, or no rows at all for every row");
}

/**
 * Checks rows that are to be captured.
 *
 * @param first the first row that there is
 * @throws {InputError} for rows that an activation does not have
 */
export function checkRows(rows: readonly number[], size: number, name: string, first = 0): void {
  const wrong = rows.find((row) => !Number.isInteger(row) || row < first || row >= size);
  if (wrong === undefined) return;
  throw new InputError(
    `Cannot capture row ${wrong} of "${name}": it has rows ${first} to ${size - 1}`,
  );
}

/** Rows of `x` along `axis`. */
function pickRows(
  k: Kernels,
  x: Tensor,
  axis: number,
  rows: readonly number[],
  name: string,
): Tensor {
  const size = x.shape[axis];
  return k.scope(() => {
    checkRows(rows, size, name);
    const parts = Array.from(rows, (row) => {
      const begin = x.shape.map((_, i) => i === axis ? row : 0);
      return k.slice(x, begin, x.shape.map((_, i) => i === axis ? 1 : -1));
    });
    return k.concat(parts, axis);
  });
}
