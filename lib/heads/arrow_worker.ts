/**
 * Reads an Arrow file and says whether that works; `arrow_check.ts` runs it as a worker.
 *
 * @module
 */
import * as arrow from "apache-arrow";
import type { ArrowAnswer } from "./arrow_check.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Uint8Array>) => void) | null;
  postMessage(message: "ready" | { readonly problem: ArrowAnswer }): void;
}

/** Why bytes are no Arrow file; null if they are one. */
export function arrowProblem(bytes: Uint8Array): ArrowAnswer {
  try {
    const { numRows } = arrow.tableFromIPC(bytes);
    // the shortest rows, of bits only, take an eighth of a byte
    return numRows <= 8 * bytes.length ? null : `it claims ${numRows} rows`;
  } catch (error) {
    return `it is no Arrow file (${(error as Error).message})`;
  }
}

const scope = globalThis as unknown as WorkerScope;
if ("WorkerGlobalScope" in globalThis) {
  scope.onmessage = ({ data }) => scope.postMessage({ problem: arrowProblem(data) });
  scope.postMessage("ready");
}
