/**
 * A tiny multimodal model whose retrieval heads are known because its weights are written down, not
 * trained: the truth against which identification and ablation are tested.
 *
 * Its images and questions are those of `planted_world.ts`. A retrieval head matches the asked key
 * with the cells' keys and copies the value to the logits. Around these heads stand decoys: a head
 * stuck on one key whatever is asked, heads that look at the whole image, heads on the first token,
 * and heads with small random weights. On request there are induction heads, which go by wording alone:
 * where a word stands a second time, they look at what followed it the first time (Olsson et al. 2022).
 * @module
 */
import { headAt, type HeadId } from "../../lib/common/head_id.ts";
import type { Kernels, Tensor } from "../../lib/nn/kernels.ts";
import { InputError } from "../../lib/common/errors.ts";
import type { ModelInputs, VisionTower } from "../../lib/model/model_inputs.ts";
import { TextDecoder } from "../../lib/model/text_decoder.ts";
import { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { WeightsMap } from "../../lib/model/weights_map.ts";
import { Random, type Seed } from "../../lib/stats/random.ts";
import {
  at,
  cellFeatures,
  embeddings,
  hidden,
  keyWeights,
  Matrix,
  outputWeights,
  plantedConfig,
  type PlantedRole,
  queryHeads,
  queryWeights,
  valueWeights,
  width,
} from "./planted_weights.ts";
import { symbols, token, vocabulary } from "./planted_world.ts";

export type { PlantedRole } from "./planted_weights.ts";

/** The planted world's words that ask and answer, and its first token, for scores on repeated tokens. */
export const plantedWords = {
  tokens: Array.from({ length: 2 * symbols }, (_, i) => token.key + i),
  first: token.first,
} as const;

/** What to plant. */
export interface PlantedOptions {
  /** Seed of the places of all heads and of the random weights. */
  readonly seed: Seed;
  /** Number of retrieval heads; 3 by default. */
  readonly retrievalHeads?: number;
  /** Number of induction heads, with the previous-token head that they need; 0 by default. */
  readonly inductionHeads?: number;
  /** Decoder layers; 4 by default. */
  readonly layers?: number;
}

/** A model and what its heads do. */
export interface PlantedModel {
  /** The model; the caller disposes of it. */
  readonly model: VisionLanguageModel;
  /** The retrieval heads, by layer, then by head. */
  readonly retrievalHeads: readonly HeadId[];
  /** The induction heads, likewise. */
  readonly inductionHeads: readonly HeadId[];
  /** Role of every head, `[layers, heads]` row by row. */
  readonly roles: readonly PlantedRole[];
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

/**
 * Turns heads with random weights into induction heads, above the first layer, and one of the first
 * layer into the previous-token head that they need.
 */
function plantInduction(roles: PlantedRole[], count: number, random: Random): void {
  if (count === 0) return;
  const places = (from: number, to: number) =>
    random.shuffle(
      roles.flatMap((role, i) => role === "random" && i >= from && i < to ? [i] : []),
    );
  const below = places(0, queryHeads), above = places(queryHeads, roles.length);
  if (!Number.isInteger(count) || count < 0 || count > above.length || below.length === 0) {
    throw new InputError(
      `Cannot plant ${count} induction heads: wanted 0 to ${
        below.length && above.length
      } above the ` +
        "first layer, beside the other heads",
    );
  }
  roles[below[0]] = "previous";
  for (const place of above.slice(0, count)) roles[place] = "induction";
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
  const { seed, retrievalHeads = 3, inductionHeads = 0, layers = 4 } = options;
  const random = new Random(seed).fork("planted model");
  const roles = chooseRoles(retrievalHeads, layers * queryHeads, random);
  plantInduction(roles, inductionHeads, random.fork("induction heads"));
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
    retrievalHeads: headsOf(roles, "retrieval"),
    inductionHeads: headsOf(roles, "induction"),
  };
}

/** The heads of a role. */
function headsOf(roles: readonly PlantedRole[], wanted: PlantedRole): HeadId[] {
  return roles.flatMap((role, i) => role === wanted ? [headAt(i, queryHeads)] : []);
}
