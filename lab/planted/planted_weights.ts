/**
 * The weights of the planted model: where the residual stream, queries, keys and values hold what, and
 * the matrices that follow from the roles of the heads.
 *
 * @module
 */
import type { ModelConfig } from "../../lib/model/config.ts";
import type { Random } from "../../lib/stats/random.ts";
import { symbols, token, vocabulary } from "./planted_world.ts";

/** What a head of the planted model does. */
export type PlantedRole =
  | "retrieval"
  | "stuck"
  | "picture"
  | "first"
  | "random"
  | "previous"
  | "induction";

/**
 * Places in the residual stream; what follows `noise` holds noise. From `word` on tokens say which word
 * of the vocabulary they are, from `before` on which word stands before them; `fill` makes
 * all of about the same length, so that no key is louder than another.
 */
export const at = {
  ...{ one: 0, first: 1, visual: 2, key: 3, value: 11, asked: 19, out: 27, noise: 35 },
  ...{ word: 64, before: 64 + vocabulary, fill: 64 + 2 * vocabulary },
};
/**
 * Places in queries and keys. The first `turning` and those half a head later turn with the position,
 * fast enough to tell neighbours apart; the others hardly do.
 */
const slot = { key: 4, first: 12, visual: 13, random: 20, word: 32 + 4 };
/** Places in values and outputs. */
const valueSlot = 1, wordSlot = 32;

/** Sizes: residual stream, head, feed-forward layer. */
export const width = 65 + 2 * vocabulary, headDim = 128, hidden = 16;
const randomSlots = 6, turning = 3;
/** Each pair of places turns this much slower than the one before; the first by 1 a position. */
const turn = 0.2;

/** Query heads and key-value heads of a layer. */
export const queryHeads = 8, keyValueHeads = 4;

/** A matrix that is written element by element. */
export class Matrix {
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
export function embeddings(random: Random): Matrix {
  const table = new Matrix(vocabulary, width);
  for (let id = 0; id < vocabulary; id++) {
    for (let i = at.noise; i < at.word; i++) table.set(id, i, random.normal(0, 0.1));
    table.set(id, at.one, 1);
    table.set(id, at.word + id, 1);
    table.set(id, at.fill, id === token.ask || id === token.anything ? Math.SQRT2 : 1);
  }
  table.set(token.first, at.first, 1);
  for (let i = 0; i < symbols; i++) {
    table.set(token.key + i, at.asked + i, 1);
    table.set(token.value + i, at.value + i, 1);
  }
  return table;
}

/** From a cell's one-hot key and value to its features: `[D, 2 * symbols + 1]`. */
export function cellFeatures(): Matrix {
  const features = new Matrix(width, 2 * symbols + 1);
  for (let i = 0; i < symbols; i++) {
    features.set(at.key + i, i, 1);
    features.set(at.value + i, symbols + i, 1);
    features.set(at.fill, i, -Math.SQRT1_2);
    features.set(at.fill, symbols + i, -Math.SQRT1_2);
  }
  features.set(at.one, 2 * symbols, 1);
  features.set(at.visual, 2 * symbols, 1);
  features.set(at.fill, 2 * symbols, Math.SQRT2);
  return features;
}

/** Query projection of one layer, by the roles of its heads: `[N * H, D]`. */
export function queryWeights(roles: readonly PlantedRole[], random: Random): Matrix {
  const weights = new Matrix(queryHeads * headDim, width);
  roles.forEach((role, head) => {
    const row = head * headDim;
    if (role === "retrieval") {
      for (let i = 0; i < symbols; i++) weights.set(row + slot.key + i, at.asked + i, 8);
      weights.set(row + slot.first, at.one, 2); // where nothing is asked, rest on the first token
    } else if (role === "stuck") {
      weights.set(row + slot.key, at.one, 8);
    } else if (role === "picture") {
      weights.set(row + slot.visual, at.one, 0.7);
    } else if (role === "first") {
      weights.set(row + slot.first, at.one, 4);
    } else if (role === "previous") {
      for (let i = 0; i < turning; i++) { // turned back by one position
        weights.set(row + i, at.one, 10 * Math.cos(turn ** i));
        weights.set(row + headDim / 2 + i, at.one, -10 * Math.sin(turn ** i));
      }
    } else if (role === "induction") {
      for (let i = 0; i < vocabulary; i++) weights.set(row + slot.word + i, at.word + i, 8);
      weights.set(row + slot.first, at.one, 2);
    } else {
      weights.fillRandom(random, 0.2, row + slot.random, row + slot.random + randomSlots);
    }
  });
  return weights;
}

/** Key projection, the same in every layer but for its random part: `[K * H, D]`. */
export function keyWeights(random: Random): Matrix {
  const weights = new Matrix(keyValueHeads * headDim, width);
  for (let row = 0; row < weights.rows; row += headDim) {
    for (let i = 0; i < symbols; i++) weights.set(row + slot.key + i, at.key + i, 2);
    weights.set(row + slot.first, at.first, 2);
    weights.set(row + slot.visual, at.visual, 2);
    for (let i = 0; i < vocabulary; i++) weights.set(row + slot.word + i, at.before + i, 2);
    for (let i = 0; i < turning; i++) weights.set(row + i, at.one, 2);
    weights.fillRandom(random, 0.16, row + slot.random, row + slot.random + randomSlots);
  }
  return weights;
}

/** Value projection: `[K * H, D]`. */
export function valueWeights(): Matrix {
  const weights = new Matrix(keyValueHeads * headDim, width);
  for (let row = 0; row < weights.rows; row += headDim) {
    for (let i = 0; i < symbols; i++) weights.set(row + valueSlot + i, at.value + i, 1);
    for (let i = 0; i < vocabulary; i++) weights.set(row + wordSlot + i, at.word + i, 1);
  }
  return weights;
}

/**
 * Output projection: retrieval heads write the cell's value to the logits and induction heads that of
 * the word, previous-token heads the word as the one before; others write noise. `[D, N * H]`
 */
export function outputWeights(roles: readonly PlantedRole[], random: Random): Matrix {
  const weights = new Matrix(width, queryHeads * headDim);
  roles.forEach((role, head) => {
    const words = head * headDim + wordSlot;
    if (role === "previous") {
      for (let i = 0; i < vocabulary; i++) weights.set(at.before + i, words + i, 0.2);
      return;
    }
    if (role === "induction") {
      for (let i = 0; i < symbols; i++) weights.set(at.out + i, words + token.value + i, 0.3);
      return;
    }
    for (let i = 0; i < symbols; i++) {
      const column = head * headDim + valueSlot + i;
      if (role === "retrieval") weights.set(at.out + i, column, 0.3);
      else for (let row = 0; row < width; row++) weights.set(row, column, random.normal(0, 0.01));
    }
  });
  return weights;
}

/** The config of a planted model. */
export function plantedConfig(layers: number): ModelConfig {
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
      ropeTheta: turn ** (-headDim / 2),
      mropeSection: null,
      mropeInterleaved: false,
    },
    vision: null,
    imageTokenId: token.image,
    videoTokenId: -1,
    eosTokenIds: [],
  };
}
