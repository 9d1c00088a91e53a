/**
 * Arrow files of strangers: a changed byte in one can keep the reader busy for ever. Counts that
 * cannot be true are refused first, since ending a worker does not end a loop in it; then the file is
 * read in a worker.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { arrowCountProblem } from "./arrow_counts.ts";

/** What the worker answers: why the bytes are no Arrow file, or null. */
export type ArrowAnswer = string | null;

/** How long the worker may take to begin, in milliseconds. */
const startMilliseconds = 20_000;

/**
 * Reads bytes as an Arrow table in a worker, and throws the result away: what it can read in time,
 * the same reader reads here in the same time.
 *
 * @param file how messages name the file
 * @param milliseconds how long reading may take
 * @throws {InputError} if the bytes are no Arrow file, or reading them does not end
 *
 * @example
 * ```ts
 * import { checkArrow } from "./arrow_check.ts";
 * import { assertRejects } from "@std/assert";
 * const text = new TextEncoder().encode("{}".repeat(99));
 * await assertRejects(() => checkArrow(text, "a.arrow"), Error, "a.arrow");
 * ```
 */
export async function checkArrow(
  bytes: Uint8Array,
  file: string,
  milliseconds = 2000,
): Promise<void> {
  const wrong = arrowCountProblem(bytes);
  if (wrong !== null) throw new InputError(`Cannot read ${quoted(file)}: ${wrong}`);
  const worker = new Worker(new URL("./arrow_worker.ts", import.meta.url), { type: "module" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const problem = await new Promise<ArrowAnswer>((resolve, reject) => {
      const within = (time: number, words: string) => {
        clearTimeout(timer);
        timer = setTimeout(() => resolve(words), time);
      };
      within(startMilliseconds, "no worker to read it in could be started");
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`Cannot read ${quoted(file)}: ${event.message}`));
      };
      worker.onmessage = ({ data }: MessageEvent<"ready" | { readonly problem: ArrowAnswer }>) => {
        if (data !== "ready") return resolve(data.problem);
        within(milliseconds, `reading it does not end within ${milliseconds / 1000} s`);
        worker.postMessage(bytes);
      };
    });
    if (problem !== null) throw new InputError(`Cannot read ${quoted(file)}: ${problem}`);
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}
