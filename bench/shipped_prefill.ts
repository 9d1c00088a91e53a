/**
 * Hybrid prefill of the shipped model (or any multimodal checkpoint) against its own dense prefill by
 * number of visual tokens: the decoder alone, and with the embedding of the prompt, which is mostly
 * the vision tower.
 *
 *     deno run -A bench/shipped_prefill.ts [--model mini] [--images 1,4,16] [--cells 16]
 *         [--full 0.05,0.125,0.25] [--sink 64] [--window 256] [--dtype float32,bfloat16]
 *         [--rounds 7] [--threads N] [--clock wall] [--out out/bench_shipped_prefill.json]
 *
 * The bound is that of Amdahl's law with attention's measured share of dense time. Full heads are
 * drawn at random: which heads are full does not matter for the time. `--clock processor` measures
 * processor time, for machines that have other things to do.
 * @module
 */
import { patterns } from "../lib/sparse/patterns/registry.ts";
import { useBackend } from "../lib/backend/select.ts";
import { samplePrompt } from "../lib/experiments/samples.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import type { Tensor } from "../lib/nn/kernels.ts";
import { type AttentionFunction, denseAttention } from "../lib/nn/attention.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { median } from "../lib/stats/summary.ts";
import { domainOf } from "../lab/synthetic/domains.ts";
import { hybridPrograms, withoutAttention } from "./hybrid.ts";
import { manifest, numbers, options, processorMs, table, writeRecord } from "./report.ts";

const settings = options(Deno.args, {
  model: "mini",
  images: "1,4,16",
  cells: "16",
  full: "0.05,0.125,0.25",
  sink: "64",
  window: "256",
  dtype: "float32,bfloat16",
  rounds: "7",
  threads: "",
  clock: "wall",
  out: "out/bench_shipped_prefill.json",
});
const threads = Number(settings.threads) || navigator.hardwareConcurrency;
const backend = await useBackend("tensorflow", { threads });
const local = patterns.local({
  sink: Number(settings.sink),
  window: Number(settings.window),
});
const now = settings.clock === "processor" ? processorMs : () => performance.now();
const rows: Record<string, unknown>[] = [];
for (const dtype of settings.dtype.split(",") as ("float32" | "bfloat16")[]) {
  using model = await fromPretrained(settings.model, { dtype });
  const { network } = model;
  const k = network.kernels;
  for (const images of numbers(settings.images)) {
    const sample = domainOf("document").generate(0, {
      cellsPerSide: Number(settings.cells),
      images,
      difficulty: 1,
      split: "test",
    });
    const prompt = await samplePrompt(model, sample);
    const visual = prompt.spans.visual.reduce((sum, [start, end]) => sum + end - start, 0);
    const timed = async (body: () => Tensor) => {
      const start = now();
      const last = k.scope(() => k.slice(body(), [0, 0, 0], [1, 1, 1]));
      await k.read(last);
      k.dispose(last);
      return now() - start;
    };
    const embed = () => timed(() => network.embedPrompt(prompt).embeddings);
    const { embeddings, deepstack } = network.embedPrompt(prompt);
    const time = (attention: AttentionFunction) =>
      timed(() =>
        network.decoder.forward(embeddings, prompt.positionIds, {
          attention,
          deepstack,
          lastRows: 1,
        })
      );
    const programs = [
      { name: "dense", attention: denseAttention, bound: null },
      { name: "no attention", attention: withoutAttention, bound: null },
      ...hybridPrograms(model.config.text, numbers(settings.full), local),
    ];
    const times = programs.map((): number[] => []);
    const embedMs: number[] = [];
    await embed(); // warm
    for (const { attention } of programs) await time(attention);
    for (let round = 0; round < Number(settings.rounds); round++) {
      for (let i = 0; i < programs.length; i++) {
        const turn = (round + i) % programs.length;
        times[turn].push(await time(programs[turn].attention));
      }
      embedMs.push(await embed());
    }
    const share = 1 - median(times[1]) / median(times[0]);
    k.dispose(embeddings, ...deepstack);
    programs.forEach(({ name, bound }, i) => {
      const faster = (add: readonly number[]) => {
        const [dense, own] = [times[0], times[i]].map((ms) => ms.map((x, j) => x + (add[j] ?? 0)));
        const { estimate, low, high } = ratioOfMediansInterval(dense, own);
        return [estimate, low, high];
      };
      const most = bound?.(prompt.inputIds.length, share) ?? null, whole = median(embedMs);
      const dense = median(times[0]);
      rows.push({
        ...{ dtype, tokens: prompt.inputIds.length, visual, program: name },
        ...{ ms: times[i], medianMs: median(times[i]), embedMs },
        denseOver: i === 0 ? null : faster([]),
        bound: most,
        denseOverWithEmbedding: i === 0 ? null : faster(embedMs),
        boundWithEmbedding: most && (dense + whole) / (dense / most + whole),
      });
    });
  }
}
const cell = (ratio: unknown) => {
  if (!Array.isArray(ratio)) return "";
  return `${ratio[0].toFixed(2)} (${ratio[1].toFixed(2)}-${ratio[2].toFixed(2)})`;
};
const cells = rows.map((row) => [
  ...[row.dtype, row.tokens, row.visual, row.program].map(String),
  median(row.embedMs as number[]).toFixed(0),
  (row.medianMs as number).toFixed(1),
  cell(row.denseOver),
  row.bound ? (row.bound as number).toFixed(2) : "",
  row.bound ? `${(100 * (row.denseOver as number[])[0] / (row.bound as number)).toFixed(0)}%` : "",
  cell(row.denseOverWithEmbedding),
]);
const header = ["dtype", "tokens", "visual", "program", "embed ms", "decoder ms", "dense / it"];
console.log(table([...header, "bound", "reached", "with embedding"], cells));
writeRecord(settings.out, {
  what: "prefill of a multimodal model, in milliseconds: embedding of the prompt, and decoder",
  settings: { ...settings, threads },
  machine: manifest(backend),
  rows,
});
