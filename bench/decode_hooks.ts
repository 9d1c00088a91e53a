/**
 * What each kind of hook, and hybrid attention, costs while decoding: processor time of a token with it
 * over that of a plain one, on a random Qwen3-VL text decoder.
 *
 *     deno run -A bench/decode_hooks.ts [--tokens 1024] [--new 12] [--layers 4] [--rounds 3]
 *         [--dtype float32] [--threads N] [--out out/bench_decode_hooks.json]
 *
 * The programs run in turn; the prompt and the first token are left out of the times.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { zeroHeads } from "../lib/causal/head_mask.ts";
import { intervene } from "../lib/causal/intervene.ts";
import { gridOf } from "../lib/common/head_id.ts";
import { generate } from "../lib/model/generate.ts";
import type { ModelInputs } from "../lib/model/model_inputs.ts";
import type { RunOptions } from "../lib/model/run_options.ts";
import { patterns } from "../lib/sparse/patterns/registry.ts";
import { hybridPrograms } from "./hybrid.ts";
import { type OverPlain, overPlain, randomModel, reading, reportOverPlain } from "./over_plain.ts";
import { benchConfig, promptIds, textInputs } from "./random_decoder.ts";
import { numbers, options, processorMs } from "./report.ts";

const settings = options(Deno.args, {
  tokens: "1024",
  new: "12",
  layers: "4",
  rounds: "3",
  dtype: "float32",
  threads: "",
  out: "out/bench_decode_hooks.json",
});
const config = benchConfig(Number(settings.layers));
const { backend, model } = await randomModel(settings);

const middle = Math.floor(config.numHiddenLayers / 2), grid = gridOf(config);
const direction = tf.keep(tf.randomNormal([config.hiddenSize], 0, 0.01, "float32", 1));

/** What is measured, by name. */
function kinds(inputIds: Int32Array): Record<string, RunOptions> {
  const masked = zeroHeads([{ layer: middle, head: 0 }, { layer: middle, head: 3 }]);
  const everywhere = zeroHeads(
    Array.from({ length: grid.layers }, (_, layer) => ({ layer, head: layer % grid.heads })),
  );
  const [hybrid] = hybridPrograms(config, [0.05], patterns.local({ sink: 64, window: 256 }));
  return {
    "reads resid_post of one layer": reading(`blocks.${middle}.resid_post`),
    "reads attn.z of one layer": reading(`blocks.${middle}.attn.z`),
    "reads attn.z of all layers": reading("blocks.*.attn.z"),
    "reads attn.pattern of one layer": reading(`blocks.${middle}.attn.pattern`),
    "reads attn.pattern of all layers": reading("blocks.*.attn.pattern"),
    "replaces attn.z of one layer": { hooks: { [`blocks.${middle}.attn.z`]: (z) => z.mul(0.5) } },
    "replaces attn.z of all layers": { hooks: { "blocks.*.attn.z": (z) => z.mul(0.5) } },
    "steers resid_post of one layer": {
      hooks: { [`blocks.${middle}.resid_post`]: (x) => x.add(direction) },
    },
    "mask of two heads in one layer": { attention: intervene({ grid }, [masked], { inputIds }) },
    "mask of a head in every layer": { attention: intervene({ grid }, [everywhere], { inputIds }) },
    "hybrid attention, 5% full": { attention: hybrid.attention },
    "hybrid attention, reads attn.z of all layers": {
      attention: hybrid.attention,
      ...reading("blocks.*.attn.z"),
    },
  };
}

/** Processor time of each token after the second, which still warms up. */
async function tokenTimes(inputs: ModelInputs, program: RunOptions): Promise<number[]> {
  const wanted = { maxNewTokens: Number(settings.new) + 2, stopTokenIds: [] };
  const at: number[] = [];
  for await (const _ of generate(model, inputs, { ...wanted, ...program })) at.push(processorMs());
  return at.slice(2).map((time, j) => time - at[j + 1]);
}

const rows: OverPlain[] = [];
for (const tokens of numbers(settings.tokens)) {
  const inputs = textInputs(promptIds(config, tokens));
  const programs: [string, RunOptions][] = [
    ["plain", {}],
    ...Object.entries(kinds(Int32Array.from(inputs.inputIds))),
  ];
  const timed = (program: RunOptions) => tokenTimes(inputs, program);
  rows.push(...await overPlain(tokens, programs, Number(settings.rounds), timed));
}
model.dispose();
reportOverPlain(
  "processor time of a token while decoding, with hooks and hybrid attention, over a plain one",
  settings,
  backend,
  rows,
);
