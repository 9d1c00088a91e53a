/**
 * The vision tower of SmolLM2: a small CLIP tower and LLaVA's projector, as variables to train.
 *
 * @module
 */
import type { ImageTowerConfig } from "../../lib/model/config.ts";
import { imageTowerShapes } from "../../lib/model/weight_shapes.ts";
import { Random } from "../../lib/stats/random.ts";
import { pageCell, pageSide } from "../pages/word_page.ts";
import { WeightVariables } from "./weight_variables.ts";

/** The tower: one patch is one cell of a page, so one cell is one visual token. */
export const visionTowerConfig: ImageTowerConfig = {
  encoder: {
    depth: 3,
    featureDepth: 3,
    hiddenSize: 256,
    intermediateSize: 1024,
    numHeads: 4,
    hiddenAct: "quick_gelu",
    norm: "layer",
    normEps: 1e-5,
    imageSize: pageSide * pageCell,
    patchSize: pageCell,
    classToken: true,
    patchBias: false,
    preNorm: true,
    qkNorm: false,
    attentionBias: true,
    layerScale: false,
  },
  projector: { hiddenAct: "gelu", merge: 1, norm: false, bias: true },
  newline: false,
};

/**
 * The tower twice as wide in all but its feed-forward layers, which reads some thousand words: embeddings of so many
 * do not lie near any 256 directions.
 */
export const wideTowerConfig: ImageTowerConfig = {
  ...visionTowerConfig,
  encoder: { ...visionTowerConfig.encoder, hiddenSize: 512, numHeads: 8 },
};

/** Mean and deviation of the pixels, per channel. */
export const visionTowerPixels = { mean: 0.5, deviation: 0.5 } as const;

/** Blurs an image of `side` along both axes, with wrapped borders. */
function blur(picture: Float32Array, side: number): Float32Array {
  const along = (source: Float32Array, step: number) =>
    source.map((value, i) => {
      const line = Math.floor(i / step) % side, start = i - line * step;
      const at = (offset: number) => source[start + (line + offset + side) % side * step];
      return (at(-2) + 2 * at(-1) + 3 * value + 2 * at(1) + at(2)) / 9;
    });
  return along(along(picture, 1), side);
}

/**
 * First patch filters, `[filters, 3, side, side]`: grey blurred noise without a mean, so that they see
 * neither the colour of the paper nor single pixels.
 */
function patchFilters(random: Random, filters: number, side: number): Float32Array {
  const plane = side * side, out = new Float32Array(filters * 3 * plane);
  for (let filter = 0; filter < filters; filter++) {
    const soft = blur(Float32Array.from({ length: plane }, () => random.normal()), side);
    const mean = soft.reduce((a, b) => a + b, 0) / plane;
    const size = Math.sqrt(soft.reduce((sum, value) => sum + (value - mean) ** 2, 0));
    [0.3, 0.59, 0.11].forEach((weight, channel) =>
      out.set(
        soft.map((value) => 1.5 * weight * (value - mean) / size),
        (filter * 3 + channel) * plane,
      )
    );
  }
  return out;
}

/** Matrices that move by Muon: those of the layers, and the projector's first. */
function isHiddenMatrix(name: string): boolean {
  return /layers\..*(proj|fc\d)\.weight$/.test(name) || name === "projector.linear_1.weight";
}

/** Weights of the vision tower in training, named as in `ImageTower`. */
export class VisionTowerParameters extends WeightVariables {
  /**
   * Draws the first values.
   *
   * @param textWidth width of the language model, D
   * @param middle `[D]`, what every cell is projected to at first: the mean word embedding
   */
  constructor(
    readonly config: ImageTowerConfig,
    readonly textWidth: number,
    middle: Float32Array,
    seed: number | string,
  ) {
    super(isHiddenMatrix);
    const random = new Random(seed);
    const { depth, hiddenSize, patchSize } = config.encoder;
    for (const [name, shape] of imageTowerShapes(config, textWidth)) {
      const own = random.fork(name), size = shape.reduce((a, b) => a * b, 1);
      const normal = (deviation: number) =>
        Float32Array.from({ length: size }, () => own.normal(0, deviation));
      let data: Float32Array;
      if (name === "projector.linear_2.bias") data = middle;
      else if (name.endsWith("patch_embedding.weight")) {
        data = patchFilters(own, hiddenSize, patchSize);
      } else if (name.endsWith(".bias")) data = new Float32Array(size);
      else if (/norm\d?\.weight$/.test(name)) data = new Float32Array(size).fill(1);
      else if (name.includes("embedding")) data = normal(0.02);
      else {
        const into = /out_proj|fc2/.test(name) ? 1 / Math.sqrt(2 * depth) : 1;
        data = normal(into / Math.sqrt(shape[1]));
      }
      this.add(name, shape, data);
    }
  }
}
