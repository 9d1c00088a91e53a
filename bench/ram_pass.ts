/**
 * RAM of all heads of a random Qwen3-VL text decoder: time against our own plain prefill and against
 * transformers' eager run with `output_attentions=True`, and peak memory by length.
 *
 *     deno run -A bench/ram_pass.ts [--python PYTHON] [--tokens 1024,2048,4096] [--rounds 7]
 *         [--layers 12] [--threads N] [--memory 1024,2048,4096,8192] [--out out/bench_ram_pass.json]
 *
 * PYTHON is an interpreter that has torch and transformers; without one, only ours is measured. The
 * programs run in turn, with the same weights and threads, in float32. Each memory figure is the peak
 * of a fresh process. The RAM values of both are compared.
 * @module
 */
import { fileURLToPath } from "node:url";
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import { retrievalAttentionMass } from "../lib/heads/retrieval_attention_mass.ts";
import type { HeadSample } from "../lib/heads/scored_sample.ts";
import {} from "../lib/heads/scoring_rules.ts";
import { scoreSample } from "../lib/heads/score_sample.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { median } from "../lib/stats/summary.ts";
import { PythonPeer } from "./python_peer.ts";
import {
  benchConfig,
  promptIds,
  readModel,
  textInputs,
  transformersConfig,
  writeCheckpoint,
} from "./random_decoder.ts";
import { manifest, numbers, options, peakMegabytes, table, writeRecord } from "./report.ts";

const settings = options(Deno.args, {
  python: "",
  tokens: "1024,2048,4096",
  memory: "1024,2048,4096,8192",
  rounds: "7",
  layers: "12",
  threads: "",
  checkpoint: "",
  only: "",
  out: "out/bench_ram_pass.json",
});
const config = benchConfig(Number(settings.layers));
const threads = Number(settings.threads) || navigator.hardwareConcurrency;

/** A prompt whose last 32 tokens are the question and a quarter of whose others are evidence. */
function sampleOf(tokens: number): HeadSample {
  const inputIds = promptIds(config, tokens);
  const start = Math.floor(tokens / 4), question = tokens - 32;
  return {
    id: `random-${tokens}`,
    domain: "random",
    inputs: textInputs(inputIds),
    spans: {
      system: [],
      visual: [[16, question]],
      evidence: [[start, 2 * start]],
      question: [[question, tokens]],
      answer: [],
    },
    nullQuery: inputIds.slice(0, 8),
  };
}

/** What one program gives on one prompt. */
interface Outcome {
  readonly ms: number;
  readonly ram?: ArrayLike<number>;
}

async function timed(body: () => Promise<Float32Array | void>): Promise<Outcome> {
  const start = performance.now();
  const ram = await body();
  return { ms: performance.now() - start, ram: ram ?? undefined };
}

async function measureTimes(checkpoint: string, peer: PythonPeer | null) {
  const model = await readModel(nativeKernels({ dtype: "float32" }), config, checkpoint);
  const rows: Record<string, unknown>[] = [];
  for (const tokens of numbers(settings.tokens)) {
    const sample = sampleOf(tokens);
    const [[q0, q1]] = sample.spans.question, [[e0, e1]] = sample.spans.evidence;
    const programs: [string, () => Promise<Outcome>][] = [
      ["plain prefill", () =>
        timed(async () => {
          const residual = model.prefill(sample.inputs);
          await model.kernels.read(model.kernels.slice(residual, [0, 0, 0], [1, 1, 1]));
          model.kernels.dispose(residual);
        })],
      ["RAM", () => timed(() => retrievalAttentionMass(model, sample))],
      ["all rules", () => timed(async () => (await scoreSample(model, sample))[0])],
    ];
    const request = { ids: [...sample.inputs.inputIds], question: [q0, q1], evidence: [e0, e1] };
    if (peer) programs.push(["transformers eager", () => peer.ask<Outcome>(request)]);
    const results = programs.map(() => [] as Outcome[]);
    for (const [, run] of programs) await run(); // warm
    for (let round = 0; round < Number(settings.rounds); round++) {
      for (let i = 0; i < programs.length; i++) {
        const turn = (round + i) % programs.length;
        results[turn].push(await programs[turn][1]());
      }
    }
    const times = results.map((own) => own.map(({ ms }) => ms));
    programs.forEach(([program], i) => {
      const ratio = (base: number) => {
        if (i === base || base >= programs.length) return null;
        const { estimate, low, high } = ratioOfMediansInterval(times[i], times[base]);
        return [estimate, low, high];
      };
      const ram = results[i][0].ram;
      const difference = ram
        ? Math.max(...Array.from(ram, (value, h) => Math.abs(value - results[1][0].ram![h])))
        : null;
      if (difference !== null && !(difference < 1e-4)) {
        throw new Error(`RAM of ${program} at ${tokens} tokens differs by ${difference}`);
      }
      rows.push({
        tokens,
        program,
        ms: times[i],
        medianMs: median(times[i]),
        toPrefill: ratio(0),
        toTransformers: ratio(3),
        difference,
      });
    });
    console.error(`${tokens} tokens: done`);
  }
  model.dispose();
  return rows;
}

/** Peak memory above the weights of one program at one length, in a process of its own. */
async function peakOf(checkpoint: string, tokens: number): Promise<number> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", import.meta.filename!, "--only", String(tokens)],
      ...["--checkpoint", checkpoint, "--layers", settings.layers, "--threads", String(threads)],
    ],
    stderr: "null",
  }).output();
  return Number(new TextDecoder().decode(stdout));
}

if (settings.only) { // one pass in this process: prints its peak memory above the weights
  await useBackend("tensorflow", { threads });
  const model = await readModel(nativeKernels({ dtype: "float32" }), config, settings.checkpoint);
  await retrievalAttentionMass(model, sampleOf(64));
  const before = peakMegabytes();
  await retrievalAttentionMass(model, sampleOf(Number(settings.only)));
  console.log(peakMegabytes() - before);
  Deno.exit(0);
}

const backend = await useBackend("tensorflow", { threads });
const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
const newPeer = () =>
  new PythonPeer(
    settings.python,
    fileURLToPath(new URL("./ram_transformers.py", import.meta.url)),
    [checkpoint, JSON.stringify(transformersConfig(config)), String(threads)],
  );
try {
  await writeCheckpoint(config, checkpoint);
  await using peer = settings.python ? newPeer() : null;
  const versions = peer ? await peer.line<Record<string, unknown>>() : null;
  const rows = await measureTimes(checkpoint, peer);
  const cell = (ratio: unknown) =>
    ratio
      ? `${(ratio as number[])[0].toFixed(2)} (${
        (ratio as number[]).slice(1).map((x) => x.toFixed(2)).join("-")
      })`
      : "";
  console.log(table(
    ["tokens", "program", "ms", "to plain prefill", "to transformers"],
    rows.map((row) => [
      String(row.tokens),
      String(row.program),
      (row.medianMs as number).toFixed(0),
      cell(row.toPrefill),
      cell(row.toTransformers),
    ]),
  ));
  const memory: Record<string, unknown>[] = [];
  for (const tokens of numbers(settings.memory)) {
    const ours = await peakOf(checkpoint, tokens);
    let theirs: number | null = null;
    if (settings.python && tokens <= 4096) { // beyond, the maps alone fill the memory
      await using fresh = newPeer();
      await fresh.line();
      const { ids, question, evidence } = {
        ids: [...sampleOf(tokens).inputs.inputIds],
        question: [tokens - 32, tokens],
        evidence: [0, 1],
      };
      const { peak, weights } = await fresh.ask<{ peak: number; weights: number }>({
        ids,
        question,
        evidence,
      });
      theirs = peak - weights;
    }
    memory.push({ tokens, oursMb: ours, transformersMb: theirs });
    console.log(
      `${tokens} tokens: peak above the weights ${ours.toFixed(0)} MB` +
        (theirs === null ? "" : `, transformers ${theirs.toFixed(0)} MB`),
    );
  }
  writeRecord(settings.out, {
    what: "RAM of all heads: milliseconds, and peak memory above the weights in MB",
    settings: { ...settings, python: undefined, threads },
    config,
    machine: manifest(backend),
    peer: versions,
    rows,
    memory,
  });
} finally {
  await Deno.remove(checkpoint);
}
