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
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import type { Hooks } from "../lib/hooks/hook_point.ts";
import type { ForwardOptions } from "../lib/model/run_options.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import {
  benchConfig,
  promptIds,
  readModel,
  textInputs,
  writeCheckpoint,
} from "./random_decoder.ts";
import { manifest, numbers, options, processorMs, table, writeRecord } from "./report.ts";

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
const threads = Number(settings.threads) || navigator.hardwareConcurrency;
const backend = await useBackend("tensorflow", { threads });
const kernels = nativeKernels({ dtype: settings.dtype as "float32" | "bfloat16" });
const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
await writeCheckpoint(config, checkpoint);
const model = await readModel(kernels, config, checkpoint);
await Deno.remove(checkpoint);

/** A hook that reads without keeping anything. */
const reading = (name: string): { readonly hooks: Hooks } => ({ hooks: { [name]: () => {} } });

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

const rows: Record<string, unknown>[] = [];
for (const tokens of numbers(settings.tokens)) {
  const inputs = textInputs(promptIds(config, tokens));
  const wanted = settings.only.split(",").filter(Boolean);
  const programs: [string, ForwardOptions | null][] = [
    ["plain prefill", null],
    ...Object.entries(kinds(tokens))
      .filter(([name]) => wanted.length === 0 || wanted.includes(name)),
  ];
  const times = programs.map((): number[] => []);
  const run = async (options: ForwardOptions | null) => {
    const start = processorMs();
    if (options) await model.forward(inputs, options);
    else {
      const last = kernels.scope(() => kernels.slice(model.prefill(inputs), [0, 0, 0], [1, 1, 1]));
      await kernels.read(last);
      kernels.dispose(last);
    }
    return processorMs() - start;
  };
  await run(null);
  for (let round = 0; round < Number(settings.rounds); round++) {
    for (let i = 0; i < programs.length; i++) {
      const turn = (round + i) % programs.length;
      times[turn].push(await run(programs[turn][1]));
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
  what: "processor time of a prefill with hooks and captures over that of a plain one",
  settings,
  machine: manifest(backend),
  rows,
});
