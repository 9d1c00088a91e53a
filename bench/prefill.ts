/**
 * Prefill of a random Qwen3-VL text decoder: ours, dense and hybrid, against transformers, with the
 * same weights, the same threads and the same element type, run in turn.
 *
 *     deno run -A bench/prefill.ts --python PYTHON [--tokens 1024,2048,4096]
 *         [--dtype float32,bfloat16] [--attention sdpa,eager] [--full 0.05,0.125,0.25]
 *         [--sink 64] [--window 256] [--rounds 7] [--layers 12] [--threads N] [--pin 1]
 *         [--out out/bench_prefill.json] (the plot goes beside it)
 *
 * PYTHON is an interpreter that has torch and transformers; without one, only our time is measured.
 * `--pin 1` gives each of the two programs one processor core of its own. The last hidden states of
 * dense runs are compared, and those of hybrid ones with masked dense attention on a short prompt,
 * so that a wrong result cannot look fast.
 * @module
 */
import { fileURLToPath } from "node:url";
import { patterns } from "../lib/sparse/patterns/registry.ts";
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import type { TextDecoder } from "../lib/model/text_decoder.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { median } from "../lib/stats/summary.ts";
import { checkHybrid, hybridPrograms, withoutAttention } from "./hybrid.ts";
import { prefillPlot } from "./plot_prefill.ts";
import { PythonPeer } from "./python_peer.ts";
import {
  benchConfig,
  type Prefill,
  prefill,
  promptIds,
  readDecoder,
  transformersConfig,
  writeCheckpoint,
} from "./random_decoder.ts";
import { manifest, numbers, options, relativeDifference, table, writeRecord } from "./report.ts";

type BenchDType = "float32" | "bfloat16";

/** A ratio of medians with its interval. */
type Ratio = readonly [estimate: number, low: number, high: number];

/** One program of a comparison. */
interface Program {
  readonly name: string;
  readonly run: () => Promise<Prefill> | Prefill;
  /** Whether it computes what our dense prefill computes. */
  readonly same: boolean;
  /** Largest speed-up against dense by pairs of queries and keys, from attention's share of time. */
  readonly bound?: (attentionShare: number) => number;
}

/** One line of the result. */
interface Row {
  readonly dtype: BenchDType;
  readonly tokens: number;
  /** `dense`, `hybrid SHARE`, `no attention` (ours), or transformers' attention. */
  readonly program: string;
  readonly ms: readonly number[];
  readonly medianMs: number;
  /** Processor time of all threads. */
  readonly cpuMs: readonly number[];
  /** Our dense median time over this program's: its speed-up. Absent for dense itself. */
  readonly denseOver?: Ratio;
  /** This program's median time over transformers SDPA's, where that runs. */
  readonly overSdpa?: Ratio;
  /** The same of processor time, which other programs on the machine disturb less. */
  readonly cpuOverSdpa?: Ratio;
  /** Largest speed-up that skipping pairs of queries and keys allows (Amdahl's law). */
  readonly bound?: number;
  /** Largest difference of the last hidden state from ours, relative to its largest value. */
  readonly difference?: number;
}

const settings = options(Deno.args, {
  python: "",
  tokens: "1024,2048,4096",
  dtype: "float32,bfloat16",
  attention: "sdpa,eager",
  full: "0.05,0.125,0.25",
  sink: "64",
  window: "256",
  rounds: "7",
  layers: "12",
  threads: "",
  pin: "",
  out: "out/bench_prefill.json",
});
const config = benchConfig(Number(settings.layers));
const rounds = Number(settings.rounds);
const shares = numbers(settings.full);
const local = patterns.local({
  sink: Number(settings.sink),
  window: Number(settings.window),
});
const pinned = settings.pin !== "";
const threads = pinned ? 1 : Number(settings.threads) || navigator.hardwareConcurrency;
if (pinned) { // this process and the threads that it will start
  const { code } = await new Deno.Command("taskset", {
    args: ["-a", "-p", "-c", "0", String(Deno.pid)],
    stdout: "null",
  }).output();
  if (code !== 0) throw new Error("Cannot pin to one core: taskset failed");
}
const backend = await useBackend("tensorflow", { threads });
const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });

/** Runs all programs in turn, the order rotating, and returns a row for each. */
async function measure(
  dtype: BenchDType,
  tokens: number,
  decoder: TextDecoder,
  peer: PythonPeer | null,
): Promise<Row[]> {
  const ids = [...promptIds(config, tokens)];
  const run = () => prefill(decoder, tokens);
  const programs: Program[] = [{ name: "dense", run, same: true }];
  if (shares.length > 0) {
    const run = () => prefill(decoder, tokens, withoutAttention);
    programs.push({ name: "no attention", run, same: false });
  }
  for (const { name, attention, bound } of hybridPrograms(config, shares, local)) {
    const run = () => prefill(decoder, tokens, attention);
    programs.push({ name, run, same: false, bound: (share) => bound(tokens, share) });
  }
  if (peer) {
    for (const attention of settings.attention.split(",")) {
      const run = () => peer.ask<Prefill>({ dtype, attention, ids });
      programs.push({ name: attention, run, same: true });
    }
  }
  const results = programs.map(() => [] as Prefill[]);
  for (const { run } of programs) await run(); // warm
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < programs.length; i++) {
      const turn = (round + i) % programs.length;
      results[turn].push(await programs[turn].run());
    }
  }
  const times = (i: number, which: "ms" | "cpuMs") => results[i].map((result) => result[which]);
  const ratio = (over: number, under: number, which: "ms" | "cpuMs"): Ratio => {
    const { estimate, low, high } = ratioOfMediansInterval(times(over, which), times(under, which));
    return [estimate, low, high];
  };
  const sdpa = programs.findIndex(({ name }) => name === "sdpa");
  const bare = programs.findIndex(({ name }) => name === "no attention");
  const attentionShare = bare < 0 ? 0 : 1 - median(times(bare, "ms")) / median(times(0, "ms"));
  return programs.map(({ name, same, bound }, i) => {
    const [ms, cpuMs] = [times(i, "ms"), times(i, "cpuMs")];
    return {
      ...{ dtype, tokens, program: name, ms, medianMs: median(ms), cpuMs },
      denseOver: i === 0 ? undefined : ratio(0, i, "ms"),
      overSdpa: sdpa < 0 || sdpa === i ? undefined : ratio(i, sdpa, "ms"),
      cpuOverSdpa: sdpa < 0 || sdpa === i ? undefined : ratio(i, sdpa, "cpuMs"),
      bound: bound?.(attentionShare),
      difference: same && i > 0
        ? relativeDifference(results[0][0].last, results[i][0].last)
        : undefined,
    };
  });
}

function printRows(rows: readonly Row[]): void {
  const header = ["dtype", "tokens", "program", "ms", "dense / it", "bound", "reached"];
  header.push("it / SDPA", "cpu ms", "it / SDPA", "difference");
  const cell = (ratio?: Ratio) =>
    ratio ? `${ratio[0].toFixed(2)} (${ratio[1].toFixed(2)}-${ratio[2].toFixed(2)})` : "";
  const cells = rows.map((row) => [
    row.dtype,
    String(row.tokens),
    row.program,
    row.medianMs.toFixed(0),
    cell(row.denseOver),
    row.bound?.toFixed(2) ?? "",
    row.bound && row.denseOver ? `${(100 * row.denseOver[0] / row.bound).toFixed(0)}%` : "",
    cell(row.overSdpa),
    median(row.cpuMs).toFixed(0),
    cell(row.cpuOverSdpa),
    row.difference === undefined ? "" : row.difference.toExponential(1),
  ]);
  console.log(table(header, cells));
}

try {
  await writeCheckpoint(config, checkpoint);
  await using peer = settings.python
    ? new PythonPeer(
      settings.python,
      fileURLToPath(new URL("./prefill_transformers.py", import.meta.url)),
      [checkpoint, JSON.stringify(transformersConfig(config)), String(threads)],
      pinned ? ["taskset", "-c", String(navigator.hardwareConcurrency - 1)] : [],
    )
    : null;
  const versions = peer ? await peer.line<Record<string, unknown>>() : null;
  const rows: Row[] = [];
  for (const dtype of settings.dtype.split(",") as BenchDType[]) {
    const kernels = nativeKernels({ dtype });
    const decoder = await readDecoder(kernels, config, checkpoint);
    for (const { attention, plan } of hybridPrograms(config, shares, local)) {
      checkHybrid(decoder, attention, plan, dtype === "float32" ? 1e-3 : 1e-1);
    }
    for (const tokens of numbers(settings.tokens)) {
      const measured = await measure(dtype, tokens, decoder, peer);
      for (const row of measured) {
        const limit = dtype === "float32" ? 1e-3 : 1e-1;
        if (row.difference !== undefined && !(row.difference < limit)) {
          throw new Error(`${dtype}, ${tokens} tokens: results differ by ${row.difference}`);
        }
      }
      rows.push(...measured);
      console.error(`${dtype} ${tokens}: done`);
    }
    decoder.weights.dispose(kernels);
  }
  printRows(rows);
  writeRecord(settings.out, {
    what: "prefill, milliseconds from token ids to the hidden states of all positions",
    settings: { ...settings, python: undefined, threads, pinned },
    config,
    machine: manifest(backend),
    peer: versions,
    rows,
  });
  if (rows.some(({ denseOver }) => denseOver)) {
    const plot = settings.out.replace(/\.json$/, "") + ".svg";
    await Deno.writeTextFile(plot, prefillPlot(rows).toSvg());
    console.error(`plot: ${plot}`);
  }
} finally {
  await Deno.remove(checkpoint);
}
