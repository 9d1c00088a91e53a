/**
 * The training of the vision tower as a function: from the language model's word embeddings to a checkpoint.
 *
 * @module
 */
import { widenToFloat32 } from "../../lib/backend/widen.ts";
import { InputError } from "../../lib/common/errors.ts";
import { breather } from "../../lib/common/notebook.ts";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import type { ImageTowerConfig } from "../../lib/model/config.ts";
import { Random } from "../../lib/stats/random.ts";
import { pageWords, tokenText } from "../pages/page_words.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoints.ts";
import {
  type AlignmentReport,
  type LabelledPages,
  VisionTowerAligner,
  type WordTable,
} from "./vision_tower_aligner.ts";
import { visionTowerConfig, VisionTowerParameters } from "./vision_tower_model.ts";
import { randomPages } from "./vision_tower_pages.ts";
import { rateAt } from "./schedule.ts";

/** What is needed of a language model: its tokens and their embeddings. */
export interface WordSource {
  /** Token ids of a text, without special tokens. */
  readonly encode: (text: string) => readonly number[];
  /** `[V, D]`. */
  readonly embeddings: Float32Array;
  /** D. */
  readonly width: number;
}

/**
 * Token of every word; of the page words by default.
 *
 * @throws {InputError} naming the words that are not one token
 */
export function pageWordTokens(
  encode: WordSource["encode"],
  words: readonly string[] = pageWords,
): Int32Array {
  const tokens = words.map((word) => encode(tokenText(word)));
  const wrong = words.filter((_, i) => tokens[i].length !== 1);
  if (wrong.length > 0) {
    throw new InputError(`Cannot read with this tokenizer: not one token are ${wrong.join(", ")}`);
  }
  return Int32Array.from(tokens, ([token]) => token);
}

/** The embeddings of words (the page words by default), scaled to a root mean square of 1. */
export function wordTable(
  { encode, embeddings, width }: WordSource,
  words: readonly string[] = pageWords,
): WordTable {
  const tokens = pageWordTokens(encode, words);
  const rows = new Float32Array(tokens.length * width);
  tokens.forEach((token, i) =>
    rows.set(embeddings.subarray(token * width, (token + 1) * width), i * width)
  );
  const scale = Math.sqrt(rows.reduce((sum, value) => sum + value * value, 0) / rows.length);
  const scaled = rows.map((value) => value / scale);
  return { embeddings: scaled, words: tokens.length, width, scale };
}

/**
 * {@link wordTable} of a language model's checkpoint.
 *
 * @param dir its directory: Hugging Face's layout or a GGUF file in it
 */
export async function wordTableOf(
  dir: string,
  encode: WordSource["encode"],
  words?: readonly string[],
): Promise<WordTable> {
  const { config, source } = await openCheckpoint(dir);
  const { bytes, dtype } = await source.readWeight("model.embed_tokens.weight");
  source.close();
  const embeddings = widenToFloat32(bytes, dtype);
  return wordTable({ encode, embeddings, width: config.text.hiddenSize }, words);
}

/** Seed of the first weights and of the pages. */
export const visionTowerSeed = 9;

/** A fresh vision tower for a table of words: its first guess is the mean embedding. */
export function freshVisionTower(
  { embeddings, words, width }: WordTable,
  tower: ImageTowerConfig = visionTowerConfig,
): VisionTowerParameters {
  const middle = new Float32Array(width);
  embeddings.forEach((value, i) => middle[i % width] += value / words);
  return new VisionTowerParameters(tower, width, middle, visionTowerSeed);
}

/** How the vision tower is trained. */
export interface VisionTowerRun {
  /** File for the state: an interrupted run goes on from it. */
  readonly checkpoint: string;
  readonly steps: number;
  /** Pages of a step. */
  readonly pages: number;
  /** The tower; the shipped one by default. */
  readonly tower?: ImageTowerConfig;
  /** First weights; fresh ones by default. They become the caller's with the result. */
  readonly start?: VisionTowerParameters;
  /** Draws the pages of a step; words at random by default. */
  readonly draw?: (random: Random, pages: number, level: number) => LabelledPages;
  /** Steps between two savings. */
  readonly saveEvery: number;
  /** Told every step. */
  readonly onStep?: (step: number, report: AlignmentReport, level: number) => void;
  /** Stops after the current step. */
  readonly signal?: AbortSignal;
}

/** How varied the pages of a step are: plain at first, all that there is from a third on. */
export function varietyAt(step: number, steps: number): number {
  return Math.min(1, 0.15 + 2.6 * step / steps);
}

/**
 * Weight of the distance from the right embedding: small while words are first told apart, then large,
 * because the language model reads the embedding itself.
 */
export function distanceWeightAt(step: number, steps: number): number {
  return 2 + 18 * Math.min(1, step / (0.3 * steps));
}

/** Trains, or goes on training; the parameters are the caller's. */
export async function trainVisionTower(
  words: WordTable,
  run: VisionTowerRun,
): Promise<VisionTowerParameters> {
  const parameters = run.start ?? freshVisionTower(words, run.tower);
  const aligner = new VisionTowerAligner(parameters, words);
  const { checkpoint, steps, pages, saveEvery } = run;
  const draw = run.draw ?? ((from, count, level) => randomPages(from, count, { level }));
  let step = 0;
  if (await Deno.stat(checkpoint).then(() => true, () => false)) {
    step = (await loadCheckpoint(checkpoint, parameters, aligner.optimiser)).step as number;
  }
  const warmUp = Math.min(30, steps);
  const holdUntil = Math.max(warmUp, Math.round(0.45 * steps));
  const schedule = { warmUp, holdUntil, end: steps, floor: 0.02 };
  // the seed's text is that of the shipped tower's run
  const random = new Random(`pages of the eyes, ${visionTowerSeed}`);
  const breathe = breather();
  while (step < steps && !run.signal?.aborted) {
    const level = varietyAt(step, steps);
    const batch = draw(random.fork(step), pages, level);
    const report = aligner.step(batch, rateAt(schedule, step), distanceWeightAt(step, steps));
    run.onStep?.(step, report, level);
    step++;
    await breathe(); // or no signal would be heard before the next saving
    if (step % saveEvery === 0 || step === steps || run.signal?.aborted) {
      await saveCheckpoint(checkpoint, parameters, aligner.optimiser, { step });
    }
  }
  aligner.dispose();
  return parameters;
}
