/**
 * A Qwen3-VL text decoder with random weights, for measurements: its config, its checkpoint file and
 * the decoder that reads it.
 *
 * @module
 */
import process from "node:process";
import type { Kernels, Tensor } from "../lib/nn/kernels.ts";
import type { ModelConfig, TextConfig } from "../lib/model/config.ts";
import { KvCache } from "../lib/model/kv_cache.ts";
import type { ModelInputs } from "../lib/model/model_inputs.ts";
import { TextDecoder } from "../lib/model/text_decoder.ts";
import { VisionLanguageModel } from "../lib/model/vision_language_model.ts";
import { WeightsMap } from "../lib/model/weights_map.ts";
import { type AttentionFunction, denseAttention } from "../lib/nn/attention.ts";
import { Random } from "../lib/stats/random.ts";
import { float32ToBfloat16 } from "../lib/weights/dtypes.ts";
import { readWeight } from "../lib/families/load_weights.ts";
import { openSafetensors } from "../lib/weights/safetensors.ts";
import { type TensorToWrite, writeSafetensors } from "../lib/weights/safetensors_write.ts";

/** The decoder that all measurements use: 1024 wide, 16 query and 8 key-value heads of 64. */
export function benchConfig(layers: number): TextConfig {
  return {
    hiddenSize: 1024,
    intermediateSize: 3072,
    numHiddenLayers: layers,
    numAttentionHeads: 16,
    numKeyValueHeads: 8,
    headDim: 64,
    hiddenAct: "silu",
    rmsNormEps: 1e-6,
    vocabSize: 1024,
    qkNorm: true,
    attentionBias: false,
    tieWordEmbeddings: true,
    maxPositionEmbeddings: 262144,
    ropeTheta: 5e6,
    mropeSection: [12, 10, 10],
    mropeInterleaved: true,
  };
}

/** The same config as transformers' `Qwen3VLTextConfig` wants it. */
export function transformersConfig(
  config: TextConfig,
): Record<string, unknown> & { rope_parameters: Record<string, unknown> } {
  return {
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.numHiddenLayers,
    num_attention_heads: config.numAttentionHeads,
    num_key_value_heads: config.numKeyValueHeads,
    head_dim: config.headDim,
    hidden_act: config.hiddenAct,
    rms_norm_eps: config.rmsNormEps,
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxPositionEmbeddings,
    rope_parameters: {
      rope_type: "default",
      rope_theta: config.ropeTheta,
      mrope_section: config.mropeSection,
      mrope_interleaved: config.mropeInterleaved,
    },
  };
}

/** Names and shapes of the weights, as in `Qwen3VLTextModel`. */
function weightShapes(config: TextConfig): [name: string, shape: number[]][] {
  const { hiddenSize: width, intermediateSize: inner, headDim } = config;
  const query = config.numAttentionHeads * headDim, key = config.numKeyValueHeads * headDim;
  const layer: [string, number[]][] = [
    ["input_layernorm.weight", [width]],
    ["self_attn.q_proj.weight", [query, width]],
    ["self_attn.k_proj.weight", [key, width]],
    ["self_attn.v_proj.weight", [key, width]],
    ["self_attn.o_proj.weight", [width, query]],
    ["self_attn.q_norm.weight", [headDim]],
    ["self_attn.k_norm.weight", [headDim]],
    ["post_attention_layernorm.weight", [width]],
    ["mlp.gate_proj.weight", [inner, width]],
    ["mlp.up_proj.weight", [inner, width]],
    ["mlp.down_proj.weight", [width, inner]],
  ];
  return [
    ["embed_tokens.weight", [config.vocabSize, width]],
    ...Array.from({ length: config.numHiddenLayers }, (_, i) => i).flatMap((i) =>
      layer.map(([name, shape]): [string, number[]] => [`layers.${i}.${name}`, shape])
    ),
    ["norm.weight", [width]],
  ];
}

/** Random numbers to draw weights from: drawing each of 150 million anew would take a minute. */
const poolSize = 1 << 22;

/** Writes a checkpoint of random bfloat16 weights; the same seed gives the same bytes. */
export async function writeCheckpoint(config: TextConfig, path: string, seed = 0): Promise<void> {
  const random = new Random(seed);
  const pool = Float32Array.from({ length: poolSize }, () => random.normal());
  const tensors: Record<string, TensorToWrite> = {};
  for (const [name, shape] of weightShapes(config)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const gain = shape.length === 1;
    const scale = gain ? 0.1 : name.startsWith("embed") ? 1 : 1 / Math.sqrt(shape[1]);
    const start = random.integer(poolSize);
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      values[i] = pool[(start + i * 17) % poolSize] * scale + (gain ? 1 : 0);
    }
    const data = new Uint8Array(float32ToBfloat16(values).buffer);
    tensors[name] = { dtype: "BF16", shape, data };
  }
  await writeSafetensors(path, tensors, { format: "pt" });
}

/** Reads a checkpoint of {@link writeCheckpoint}, as a large one or as a small one. */
export async function readDecoder(
  kernels: Kernels,
  config: TextConfig,
  path: string,
  large = false,
): Promise<TextDecoder> {
  using source = await openSafetensors(path);
  const tensors = new Map<string, Tensor>();
  for (const name of source.names()) {
    const { shape } = source.info(name);
    tensors.set(name, await readWeight(kernels, source, name, shape, large));
  }
  const weights = new WeightsMap(tensors);
  return new TextDecoder(kernels, config, weights, weights.get("embed_tokens.weight"));
}

/** Token ids of a prompt; the same in every run. */
export function promptIds(config: TextConfig, tokens: number): Int32Array {
  const random = new Random(`prompt ${tokens}`);
  return Int32Array.from({ length: tokens }, () => random.integer(config.vocabSize));
}

/** The decoder of a checkpoint of {@link writeCheckpoint} as a text-only model. */
export async function readModel(
  kernels: Kernels,
  config: TextConfig,
  path: string,
): Promise<VisionLanguageModel> {
  const decoder = await readDecoder(kernels, config, path);
  const parts: ModelConfig = {
    modelType: "random",
    text: config,
    vision: null,
    imageTokenId: -1,
    videoTokenId: -1,
    eosTokenIds: [],
  };
  return new VisionLanguageModel(kernels, parts, decoder, null, decoder.weights);
}

/** Token ids as a prompt of text. */
export function textInputs(inputIds: Int32Array, axes = 3): ModelInputs {
  const tokens = inputIds.length;
  const positionIds = new Int32Array(axes * tokens).map((_, i) => i % tokens);
  return { inputIds, positionIds, nextPosition: tokens, media: {} };
}

/** What one prefill gives. */
export interface Prefill {
  /** Wall-clock time in milliseconds, from token ids to the last hidden states. */
  readonly ms: number;
  /** Processor time of all threads in milliseconds. */
  readonly cpuMs: number;
  /** Hidden state of the last position after the final norm, `[D]`. */
  readonly last: Float32Array;
}

/** Prefills a prompt with a KV cache, from token ids to the normalised hidden states of all positions. */
export function prefill(
  decoder: TextDecoder,
  tokens: number,
  attention: AttentionFunction = denseAttention,
): Prefill {
  const { kernels: k, config } = decoder;
  const ids = promptIds(config, tokens);
  const positionIds = new Int32Array(3 * tokens).map((_, i) => i % tokens);
  const cache = new KvCache(k, config.numHiddenLayers);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const last = k.scope(() => {
    const embeddings = k.reshape(decoder.embed(ids), [1, tokens, config.hiddenSize]);
    const residual = decoder.forward(embeddings, positionIds, { cache, attention });
    const hidden = k.rmsNorm(residual, decoder.weights.get("norm.weight"), config.rmsNormEps);
    return k.readSync(k.slice(hidden, [0, tokens - 1, 0], [1, 1, -1])) as Float32Array;
  });
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  cache.dispose();
  return { ms, cpuMs: (user + system) / 1e3, last };
}
