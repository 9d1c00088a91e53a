/**
 * A tiny multimodal model whose retrieval heads are known because its weights are written down, not
 * trained: the truth against which identification and ablation are tested.
 *
 * Its images and questions are those of `planted_world.ts`. A retrieval head matches the asked key
 * with the cells' keys and copies the value to the logits. Around these heads stand decoys: a head
 * stuck on one key whatever is asked, heads that look at the whole image, heads on the first token,
 * and heads with small random weights.
 * @module
 */
import type { HeadId } from "../../lib/common/head_id.ts";
import type { Kernels, Tensor } from "../../lib/nn/kernels.ts";
import { InputError } from "../../lib/common/errors.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import type { ModelInputs, VisionTower } from "../../lib/model/model_inputs.ts";
import { TextDecoder } from "../../lib/model/text_decoder.ts";
import { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { WeightsMap } from "../../lib/model/weights_map.ts";
import { Random, type Seed } from "../../lib/stats/random.ts";
import { symbols, token, vocabulary } from "./planted_world.ts";

/** Places in the residual stream; what follows holds noise. */
const at = { one: 0, first: 1, visual: 2, key: 3, value: 11, asked: 19, out: 27, noise: 35 };
/** Places in queries and keys; 0 and 16 turn with the position and stay empty. */
const slot = { key: 1, first: 9, visual: 10, random: 17 };
/** Places in values and outputs. */
const valueSlot = 1;

const width = 64, headDim = 32, hidden = 16;
const randomSlots = 6;

/** What a head of the planted model does. */
export type PlantedRole = "retrieval" | "stuck" | "picture" | "first" | "random";

/** What to plant. */
export interface PlantedOptions {
  /** Seed of the places of all heads and of the random weights. */
  readonly seed: Seed;
  /** Number of retrieval heads; 3 by default. */
  readonly retrievalHeads?: number;
  /** Decoder layers; 4 by default. */
  readonly layers?: number;
}

/** A model and what its heads do. */
export interface PlantedModel {
  /** The model; the caller disposes of it. */
  readonly model: VisionLanguageModel;
  /** The retrieval heads, by layer, then by head. */
  readonly retrievalHeads: readonly HeadId[];
  /** Role of every head, `[layers, heads]` row by row. */
  readonly roles: readonly PlantedRole[];
}

const queryHeads = 8, keyValueHeads = 4;

/** A matrix that is written element by element. */
class Matrix {
  readonly data: Float32Array;

  constructor(readonly rows: number, readonly columns: number) {
    this.data = new Float32Array(rows * columns);
  }

  set(row: number, column: number, value: number): void {
    this.data[row * this.columns + column] = value;
  }

  /** Fills rows with normal numbers. */
  fillRandom(random: Random, deviation: number, from = 0, to = this.rows): this {
    for (let i = from * this.columns; i < to * this.columns; i++) {
      this.data[i] = random.normal(0, deviation);
    }
    return this;
  }
}

/** Embeddings of the tokens, `[V, D]`. */
function embeddings(random: Random): Matrix {
  const table = new Matrix(vocabulary, width);
  for (let id = 0; id < vocabulary; id++) {
    for (let i = at.noise; i < width; i++) table.set(id, i, random.normal(0, 0.1));
    table.set(id, at.one, 1);
  }
  table.set(token.first, at.first, 1);
  for (let i = 0; i < symbols; i++) {
    table.set(token.key + i, at.asked + i, 1);
    table.set(token.value + i, at.value + i, 1);
  }
  return table;
}

/** From a cell's one-hot key and value to its features: `[D, 2 * symbols + 1]`. */
function cellFeatures(): Matrix {
  const features = new Matrix(width, 2 * symbols + 1);
  for (let i = 0; i < symbols; i++) {
    features.set(at.key + i, i, 1);
    features.set(at.value + i, symbols + i, 1);
  }
  features.set(at.one, 2 * symbols, 1);
  features.set(at.visual, 2 * symbols, 1);
  return features;
}

/** Query projection of one layer, by the roles of its heads: `[N * H, D]`. */
function queryWeights(roles: readonly PlantedRole[], random: Random): Matrix {
  const weights = new Matrix(queryHeads * headDim, width);
  roles.forEach((role, head) => {
    const row = head * headDim;
    if (role === "retrieval") {
      for (let i = 0; i < symbols; i++) weights.set(row + slot.key + i, at.asked + i, 4);
      weights.set(row + slot.first, at.one, 1); // where nothing is asked, rest on the first token
    } else if (role === "stuck") {
      weights.set(row + slot.key, at.one, 4);
    } else if (role === "picture") {
      weights.set(row + slot.visual, at.one, 0.5);
    } else if (role === "first") {
      weights.set(row + slot.first, at.one, 2);
    } else {
      weights.fillRandom(random, 0.16, row + slot.random, row + slot.random + randomSlots);
    }
  });
  return weights;
}

/** Key projection, the same in every layer but for its random part: `[K * H, D]`. */
function keyWeights(random: Random): Matrix {
  const weights = new Matrix(keyValueHeads * headDim, width);
  for (let row = 0; row < weights.rows; row += headDim) {
    for (let i = 0; i < symbols; i++) weights.set(row + slot.key + i, at.key + i, 2);
    weights.set(row + slot.first, at.first, 2);
    weights.set(row + slot.visual, at.visual, 2);
    weights.fillRandom(random, 0.16, row + slot.random, row + slot.random + randomSlots);
  }
  return weights;
}

/** Value projection: `[K * H, D]`. */
function valueWeights(): Matrix {
  const weights = new Matrix(keyValueHeads * headDim, width);
  for (let row = 0; row < weights.rows; row += headDim) {
    for (let i = 0; i < symbols; i++) weights.set(row + valueSlot + i, at.value + i, 1);
  }
  return weights;
}

/** Output projection: retrieval heads write the value to the logits, others noise. `[D, N * H]` */
function outputWeights(roles: readonly PlantedRole[], random: Random): Matrix {
  const weights = new Matrix(width, queryHeads * headDim);
  roles.forEach((role, head) => {
    for (let i = 0; i < symbols; i++) {
      const column = head * headDim + valueSlot + i;
      if (role === "retrieval") weights.set(at.out + i, column, 0.3);
      else for (let row = 0; row < width; row++) weights.set(row, column, random.normal(0, 0.01));
    }
  });
  return weights;
}

/** Roles of all heads: retrieval heads and decoys at random places. */
function chooseRoles(count: number, heads: number, random: Random): PlantedRole[] {
  const decoys: PlantedRole[] = ["stuck", "picture", "picture", "first", "first", "first"];
  if (!Number.isInteger(count) || count < 0 || count + decoys.length > heads) {
    throw new InputError(
      `Cannot plant ${count} retrieval heads among ${heads}: wanted 0 to ${heads - decoys.length}`,
    );
  }
  const roles = [...Array<PlantedRole>(count).fill("retrieval"), ...decoys];
  while (roles.length < heads) roles.push("random");
  return random.shuffle(roles);
}

/** The image's cells as features: one linear map. */
class CellTower implements VisionTower {
  constructor(readonly kernels: Kernels, readonly weights: WeightsMap) {}

  encodeMedia(media: ModelInputs["media"]): ReturnType<VisionTower["encodeMedia"]> {
    const k = this.kernels;
    const pixels = media["pixel_values"];
    if (!pixels) return { images: null, videos: null };
    const features = k.scope(() =>
      k.cast(
        k.linear(k.tensor(pixels.data, pixels.shape), this.weights.get("cells.weight")),
        "float32",
      )
    );
    return { images: { features, deepstack: [] }, videos: null };
  }
}

/**
 * Builds a model with retrieval heads at places that the seed chooses.
 *
 * @throws {InputError} for more retrieval heads than there is room for
 *
 * @example
 * ```ts
 * import { portableKernels } from "../../lib/backend/portable.ts";
 * import { useBackend } from "../../lib/backend/select.ts";
 * import { plantedModel } from "./planted.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("wasm");
 * const { model, retrievalHeads } = plantedModel(portableKernels(), { seed: 1, retrievalHeads: 2 });
 * assertEquals(retrievalHeads.length, 2);
 * model.dispose();
 * ```
 */
export function plantedModel(kernels: Kernels, options: PlantedOptions): PlantedModel {
  const { seed, retrievalHeads = 3, layers = 4 } = options;
  const random = new Random(seed).fork("planted model");
  const roles = chooseRoles(retrievalHeads, layers * queryHeads, random);
  const tensors = new Map<string, Tensor>();
  const put = (name: string, { data, rows, columns }: Matrix) =>
    tensors.set(name, kernels.weight(new Uint8Array(data.buffer), "F32", [rows, columns]));
  const ones = (name: string) =>
    tensors.set(
      name,
      kernels.weight(new Uint8Array(new Float32Array(width).fill(1).buffer), "F32", [width]),
    );
  put("text.embed_tokens.weight", embeddings(random));
  put("vision.cells.weight", cellFeatures());
  ones("text.norm.weight");
  for (let layer = 0; layer < layers; layer++) {
    const own = roles.slice(layer * queryHeads, (layer + 1) * queryHeads);
    const name = (role: string) => `text.layers.${layer}.${role}.weight`;
    ones(name("input_layernorm"));
    ones(name("post_attention_layernorm"));
    put(name("self_attn.q_proj"), queryWeights(own, random));
    put(name("self_attn.k_proj"), keyWeights(random));
    put(name("self_attn.v_proj"), valueWeights());
    put(name("self_attn.o_proj"), outputWeights(own, random));
    put(name("mlp.gate_proj"), new Matrix(hidden, width).fillRandom(random, 0.02));
    put(name("mlp.up_proj"), new Matrix(hidden, width).fillRandom(random, 0.02));
    put(name("mlp.down_proj"), new Matrix(width, hidden).fillRandom(random, 0.02));
  }
  const head = new Matrix(vocabulary, width);
  for (let i = 0; i < symbols; i++) head.set(token.value + i, at.out + i, 4);
  put("lm_head.weight", head);

  const weights = new WeightsMap(tensors);
  const config = plantedConfig(layers);
  const decoder = new TextDecoder(
    kernels,
    config.text,
    weights.under("text."),
    weights.get("lm_head.weight"),
  );
  const vision = new CellTower(kernels, weights.under("vision."));
  return {
    model: new VisionLanguageModel(kernels, config, decoder, vision, weights),
    roles,
    retrievalHeads: roles.flatMap((role, i) =>
      role === "retrieval" ? [{ layer: Math.floor(i / queryHeads), head: i % queryHeads }] : []
    ),
  };
}

function plantedConfig(layers: number): ModelConfig {
  return {
    modelType: "planted",
    text: {
      hiddenSize: width,
      intermediateSize: hidden,
      numHiddenLayers: layers,
      numAttentionHeads: queryHeads,
      numKeyValueHeads: keyValueHeads,
      headDim,
      hiddenAct: "silu",
      rmsNormEps: 1e-6,
      vocabSize: vocabulary,
      qkNorm: false,
      attentionBias: false,
      tieWordEmbeddings: false,
      maxPositionEmbeddings: 4096,
      ropeTheta: 1e300, // only the first frequency turns
      mropeSection: null,
      mropeInterleaved: false,
    },
    vision: null,
    imageTokenId: token.image,
    videoTokenId: -1,
    eosTokenIds: [],
  };
}
