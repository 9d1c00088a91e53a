/**
 * Progress of a long cell, shown below it while it runs.
 *
 * @module
 */
import { notebookBroadcast } from "../common/notebook.ts";
import { escapeHtml } from "./text.ts";
import { ink } from "./theme.ts";

/** What a long call takes to show how far it is. */
export interface ShownProgress {
  /** Called with what is done and how much there is. */
  readonly onProgress: (done: number, total: number) => void;
}

let shown = 0;

/**
 * Shows below a notebook's cell how far a long call is: `findHeads(model, samples, progress("Scoring"))`.
 * At the end one line stays, with the number of units (samples, or settings measured). Outside of
 * notebooks nothing is shown.
 *
 * @param title what is done
 * @param scope where `Deno` is, as on `globalThis`
 *
 * @example
 * ```ts
 * import { progress } from "./progress.ts";
 * const { onProgress } = progress("Scoring heads");
 * onProgress(3, 40); // in a notebook: "Scoring heads: 3 of 40"
 * ```
 */
export function progress(title: string, scope: object = globalThis): ShownProgress {
  const broadcast = notebookBroadcast(scope);
  const transient = { display_id: `corelens progress ${shown++}` };
  let last = -Infinity;
  return {
    onProgress(done, total) {
      const now = performance.now();
      if (!broadcast || (done < total && now - last < 250)) return;
      const text = `${title}: ${done} of ${total}`;
      const bar = done < total
        ? `<progress value="${done}" max="${total}" style="vertical-align:middle"></progress> `
        : "";
      broadcast(last === -Infinity ? "display_data" : "update_display_data", {
        data: {
          "text/html": `<span style="color:${ink.muted}">${bar}${escapeHtml(text)}</span>`,
          "text/plain": text,
        },
        metadata: {},
        transient,
      });
      last = now;
    },
  };
}
