/**
 * Keeps what a cell shows below that cell. Deno's Jupyter kernel (2.9) passes outputs on from
 * another thread and names as their cell the one that runs at that moment; with "run all cells" a
 * result published at the end of a cell can so appear below the next one, or get lost. A short wait
 * after each result lets it out first.
 *
 * @module
 */

import { type NotebookKernel, notebookKernel, outputsSent } from "../common/notebook.ts";

const waits: unique symbol = Symbol("waits for its output");

/**
 * Makes the Deno kernel wait after each result; does nothing outside Jupyter and when called again.
 *
 * @param scope where `Deno` is, as on `globalThis`
 * @param wait what to wait for
 * @returns whether results wait now
 *
 * @example
 * ```ts
 * import { keepResultsInPlace } from "./jupyter_results.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(keepResultsInPlace(globalThis), false); // no notebook here
 * ```
 */
export function keepResultsInPlace(
  scope: object,
  wait: () => Promise<void> = outputsSent,
): boolean {
  const kernel: NotebookKernel & { [waits]?: boolean } | undefined = notebookKernel(scope);
  const broadcast = kernel?.broadcastResult;
  if (kernel === undefined || broadcast === undefined) return false;
  if (kernel[waits]) return true;
  kernel.broadcastResult = async (...given: unknown[]) => {
    await broadcast(...given);
    await wait();
  };
  kernel[waits] = true;
  return true;
}
