/**
 * Keeps what a cell shows below that cell. Deno's Jupyter kernel (2.9) passes outputs on from
 * another thread and names as their cell the one that runs at that moment; with "run all cells" a
 * result published at the end of a cell can so appear below the next one, or get lost. A short wait
 * after each result lets it out first.
 *
 * @module
 */

/** What the kernel calls with a cell's number and its value. */
type BroadcastResult = (...given: unknown[]) => Promise<unknown>;

const waits = Symbol("waits for its output");

/** 20 milliseconds: the kernel needs about one. */
function briefly(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

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
  wait: () => Promise<void> = briefly,
): boolean {
  const deno: object | undefined = Reflect.get(scope, "Deno");
  const internal: PropertyKey | undefined = deno && Reflect.get(deno, "internal");
  const kernel: Record<PropertyKey, unknown> | undefined = deno && internal &&
    Reflect.get(deno, internal)?.jupyter;
  const broadcast = kernel?.broadcastResult as BroadcastResult | undefined;
  if (kernel === undefined || broadcast === undefined) return false;
  if (kernel[waits]) return true;
  kernel.broadcastResult = async (...given: unknown[]) => {
    await broadcast(...given);
    await wait();
  };
  kernel[waits] = true;
  return true;
}
