/**
 * How concentrated retrieval is in a model trained on words in the places of pixels, and what its heads are
 * worth: calibrated RAM of every head on some contexts; on others, right answers without the best heads,
 * without random ones and without others of the same layers, from the question on.
 *
 * @module
 */
import { gridOf, type HeadId, headName } from "../../lib/common/head_id.ts";
import { layerMatchedHeads, randomHeads } from "../../lib/heads/controls.ts";
import { topHeads } from "../../lib/heads/select.ts";
import { type AnyModel, networkOf } from "../../lib/model/network_of.ts";
import { topShareInterval } from "../../lib/stats/bootstrap_maps.ts";
import { entropy } from "../../lib/stats/concentration.ts";
import { crossedInterval } from "../../lib/stats/crossed.ts";
import type { Interval } from "../../lib/stats/interval.ts";
import { columnMeans, sampleMatrix } from "../../lib/stats/matrix.ts";
import { Random } from "../../lib/stats/random.ts";
import { mean } from "../../lib/stats/summary.ts";
import { imageGrids } from "../training/curriculum.ts";
import { answerContext, type AnswerOptions } from "../training/evaluate.ts";
import { sequenceLayout } from "../training/layout.ts";
import { type PlainContext, plainContext } from "../training/plain_contexts.ts";

/** 64 visual tokens, 12 pairs, a question on each. */
const images = { grids: imageGrids(1, 8), format: "images" } as const;
const pairs = 12;

/** Share of the heads that is removed. */
const fraction = 0.05;

/** How much is measured. */
export interface ScaleHeadsOptions {
  /** Contexts that choose the heads. */
  readonly chosenOn: number;
  /** Other contexts, on which they are removed. */
  readonly testedOn: number;
  /** Draws of random heads, and of heads of the same layers. */
  readonly draws: number;
  /** Words of each section in use. */
  readonly words: number;
}

/** Right answers by context, in shares. */
export interface ScaleOutcomes {
  /** With all heads, `[contexts]`. */
  readonly whole: readonly number[];
  /** Without the best 5%, and without the best 10 and 20%. */
  readonly top: readonly number[];
  readonly top10: readonly number[];
  readonly top20: readonly number[];
  /** Without random heads, `[draws][contexts]`. */
  readonly random: readonly (readonly number[])[];
  /** Without others of the same layers, as far as a layer has enough; the nearest layers give the rest. */
  readonly layerMatched: readonly (readonly number[])[];
}

/** What was found in one model. */
export interface ScaleHeads {
  readonly heads: number;
  /** Best heads by calibrated RAM: 5%. */
  readonly best: readonly string[];
  /** Calibrated RAM of each head, `[layers * heads]`. */
  readonly calibrated: readonly number[];
  /** Share of all positive calibrated RAM in the best 5%, its interval over contexts. */
  readonly topShare: Interval;
  /** Effective number of heads: exponential of the entropy of positive calibrated RAM. */
  readonly effective: number;
  readonly outcomes: ScaleOutcomes;
}

function contextOf(label: string, words: number): PlainContext {
  const options = { grids: images.grids, pairs, questions: pairs, words, split: "test" } as const;
  return plainContext(new Random(label), options);
}

/** Attention of the question's word on its pair, mean over questions, of each head. */
async function evidenceAttention(
  model: AnyModel,
  context: PlainContext,
  asked: PlainContext["questions"],
): Promise<Float64Array> {
  const { layers, heads } = gridOf(networkOf(model).config.text);
  const sums = new Float64Array(layers * heads);
  const { visual } = sequenceLayout(images, 1, 1);
  const onPattern: AnswerOptions["onPattern"] = (layer, pattern, k) => {
    const values = k.readSync(pattern), [count, , rows, keys] = pattern.shape;
    for (let q = 0; q < count; q++) {
      const { key, answer } = context.evidence[q];
      for (let head = 0; head < heads; head++) {
        const at = ((q * heads + head) * rows) * keys; // the question is one word: the first row
        sums[layer * heads + head] += (values[at + visual[key]] + values[at + visual[answer]]) /
          count;
      }
    }
  };
  await answerContext(model, images, { ...context, questions: asked }, { onPattern });
  return sums;
}

/** Calibrated RAM by context and head: RAM minus that of questions about keys that are not there. */
async function calibratedRam(model: AnyModel, { chosenOn, words }: ScaleHeadsOptions) {
  const rows: Float64Array[] = [];
  for (let i = 0; i < chosenOn; i++) {
    const context = contextOf(`scale, chosen on ${i}`, words);
    const about = await evidenceAttention(model, context, context.questions);
    const absent = context.questions.map((one, q) => ({
      ...one,
      question: context.evidence[q].null ?? one.question,
    }));
    const none = await evidenceAttention(model, context, absent);
    rows.push(about.map((value, head) => value - none[head]));
  }
  const columns = rows[0].length, data = new Float64Array(rows.length * columns);
  rows.forEach((row, i) => data.set(row, i * columns));
  return sampleMatrix(data, rows.length, columns);
}

/** Measures a model. */
export async function scaleHeads(
  model: AnyModel,
  options: ScaleHeadsOptions,
): Promise<ScaleHeads> {
  const grid = gridOf(networkOf(model).config.text);
  const matrix = await calibratedRam(model, options), calibrated = columnMeans(matrix);
  const best = (share: number) => topHeads(calibrated, grid, { fraction: share });
  const top = best(fraction);
  const contexts = Array.from(
    { length: options.testedOn },
    (_, i) => contextOf(`scale, tested on ${i}`, options.words),
  );
  const right = async (without: readonly HeadId[]) => {
    const shares: number[] = [];
    for (const context of contexts) {
      const answers = await answerContext(model, images, context, { withoutFromQuestion: without });
      shares.push(answers.filter(Boolean).length / answers.length);
    }
    return shares;
  };
  const drawn = async (draw: (seed: number) => HeadId[]) => {
    const all: number[][] = [];
    for (let seed = 0; seed < options.draws; seed++) all.push(await right(draw(seed)));
    return all;
  };
  return {
    heads: grid.layers * grid.heads,
    best: top.map(headName),
    calibrated: [...calibrated],
    topShare: topShareInterval(matrix, fraction, { negative: "zero" }),
    effective: Math.exp(entropy(calibrated, { negative: "zero" })),
    outcomes: {
      whole: await right([]),
      top: await right(top),
      top10: await right(best(2 * fraction)),
      top20: await right(best(4 * fraction)),
      random: await drawn((seed) => randomHeads(top, grid, seed)),
      layerMatched: await drawn((seed) => layerMatchedHeads(top, grid, seed)),
    },
  };
}

/** Effects in points of right answers, with intervals over contexts, draws of controls and models. */
export interface ScaleEffects {
  /** Models that they are of. */
  readonly models: number;
  readonly accuracy: Interval;
  readonly top: Interval;
  readonly top10: Interval;
  readonly top20: Interval;
  readonly random: Interval;
  readonly layerMatched: Interval;
  /** What the best heads cost more than random ones, and more than those of the same layers. */
  readonly beyondRandom: Interval;
  readonly beyondLayerMatched: Interval;
}

/** Mean over draws, by context. */
const overDraws = (draws: readonly (readonly number[])[]) =>
  draws[0].map((_, i) => mean(draws.map((draw) => draw[i])));

/**
 * Effects of one model, or of several of one setting, all tested on the same contexts. Contexts are drawn
 * again, and with them the models, where there are several; controls' draws are averaged first.
 */
export function scaleEffects(all: readonly ScaleOutcomes[]): ScaleEffects {
  const rows = all[0].whole.length, columns = all.length;
  const over = (value: (outcomes: ScaleOutcomes, i: number) => number): Interval => {
    const data = new Float64Array(rows * columns);
    all.forEach((outcomes, c) => {
      for (let i = 0; i < rows; i++) data[i * columns + c] = 100 * value(outcomes, i);
    });
    const { estimate, low, high, level } = crossedInterval({ rows, columns, data });
    return { estimate, low, high, level };
  };
  const means = new Map(all.map((outcomes) => [outcomes, {
    random: overDraws(outcomes.random),
    layerMatched: overDraws(outcomes.layerMatched),
  }]));
  const change = (set: "top" | "top10" | "top20") =>
    over((outcomes, i) => outcomes[set][i] - outcomes.whole[i]);
  const drawn = (set: "random" | "layerMatched") =>
    over((outcomes, i) => means.get(outcomes)![set][i] - outcomes.whole[i]);
  const beyond = (set: "random" | "layerMatched") =>
    over((outcomes, i) => outcomes.top[i] - means.get(outcomes)![set][i]);
  return {
    models: columns,
    accuracy: over((outcomes, i) => outcomes.whole[i]),
    ...{ top: change("top"), top10: change("top10"), top20: change("top20") },
    ...{ random: drawn("random"), layerMatched: drawn("layerMatched") },
    ...{ beyondRandom: beyond("random"), beyondLayerMatched: beyond("layerMatched") },
  };
}
