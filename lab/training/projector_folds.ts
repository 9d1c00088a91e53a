/**
 * What a projector makes of photographs that it did not learn from, for all photographs: by turns, each part of them is
 * left out.
 *
 * What learns to read a projector's outputs has to see such as these: outputs of photographs that the projector was
 * aligned to are nearly the embedding of the name, others lie between it and what all have in common.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { Random } from "../../lib/stats/random.ts";
import {
  alignProjector,
  freshProjector,
  type NamedDirections,
  type ProjectorInTraining,
  type ProjectorRun,
} from "./projector.ts";
import type { NamedFeatures } from "./projector_variables.ts";
import type { WordTable } from "./vision_tower_aligner.ts";

/** What a language model gets for named views, `[views, cells, D]` in `data`. */
export type NamedOutputs = NamedFeatures;

/** A projector's outputs for views. */
export function projectedFeatures(
  projector: ProjectorInTraining,
  features: NamedFeatures,
): NamedOutputs {
  const { cells, words } = features, { width } = projector.table;
  const data = new Float32Array(words.length * cells * width);
  words.forEach((_, view) => {
    const rows = projector.rows(Int32Array.of(view), { of: features });
    data.set(tf.tidy(() => projector.features(rows).dataSync()), view * cells * width);
  });
  return { data, cells, channels: width, words };
}

/** Some of the views. */
export function chosenViews(
  { data, cells, channels, words }: NamedFeatures,
  chosen: readonly number[],
): NamedFeatures {
  const size = cells * channels, own = new Float32Array(chosen.length * size);
  chosen.forEach((view, i) => own.set(data.subarray(view * size, (view + 1) * size), i * size));
  return { data: own, cells, channels, words: Int32Array.from(chosen, (view) => words[view]) };
}

/** How the parts are drawn, and how a projector is aligned to the others. */
export interface FoldedRun extends Omit<ProjectorRun, "onStep"> {
  /** Number of views of a photograph, which stand one after the other. */
  readonly perPhotograph: number;
  /** Number of parts. */
  readonly folds: number;
  /** Told of every part that is done. */
  readonly onFold?: (fold: number) => void;
}

/**
 * Outputs for views of photographs, each by a projector that was aligned to other photographs and to the network's classes.
 *
 * @param features of photographs with the same number of views each
 */
export async function outputsOutOfFold(
  features: NamedFeatures,
  table: WordTable,
  classes: NamedDirections,
  { perPhotograph, folds, onFold, ...alignment }: FoldedRun,
): Promise<NamedOutputs> {
  const { width } = table, { seed } = alignment;
  const photographs = features.words.length / perPhotograph;
  const size = features.cells * width, data = new Float32Array(features.words.length * size);
  const order = new Random(`folds ${seed}`).permutation(photographs);
  for (let fold = 0; fold < folds; fold++) {
    const isOut = new Set(Array.from(order).filter((_, i) => i % folds === fold));
    const all = Array.from(features.words.keys());
    const [out, rest] = [true, false].map((wanted) =>
      all.filter((view) => isOut.has(Math.floor(view / perPhotograph)) === wanted)
    );
    using projector = freshProjector(chosenViews(features, rest), table, seed + fold, classes);
    await alignProjector(projector, { ...alignment, seed: seed + fold });
    const found = projectedFeatures(projector, chosenViews(features, out));
    out.forEach((view, i) => data.set(found.data.subarray(i * size, (i + 1) * size), view * size));
    onFold?.(fold);
  }
  return { data, cells: features.cells, channels: width, words: features.words };
}

/**
 * Views whose name can be told without them: other photographs of it, or classes of the network, show what it looks like.
 *
 * @param perPhotograph number of views of a photograph
 */
export function tellableViews(
  { words }: Pick<NamedFeatures, "words">,
  perPhotograph: number,
  classes: Pick<NamedDirections, "words">,
): number[] {
  const counts = new Map<number, number>(), known = new Set(classes.words);
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...words.keys()].filter((view) =>
    counts.get(words[view])! > perPhotograph || known.has(words[view])
  );
}

/**
 * Outputs for pictures of any word: those of a photograph, with as much of another word's embedding in place of its own.
 * What all outputs have in common stays, and so does what is the photograph's alone.
 *
 * There are more words than photographs, so that what reads them has to learn to read and cannot remember the few.
 *
 * @param outputs of photographs that the projector did not learn from
 * @param count number of pictures
 * @param least share of a word's embedding that a picture has; photographs have 0 to 1
 */
export function renamedOutputs(
  outputs: NamedOutputs,
  { embeddings, words, width, scale }: WordTable,
  { count, least, random }: {
    readonly count: number;
    readonly least: number;
    readonly random: Random;
  },
): NamedOutputs {
  const { data, cells } = outputs, common = new Float64Array(width);
  data.forEach((value, i) => common[i % width] += value * width / data.length);
  /** From what is common to the embedding of a word. */
  const direction = (word: number) =>
    common.map((value, i) => embeddings[word * width + i] * scale - value);
  const renamed = new Float32Array(count * cells * width), named = new Int32Array(count);
  for (let picture = 0; picture < count; picture++) {
    const view = random.integer(outputs.words.length);
    named[picture] = random.integer(words);
    const [own, other] = [outputs.words[view], named[picture]].map(direction);
    const length = own.reduce((sum, value) => sum + value * value, 0);
    for (let cell = 0; cell < cells; cell++) {
      const from = data.subarray((view * cells + cell) * width, (view * cells + cell + 1) * width);
      const share = own.reduce((sum, value, i) => sum + value * (from[i] - common[i]), 0) / length;
      const at = (picture * cells + cell) * width, more = Math.max(share, least);
      from.forEach((value, i) => renamed[at + i] = value - share * own[i] + more * other[i]);
    }
  }
  return { data: renamed, cells, channels: width, words: named };
}
