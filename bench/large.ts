/**
 * A checkpoint of real size on this machine: random bfloat16 weights with Qwen3-VL's shapes, made once
 * in a folder outside of the repository, then loaded (or streamed layer by layer) and run on an image
 * with a question.
 *
 *   deno run -A bench/large.ts --dir DIR [--size 4b] [--tokens 1000] [--mode resident|stream]
 *       [--dtype auto] [--threads N]
 *
 * Prints one JSON line: seconds to load, tokens per second, peak memory.
 * @module
 */
import { fileURLToPath } from "node:url";
import { createKernels, type DTypeChoice } from "../lib/backend/create_kernels.ts";
import { useBackend } from "../lib/backend/select.ts";
import { type Checkpoint, openCheckpoint, readModelConfig } from "../lib/families/checkpoint.ts";
import { loadModel, storedWeights } from "../lib/families/load_weights.ts";
import { expectedShapes } from "../lib/families/match_weights.ts";
import { StreamedModel } from "../lib/families/stream.ts";
import { Random } from "../lib/stats/random.ts";
import { float32ToBfloat16 } from "../lib/weights/dtypes.ts";
import { type TensorToWrite, writeSafetensors } from "../lib/weights/safetensors_write.ts";
import { makePrompt, sizes } from "./large_shapes.ts";
import { manifest, options, peakMegabytes } from "./report.ts";

/** The small golden checkpoint whose tokenizer and processor files the large one borrows. */
const small = fileURLToPath(new URL("../tests/golden/qwen3_vl/", import.meta.url));
const borrowed = [
  ...["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"],
  ...["preprocessor_config.json", "video_preprocessor_config.json"],
];

/** Writes the config files of a model of the given size. */
async function writeConfig(dir: string, size: keyof typeof sizes): Promise<void> {
  const json = JSON.parse(await Deno.readTextFile(`${small}config.json`));
  const { text, vision: { deepstack, ...vision }, tied } = sizes[size];
  const [hidden_size, intermediate_size, num_hidden_layers, heads, num_key_value_heads] = text;
  Object.assign(json, { tie_word_embeddings: tied });
  Object.assign(json.text_config, {
    ...{ hidden_size, intermediate_size, num_hidden_layers, num_key_value_heads },
    ...{ num_attention_heads: heads, head_dim: 128, vocab_size: 151936, rope_theta: 5e6 },
    tie_word_embeddings: tied,
    rope_scaling: { mrope_interleaved: true, mrope_section: [24, 20, 20], rope_type: "default" },
  });
  Object.assign(json.vision_config, {
    ...{ ...vision, deepstack_visual_indexes: deepstack, num_heads: 16, patch_size: 16 },
    ...{ num_position_embeddings: 2304, out_hidden_size: hidden_size },
  });
  await Deno.mkdir(dir, { recursive: true });
  await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(json, null, 2));
  for (const name of borrowed) await Deno.copyFile(`${small}${name}`, `${dir}/${name}`);
}

/** Random bfloat16 weights of deviation 0.02, the same block of them again and again. */
const block = (): Uint8Array => {
  const source = new Random(0);
  const values = Float32Array.from({ length: 1 << 20 }, () => 0.02 * source.normal());
  return new Uint8Array(float32ToBfloat16(values).buffer);
};

/** A weight: gains are one, biases zero, all else is random. */
function randomWeight(name: string, shape: readonly number[], random: Uint8Array): TensorToWrite {
  const count = shape.reduce((a, b) => a * b, 1);
  const data = new Uint8Array(2 * count);
  if (/norm\d?\.weight$|layernorm\.weight$/.test(name)) new Uint16Array(data.buffer).fill(0x3f80);
  else if (!name.endsWith(".bias")) {
    for (let at = 0; at < data.length; at += random.length) {
      data.set(random.subarray(0, Math.min(random.length, data.length - at)), at);
    }
  }
  return { shape, data, dtype: "BF16" };
}

/** Writes a checkpoint, one shard for each layer. */
async function makeCheckpoint(dir: string, size: keyof typeof sizes): Promise<void> {
  await writeConfig(dir, size);
  const { family, config } = await readModelConfig(dir);
  const shards = new Map<string, [string, readonly number[]][]>();
  for (const [role, shape] of expectedShapes(family, config)) {
    if (role === "lm_head.weight" && config.text.tieWordEmbeddings) continue;
    const prefix = family.weightPrefixes.find(([, own]) => role.startsWith(own))!;
    const name = prefix[0] + role.slice(prefix[1].length);
    const layer = /(blocks|layers)\.\d+/.exec(name)?.[0].replace(".", "-") ?? "other";
    const shard = `model-${layer}.safetensors`;
    shards.set(shard, [...shards.get(shard) ?? [], [name, shape]]);
  }
  const weightMap: Record<string, string> = {};
  const random = block();
  for (const [shard, own] of shards) {
    const tensors = own.map(([name, shape]) => [name, randomWeight(name, shape, random)] as const);
    await writeSafetensors(`${dir}/${shard}`, Object.fromEntries(tensors), { format: "pt" });
    for (const [name] of own) weightMap[name] = shard;
  }
  const index = `${dir}/model.safetensors.index.json`;
  await Deno.writeTextFile(index, JSON.stringify({ weight_map: weightMap }));
}

const args = options(Deno.args, {
  dir: "",
  size: "4b",
  tokens: "1000",
  mode: "resident",
  repeat: "3",
  dtype: "auto",
  threads: "",
});
if (!(args.size in sizes) || !args.dir) {
  throw new Error("Cannot run: wanted --dir, --size 4b or 8b");
}
try {
  await Deno.stat(`${args.dir}/model.safetensors.index.json`);
} catch {
  await makeCheckpoint(args.dir, args.size as keyof typeof sizes);
}
const backend = await useBackend("auto", { threads: Number(args.threads) || undefined });
const inputs = await makePrompt(args.dir, Number(args.tokens));
const checkpoint: Checkpoint = await openCheckpoint(args.dir);
const kernels = createKernels(
  args.dtype as DTypeChoice,
  storedWeights(checkpoint.family, checkpoint.config, checkpoint.source),
);
const bytes = checkpoint.source.names()
  .reduce((sum, name) => sum + checkpoint.source.info(name).byteLength, 0);
const seconds: number[] = [];
const timed = async <T>(body: () => Promise<T>): Promise<T> => {
  const start = performance.now();
  const result = await body();
  seconds.push((performance.now() - start) / 1e3);
  return result;
};
let loadSeconds = 0, prompts = 1;
if (args.mode === "stream") {
  using model = new StreamedModel(kernels, checkpoint);
  prompts = Number(args.repeat); // together in one pass
  await timed(() => model.forward(Array.from({ length: prompts }, () => ({ inputs }))));
} else {
  const model = await timed(() =>
    loadModel(kernels, checkpoint.family, checkpoint.config, checkpoint.source)
  );
  loadSeconds = seconds.pop()!;
  for (let i = 0; i < Number(args.repeat); i++) await timed(() => model.forward(inputs));
  model.dispose();
  checkpoint.source.close();
}
const sorted = [...seconds].sort((a, b) => a - b);
const median = sorted[Math.floor(sorted.length / 2)];
console.log(JSON.stringify({
  ...{
    size: args.size,
    mode: args.mode,
    dtype: kernels.computeDType,
    tokens: inputs.inputIds.length,
    prompts,
  },
  ...{ checkpointMegabytes: Math.round(bytes / 1e6), loadSeconds, seconds },
  tokensPerSecond: prompts * inputs.inputIds.length / median,
  peakMegabytes: peakMegabytes(),
  machine: manifest(backend),
}));
