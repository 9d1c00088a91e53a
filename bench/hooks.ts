/**
 * What each kind of hook and capture costs: processor time of a prefill with it over that of a plain
 * one, on a random Qwen3-VL text decoder.
 *
 *     deno run -A bench/hooks.ts [--tokens 3072] [--layers 4] [--rounds 3] [--dtype float32]
 *         [--threads N] [--only NAME,NAME] [--out out/bench_hooks.json]
 *
 * The programs run in turn. A plain prefill gives the last layer's output at all positions; `forward`
 * gives the last logits, and by itself computes of the last layer what these need.
 * @module
 */
import type { ForwardOptions } from "../lib/model/run_options.ts";
import { type OverPlain, overPlain, randomModel, reading, reportOverPlain } from "./over_plain.ts";
import { benchConfig, promptIds, textInputs } from "./random_decoder.ts";
import { numbers, options, processorMs } from "./report.ts";

const settings = options(Deno.args, {
  tokens: "3072",
  layers: "4",
  rounds: "3",
  dtype: "float32",
  threads: "",
  only: "",
  out: "out/bench_hooks.json",
});
const config = benchConfig(Number(settings.layers));
const { backend, model } = await randomModel(settings);

/** What is measured, by name. */
function kinds(tokens: number): Record<string, ForwardOptions> {
  const middle = `blocks.${Math.floor(config.numHiddenLayers / 2)}`;
  const rows = Array.from({ length: 8 }, (_, i) => Math.floor((i + 1) * tokens / 8) - 1);
  const attention = ["blocks.*.attn.pattern"];
  return {
    "forward by itself": {},
    "reads resid_post of one layer": reading(`${middle}.resid_post`),
    "reads attn.z of one layer": reading(`${middle}.attn.z`),
    "reads attn.q of one layer": reading(`${middle}.attn.q`),
    "reads attn.rot_q of one layer": reading(`${middle}.attn.rot_q`),
    "reads mlp.post of one layer": reading(`${middle}.mlp.post`),
    "replaces attn.z of one layer": { hooks: { [`${middle}.attn.z`]: (z) => z.mul(0.5) } },
    "reads resid_post of all layers": reading("blocks.*.resid_post"),
    "8 rows of attn.pattern of one layer": {
      capture: { names: [`${middle}.attn.pattern`], rows },
    },
    "8 rows of attn.pattern of all layers": { capture: { names: attention, rows } },
    "8 rows of attn.scores and attn.pattern of all layers": {
      capture: { names: [...attention, "blocks.*.attn.scores"], rows },
    },
    "8 rows of attn.z of all layers": { capture: { names: ["blocks.*.attn.z"], rows } },
    "patternRows of 8 rows": { patternRows: { rows, onPattern: (_, x, k) => void k.readSync(x) } },
    "last row of attn.pattern of all layers": {
      capture: { names: attention, rows: [tokens - 1] },
    },
    "last row of attn.pattern of all layers, attn.z of one replaced": {
      capture: { names: attention, rows: [tokens - 1] },
      hooks: { [`${middle}.attn.z`]: (z) => z.mul(0.5) },
    },
    "reads attn.pattern of one layer whole": reading(`${middle}.attn.pattern`),
  };
}

const { kernels } = model, rows: OverPlain[] = [];
for (const tokens of numbers(settings.tokens)) {
  const inputs = textInputs(promptIds(config, tokens));
  const wanted = settings.only.split(",").filter(Boolean);
  const programs: [string, ForwardOptions | null][] = [
    ["plain prefill", null],
    ...Object.entries(kinds(tokens))
      .filter(([name]) => wanted.length === 0 || wanted.includes(name)),
  ];
  const timed = async (options: ForwardOptions | null) => {
    const start = processorMs();
    if (options) await model.forward(inputs, options);
    else {
      const last = kernels.scope(() => kernels.slice(model.prefill(inputs), [0, 0, 0], [1, 1, 1]));
      await kernels.read(last);
      kernels.dispose(last);
    }
    return [processorMs() - start];
  };
  await timed(null);
  rows.push(...await overPlain(tokens, programs, Number(settings.rounds), timed));
}
model.dispose();
reportOverPlain(
  "processor time of a prefill with hooks and captures over that of a plain one",
  settings,
  backend,
  rows,
);
