/**
 * A sweep of head sets: in scope `answer`, in scope `all`, as one whole run for each set in our own
 * code, and as the same with PyTorch hooks in transformers, sample by sample in turn.
 *
 *     deno run -A bench/ablation_sweep.ts [--model mini] [--python PYTHON] [--domain scene]
 *         [--cells 16] [--samples 20] [--sets 64] [--threads N] [--out out/bench_ablation_sweep.json]
 *
 * Sets are those of an ablation experiment by RAM on other samples of the domain: the best heads and
 * four kinds of control at 1 to 20%. PYTHON is an interpreter that has torch and transformers.
 * Log-probabilities of scope `all` are compared with those of whole runs and of transformers.
 * @module
 */
import { fileURLToPath } from "node:url";
import { useBackend } from "../lib/backend/select.ts";
import { type Variant, zeroHeads } from "../lib/causal/head_mask.ts";
import { intervene } from "../lib/causal/intervene.ts";
import { sweep, withAnswer } from "../lib/causal/sweep.ts";
import { ablationPlan } from "../lib/experiments/ablation_plan.ts";
import { ablationSamples } from "../lib/experiments/ablation_samples.ts";
import { findHeads } from "../lib/experiments/find_heads.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { gridOfScores, meanScores } from "../lib/heads/head_scores.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { median } from "../lib/stats/summary.ts";
import { domainOf } from "../lab/synthetic/domains.ts";
import { writeSafetensors } from "../lib/weights/safetensors_write.ts";
import { PythonPeer } from "./python_peer.ts";
import { manifest, options, table, writeRecord } from "./report.ts";

const settings = options(Deno.args, {
  model: "mini",
  python: "",
  domain: "scene",
  cells: "16",
  samples: "20",
  sets: "64",
  threads: "",
  out: "out/bench_ablation_sweep.json",
});
const threads = Number(settings.threads) || navigator.hardwareConcurrency;
const backend = await useBackend("tensorflow", { threads });
using model = await fromPretrained(settings.model, { dtype: "float32" });

/** Samples of the domain; those for the scores and those for the sweep differ. */
const made = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) =>
    domainOf(settings.domain).generate(first + i, {
      cellsPerSide: Number(settings.cells),
      images: 1,
      difficulty: 1,
      split: "test",
    }));

const scores = await findHeads(model, headSamples(model, made(1000, 8)));
const matched = scores.rules.find(({ rule }) => rule === "context-mass") ?? scores;
const plan = ablationPlan(meanScores(scores), meanScores(matched), gridOfScores(scores), {
  fractions: [0.01, 0.02, 0.05, 0.1, 0.2],
  draws: 4,
}).slice(1, 1 + Number(settings.sets));
const variants: Variant[] = plan.map(({ heads }) => zeroHeads(heads));

/** What one program gives on one sample. */
interface Outcome {
  readonly ms: number;
  readonly logProbs: readonly number[];
}

async function timed(body: () => Promise<readonly number[]>): Promise<Outcome> {
  const start = performance.now();
  const logProbs = await body();
  return { ms: performance.now() - start, logProbs };
}

const folder = await Deno.makeTempDir();
await using peer = settings.python
  ? new PythonPeer(
    settings.python,
    fileURLToPath(new URL("./sweep_transformers.py", import.meta.url)),
    [model.dir, String(threads)],
  )
  : null;
const versions = peer ? await peer.line<Record<string, unknown>>() : null;
const names = ["whole runs", "scope answer", "scope all", ...(peer ? ["transformers"] : [])];
const times = names.map((): number[] => []);
let tokens = 0, difference = 0;
try {
  const all = ablationSamples(model, made(0, Number(settings.samples) + 1));
  for (const [i, lazy] of all.entries()) {
    const sample = await lazy.load();
    const inputs = withAnswer(sample);
    const prompt = { inputIds: sample.inputs.inputIds, spans: sample.spans };
    const places = sample.answerIds.length;
    const programs: (() => Promise<Outcome>)[] = [
      () =>
        timed(async () => {
          const found: number[] = [];
          for (const variant of variants) {
            const attention = intervene(model, [variant], prompt);
            const { logits } = await model.forward(inputs, { attention, logits: "all" });
            const { data, shape: [rows, vocabulary] } = logits!;
            let sum = 0;
            for (let place = 0; place < places; place++) {
              const start = (rows - places + place) * vocabulary;
              const row = data.subarray(start, start + vocabulary);
              const largest = row.reduce((a, b) => Math.max(a, b));
              const total = row.reduce((a, b) => a + Math.exp(b - largest), 0);
              sum += row[sample.answerIds[place]] - largest - Math.log(total);
            }
            found.push(sum);
          }
          return found;
        }),
      ...(["answer", "all"] as const).map((scope) => () =>
        timed(async () =>
          (await sweep(model, sample, variants, { scope })).map(({ logProb }) => logProb)
        )
      ),
    ];
    if (peer) {
      const file = `${folder}/inputs.safetensors`;
      const bytes = (data: Float32Array | Int32Array) =>
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      const length = inputs.inputIds.length;
      const tensors = Object.entries({
        input_ids: { data: inputs.inputIds, shape: [length] },
        position_ids: { data: inputs.positionIds, shape: [3, length] },
        ...inputs.media,
      }).map(([name, { data, shape }]) => {
        const dtype = data instanceof Int32Array ? "I32" as const : "F32" as const;
        return [name, { dtype, shape, data: bytes(data) }] as const;
      });
      await writeSafetensors(file, Object.fromEntries(tensors));
      const sets = plan.map(({ heads }) => heads.map(({ layer, head }) => [layer, head]));
      programs.push(() => peer.ask({ inputs: file, answer: [...sample.answerIds], sets }));
    }
    const outcomes: Outcome[] = [];
    for (let turn = 0; turn < programs.length; turn++) {
      const which = (i + turn) % programs.length;
      outcomes[which] = await programs[which]();
    }
    for (const other of [0, 3].filter((which) => which < programs.length)) {
      outcomes[2].logProbs.forEach((value, set) => {
        const wanted = outcomes[other].logProbs[set];
        difference = Math.max(difference, Math.abs(value - wanted) / Math.max(1, Math.abs(wanted)));
      });
    }
    if (!(difference < 1e-3)) {
      throw new Error(`sample ${i}: log-probabilities differ: ${difference}`);
    }
    if (i === 0) continue; // warm
    outcomes.forEach(({ ms }, which) => times[which].push(ms));
    tokens = prompt.inputIds.length;
  }
  const rows = names.map((program, which) => {
    const ratio = (base: number) => {
      if (base === which || base >= names.length) return null;
      const { estimate, low, high } = ratioOfMediansInterval(times[base], times[which]);
      return [estimate, low, high];
    };
    return {
      program,
      ms: times[which],
      medianMs: median(times[which]),
      timesWholeRuns: ratio(0),
      timesTransformers: ratio(3),
    };
  });
  const cell = (ratio: number[] | null) =>
    ratio ? `${ratio[0].toFixed(1)} (${ratio[1].toFixed(1)}-${ratio[2].toFixed(1)})` : "";
  console.log(table(
    ["program", "ms a sample", "times as fast as whole runs", "as transformers"],
    rows.map((row) => [
      row.program,
      row.medianMs.toFixed(0),
      cell(row.timesWholeRuns),
      cell(row.timesTransformers),
    ]),
  ));
  console.log(`${variants.length} sets, ${times[0].length} samples of ${tokens} tokens`);
  writeRecord(settings.out, {
    what: "a sweep of head sets: milliseconds for all sets on one sample",
    settings: { ...settings, python: undefined, threads },
    tokens,
    difference,
    machine: manifest(backend),
    peer: versions,
    rows,
  });
} finally {
  await Deno.remove(folder, { recursive: true });
}
