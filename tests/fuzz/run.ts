/**
 * `deno task fuzz`: damaged input for every reader, from a seed.
 *
 * Each reader runs in a process of its own that is ended when a case takes longer than ten seconds.
 * A case is refused (`InputError`), accepted, a fault (any other error, or a refusal that is not one
 * line) or slow (more than five seconds). Faults and slow cases fail the run and are printed with the
 * numbers that repeat them.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import type { CaseResult } from "./cases.ts";
import { readers } from "./readers.ts";

/** Longest time of one case in milliseconds. */
const slowMilliseconds = 5000;
/** After how long without a sign of life a process is ended, in milliseconds; it starts within it. */
const patience = 30_000;

/** What came out for one reader. */
export interface FuzzCounts {
  /** Cases that were refused in one line. */
  refused: number;
  /** Cases that were read. */
  accepted: number;
  /** One text for each fault and slow case. */
  readonly problems: string[];
}

/**
 * Runs cases `first` to `last - 1` of a reader.
 *
 * @param seed with the number, it makes each case
 */
export async function fuzz(
  name: string,
  seed: number,
  first: number,
  last: number,
  counts: FuzzCounts = { refused: 0, accepted: 0, problems: [] },
): Promise<FuzzCounts> {
  const program = fileURLToPath(new URL("./cases.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", program, name, `${seed}`, `${first}`, `${last}`],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let at = first - 1, begun = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill("SIGKILL"), patience);
  };
  watch();
  const place = (number: number) => `${name}, seed ${seed}, case ${number}`;
  const lines = child.stdout.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const piece of lines) {
    watch();
    const parts = (rest + piece).split("\n");
    rest = parts.pop()!;
    for (const line of parts) {
      const { number, outcome, milliseconds = 0, error }: CaseResult = JSON.parse(line);
      [at, begun] = [number, outcome === null];
      if (outcome === "fault") counts.problems.push(`${place(number)}: ${error}`);
      else if (outcome !== null) counts[outcome]++;
      if (milliseconds > slowMilliseconds) {
        counts.problems.push(`${place(number)}: took ${(milliseconds / 1000).toFixed(1)} s`);
      }
    }
  }
  clearTimeout(timer);
  const { code } = await child.status;
  if (code === 0) return counts;
  counts.problems.push(`${place(at)}: ${begun ? "did not end, or ended the process" : "failed"}`);
  // goes on behind it, unless the reader cannot even begin
  return begun && at + 1 < last ? await fuzz(name, seed, at + 1, last, counts) : counts;
}

/** Runs readers in turn until the time is over, and prints the counts. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
      only: { type: "string" },
    },
  });
  const names = Object.keys(readers).filter((name) => !values.only || name.includes(values.only));
  const end = performance.now() + 1000 * Number(values.seconds);
  const totals = new Map(
    names.map((name): [string, FuzzCounts] => [name, { refused: 0, accepted: 0, problems: [] }]),
  );
  for (let round = 0; round === 0 || performance.now() < end; round++) {
    for (const name of names) {
      const { cases } = readers[name];
      await fuzz(name, Number(values.seed), round * cases, (round + 1) * cases, totals.get(name));
      if (performance.now() >= end && round > 0) break;
    }
  }
  console.log("reader               refused  accepted  problems");
  for (const [name, { refused, accepted, problems }] of totals) {
    const columns = [refused, accepted, problems.length].map((count) => `${count}`.padStart(8));
    console.log(`${name.padEnd(20)}${columns.join("  ")}`);
  }
  const problems = [...totals.values()].flatMap((counts) => counts.problems);
  for (const problem of problems) console.error(`\n${problem}`);
  return problems.length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());
