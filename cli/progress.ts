/**
 * Progress on standard error: a bar on a terminal, a line every ten seconds otherwise.
 *
 * @module
 */

/** Shows how far a task is; call it as often as you like. */
export type Progress = (done: number, total: number) => void;

/** Seconds as `1:02`. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/**
 * A progress display.
 *
 * @param label what is going on, such as `loading weights`
 * @param write where the text goes; standard error by default
 * @param terminal whether a bar can be redrawn in place
 */
export function progress(
  label: string,
  write: (text: string) => void = (text) => Deno.stderr.writeSync(new TextEncoder().encode(text)),
  terminal = Deno.stderr.isTerminal(),
): Progress {
  const start = performance.now();
  let shown = start;
  return (done, total) => {
    const now = performance.now();
    const end = done >= total;
    if (now - shown < (terminal ? 100 : 10_000) && !(end && terminal)) return;
    shown = now;
    const share = total > 0 ? done / total : 1;
    const left = share > 0 ? clock((now - start) / 1000 * (1 - share) / share) : "?";
    const percent = `${Math.floor(100 * share)}%`.padStart(4);
    if (!terminal) return write(`${label}: ${percent}, ${left} left\n`);
    const bar = "█".repeat(Math.round(24 * share)).padEnd(24, "░");
    write(end ? "\r\x1b[K" : `\r\x1b[K${label} ${bar} ${percent}, ${left} left`);
  };
}
