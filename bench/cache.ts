/**
 * The KV cache while decoding: bytes held, memory of the process and time of a token, with dense
 * attention and with hybrid attention, whose local heads hold their sink and window only.
 *
 *     deno run -A bench/cache.ts [--tokens 1024,4096,8192] [--full 0.125] [--sink 64] [--window 256]
 *         [--new 16] [--dtype bfloat16] [--layers 12] [--threads N] [--out out/bench_cache.json]
 *
 * Whole key-value groups stay full: a group with one full head has to keep everything. Each run is a
 * process of its own.
 * @module
 */
import { patterns } from "../lib/sparse/patterns/registry.ts";
import { gridOf } from "../lib/common/head_id.ts";
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import { generate } from "../lib/model/generate.ts";
import { hybridAttention } from "../lib/sparse/attention.ts";
import { cacheCost } from "../lib/sparse/cost.ts";
import { hybridPlan } from "../lib/sparse/plan.ts";
import { fullHeads } from "../lib/sparse/policies.ts";
import { Random } from "../lib/stats/random.ts";
import { median } from "../lib/stats/summary.ts";
import {
  benchConfig,
  promptIds,
  readModel,
  textInputs,
  writeCheckpoint,
} from "./random_decoder.ts";
import { manifest, options, residentMegabytes, table, writeRecord } from "./report.ts";

/** What one run gives. */
interface Use {
  readonly attention: string;
  readonly tokens: number;
  /** Bytes of the cache after the prompt, and after the last token, in MB. */
  readonly afterPrompt: number;
  readonly atEnd: number;
  /** What the cost model says after the prompt, in MB. */
  readonly predicted: number;
  /** Memory of the process while decoding, above what it holds with its weights loaded, in MB. */
  readonly process: number;
  readonly medianMs: number;
}

const settings = options(Deno.args, {
  tokens: "1024,4096,8192",
  full: "0.125",
  sink: "64",
  window: "256",
  new: "16",
  dtype: "bfloat16",
  layers: "12",
  threads: "",
  out: "out/bench_cache.json",
  only: "",
  checkpoint: "",
});
const threads = Number(settings.threads) || navigator.hardwareConcurrency;
const config = benchConfig(Number(settings.layers));
const { layers, heads } = gridOf(config), { numKeyValueHeads } = config;
const dtype = settings.dtype === "float32" ? "float32" : "bfloat16";

/** A plan with whole key-value groups full, drawn at random. */
function groupPlan() {
  const random = new Random(0);
  const full = fullHeads("core-groups", {
    grid: { layers, heads },
    group: heads / numKeyValueHeads,
    scores: Float32Array.from({ length: layers * heads }, () => random.uniform()),
    count: Math.round(Number(settings.full) * layers * heads),
    seed: 0,
  });
  const [sink, window] = [Number(settings.sink), Number(settings.window)];
  return hybridPlan({ layers, heads }, full, patterns.local({ sink, window }));
}

async function runOnce(tokens: number, name: string): Promise<Use> {
  await useBackend("tensorflow", { threads });
  const model = await readModel(nativeKernels({ dtype }), config, settings.checkpoint);
  const plan = groupPlan();
  const attention = name === "dense" ? undefined : hybridAttention(plan);
  const cost = cacheCost(config, tokens, plan, dtype === "float32" ? 4 : 2);
  for await (const _ of generate(model, textInputs(promptIds(config, 16)), { maxNewTokens: 2 }));
  const before = residentMegabytes();
  const cache = model.newCache(null, attention);
  const times: number[] = [], bytes: number[] = [];
  let process = 0;
  const wanted = { maxNewTokens: Number(settings.new), stopTokenIds: [], attention };
  for await (const _ of generate(model, textInputs(promptIds(config, tokens)), wanted, cache)) {
    times.push(performance.now());
    bytes.push(cache.bytes / 1e6);
    process = residentMegabytes() - before;
  }
  return {
    ...{ attention: name, tokens, process },
    ...{ afterPrompt: bytes[0], atEnd: bytes[bytes.length - 1] },
    predicted: (name === "dense" ? cost.dense : cost.sparse) / 1e6,
    medianMs: median(times.slice(1).map((time, i) => time - times[i])),
  };
}

if (settings.only) {
  console.log(JSON.stringify(await runOnce(Number(settings.tokens), settings.only)));
} else {
  const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeCheckpoint(config, checkpoint);
    const uses: Use[] = [];
    for (const tokens of settings.tokens.split(",")) {
      for (const name of ["dense", "hybrid"]) {
        const own = { ...settings, tokens, only: name, checkpoint, threads: String(threads) };
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "-A", import.meta.filename!],
            ...Object.entries(own).flatMap(([key, value]) => [`--${key}`, value]),
          ],
          stderr: "inherit",
        }).output();
        uses.push(JSON.parse(new TextDecoder().decode(stdout).trim()));
      }
    }
    console.log(table(
      ["tokens", "attention", "cache MB", "at the end", "cost model", "process MB", "token ms"],
      uses.map((use) => [
        ...[String(use.tokens), use.attention],
        ...[use.afterPrompt, use.atEnd, use.predicted, use.process, use.medianMs]
          .map((x) => x.toFixed(1)),
      ]),
    ));
    writeRecord(settings.out, {
      what: "the KV cache after a prompt and while decoding",
      settings: { ...settings, only: undefined, checkpoint: undefined, threads },
      config,
      machine: manifest(await useBackend("tensorflow")),
      rows: uses,
    });
  } finally {
    await Deno.remove(checkpoint);
  }
}
