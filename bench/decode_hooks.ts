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
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import { zeroHeads } from "../lib/causal/head_mask.ts";
import { intervene } from "../lib/causal/intervene.ts";
import { gridOf } from "../lib/common/head_id.ts";
import type { Hooks } from "../lib/hooks/hook_point.ts";
import { generate } from "../lib/model/generate.ts";
import type { RunOptions } from "../lib/model/run_options.ts";
import { patterns } from "../lib/sparse/patterns/registry.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { hybridPrograms } from "./hybrid.ts";
import {
  benchConfig,
  promptIds,
  readModel,
  textInputs,
  writeCheckpoint,
} from "./random_decoder.ts";
import { manifest, numbers, options, processorMs, table, writeRecord } from "./report.ts";

const settings = options(Deno.args, {
  tokens: "1024",
  new: "12",
  layers: "4",
  rounds: "3",
  dtype: "float32",
  threads: "",
  out: "out/bench_decode_hooks.json",
});
const threads = Number(settings.threads) || navigator.hardwareConcurrency;
const config = benchConfig(Number(settings.layers));
const backend = await useBackend("tensorflow", { threads });
const kernels = nativeKernels({ dtype: settings.dtype as "float32" | "bfloat16" });
const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
await writeCheckpoint(config, checkpoint);
const model = await readModel(kernels, config, checkpoint);
await Deno.remove(checkpoint);

const middle = Math.floor(config.numHiddenLayers / 2), grid = gridOf(config);
const reading = (name: string): { readonly hooks: Hooks } => ({ hooks: { [name]: () => {} } });
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

const rows: Record<string, unknown>[] = [];
for (const tokens of numbers(settings.tokens)) {
  const inputs = textInputs(promptIds(config, tokens));
  const programs: [string, RunOptions][] = [
    ["plain", {}],
    ...Object.entries(kinds(Int32Array.from(inputs.inputIds))),
  ];
  const times = programs.map((): number[] => []);
  for (let round = 0; round < Number(settings.rounds); round++) {
    for (let i = 0; i < programs.length; i++) {
      const turn = (round + i) % programs.length;
      const wanted = { maxNewTokens: Number(settings.new) + 2, stopTokenIds: [] };
      const at: number[] = [];
      for await (const _ of generate(model, inputs, { ...wanted, ...programs[turn][1] })) {
        at.push(processorMs());
      }
      // the second token still warms up
      times[turn].push(...at.slice(2).map((time, j) => time - at[j + 1]));
    }
  }
  programs.forEach(([name], i) => {
    const { estimate, low, high } = ratioOfMediansInterval(times[i], times[0]);
    rows.push({ tokens, name, cpuMs: times[i], toPlain: [estimate, low, high] });
  });
}
model.dispose();
console.log(table(
  ["tokens", "what", "over plain"],
  rows.map(({ tokens, name, toPlain }) => [
    String(tokens),
    String(name),
    (toPlain as number[]).map((x) => x.toFixed(3)).join(" "),
  ]),
));
writeRecord(settings.out, {
  what:
    "processor time of a token while decoding, with hooks and hybrid attention, over a plain one",
  settings,
  machine: manifest(backend),
  rows,
});
