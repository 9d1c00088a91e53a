/**
 * Runs cases of one reader in a process of its own, and prints one line of JSON for each beginning
 * and each result, so that whoever started it sees which case does not end.
 *
 *     deno run -A tests/fuzz/cases.ts READER SEED FIRST LAST
 *
 * @module
 */
import { Random } from "../../lib/stats/random.ts";
import { isRefusal, readers } from "./readers.ts";

/** What happened in one case. */
export interface CaseResult {
  /** Its number. */
  readonly number: number;
  /** Null at its beginning. */
  readonly outcome: "accepted" | "refused" | "fault" | null;
  /** Time in milliseconds. */
  readonly milliseconds?: number;
  /** The error of a fault. */
  readonly error?: string;
}

if (import.meta.main) {
  const [name, seed, first, last] = Deno.args;
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const encoder = new TextEncoder();
  const say = (result: CaseResult) =>
    Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(result)}\n`));
  for (const method of ["log", "warn", "error"] as const) console[method] = () => {};
  try {
    const readOnce = await readers[name].start(folder);
    for (let number = Number(first); number < Number(last); number++) {
      say({ number, outcome: null });
      const random = new Random(`${seed} ${name} ${number}`);
      const start = performance.now();
      let outcome: CaseResult["outcome"] = "accepted", error: string | undefined;
      try {
        await readOnce(random);
      } catch (caught) {
        outcome = isRefusal(caught) ? "refused" : "fault";
        if (outcome === "fault") error = (caught as Error)?.stack ?? String(caught);
        else if ((caught as Error).message.length > 2000 || /\n/.test((caught as Error).message)) {
          [outcome, error] = ["fault", `not one line: ${(caught as Error).message.slice(0, 300)}`];
        }
      }
      say({ number, outcome, milliseconds: performance.now() - start, error });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  Deno.exit(0);
}
