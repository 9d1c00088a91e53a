/**
 * Inside a notebook: the Deno kernel, and stopping a cell without losing the kernel.
 *
 * Jupyter's Stop button sends SIGINT, which ends Deno's kernel (2.9) and with it everything that was
 * defined. Where this module is loaded the signal stops the running experiment instead, between two of
 * its samples.
 *
 * @module
 */
import { InputError } from "./errors.ts";

/** What the kernel offers; Deno's internal interface, so each part may be absent. */
export interface NotebookKernel {
  /** Shows a cell's value. */
  broadcastResult?: (...given: unknown[]) => Promise<unknown>;
}

/** Sends a message to the notebook, such as `display_data`. */
export type Broadcast = (type: string, content: Readonly<Record<string, unknown>>) => unknown;

/**
 * The kernel that runs this program as a notebook's cell.
 *
 * @param scope where `Deno` is, as on `globalThis`
 * @returns undefined outside of notebooks
 *
 * @example
 * ```ts
 * import { notebookKernel } from "./notebook.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(notebookKernel(globalThis), undefined);
 * ```
 */
export function notebookKernel(scope: object): NotebookKernel | undefined {
  const deno: object | undefined = Reflect.get(scope, "Deno");
  const internal: PropertyKey | undefined = deno && Reflect.get(deno, "internal");
  const kernel: NotebookKernel | undefined = deno && internal &&
    Reflect.get(deno, internal)?.jupyter;
  return kernel?.broadcastResult ? kernel : undefined;
}

/**
 * What sends messages to the notebook.
 *
 * @param scope where `Deno` is, as on `globalThis`
 * @returns undefined outside of notebooks
 */
export function notebookBroadcast(scope: object): Broadcast | undefined {
  if (!notebookKernel(scope)) return undefined; // where Deno's own getter throws
  return Reflect.get(Reflect.get(scope, "Deno"), "jupyter")?.broadcast;
}

/** Stops what runs, again and again: each stop ends the work that had begun before. */
export class Interrupts {
  #current = new AbortController();

  /** Aborted by the next {@link stop}; what begins after that gets a new one. */
  get signal(): AbortSignal {
    return this.#current.signal;
  }

  /** Ends what runs. */
  stop(): void {
    const stopped = this.#current;
    this.#current = new AbortController();
    stopped.abort(
      new InputError(
        "Stopped between two samples. What was defined before is still there; with a `folder`, what " +
          "was computed is kept as well, and the cell goes on from it",
      ),
    );
  }
}

const interrupts = new Interrupts();

if (notebookKernel(globalThis)) Deno.addSignalListener("SIGINT", () => interrupts.stop());

/** The signal of Jupyter's Stop button; outside of notebooks it is never aborted. */
export function stopSignal(): AbortSignal {
  return interrupts.signal;
}

/**
 * A function that lets signals and messages through when called: at most every 50 milliseconds it waits
 * for the event loop, in between it costs nothing.
 */
export function breather(now: () => number = () => performance.now()): () => Promise<void> {
  let last = now();
  return async () => {
    if (now() - last < 50) return;
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    last = now();
  };
}

/**
 * Waits, in a notebook, until what was shown has left the kernel, which sends from another thread (it
 * takes about a millisecond): a cell that ends before loses it.
 */
export async function outputsSent(): Promise<void> {
  if (notebookKernel(globalThis)) await new Promise<void>((resolve) => setTimeout(resolve, 20));
}
