/**
 * Where batches come from: words alone for the circuit, images of all domains for the rest.
 *
 * @module
 */
import type { Random } from "../../lib/stats/random.ts";
import { domainNames } from "../synthetic/domains.ts";
import type { DomainName } from "../synthetic/options.ts";
import { assembleBatch } from "./batches.ts";
import type { Batch } from "./forward.ts";
import type { Stage } from "./curriculum.ts";
import type { ImageLayout, TokenGrid } from "./layout.ts";
import { plainContext } from "./plain_contexts.ts";
import { taskContext } from "./task_contexts.ts";
import type { BatchSource } from "./train.ts";

/** Share of the batches with positions left free between images. */
const gapShare = 0.3;
/** Share of the image batches that are videos with time stamps. */
const videoShare = 0.25;

/** Positions left free before each image. */
function drawGaps(grids: readonly TokenGrid[], random: Random): number[] {
  return random.uniform() < gapShare ? grids.map(() => random.integer(9)) : [];
}

/** The number of pairs of a context: between the stage's bounds. */
function drawPairs(stage: Stage, random: Random): number {
  const [low, high] = stage.pairs;
  return low + random.integer(high - low + 1);
}

/** Batches of the plain form in words. */
export const wordSource: BatchSource = (stage, grids, random): Batch =>
  assembleBatch(
    { grids, format: "images", gaps: drawGaps(grids, random) },
    Array.from({ length: stage.contexts }, () =>
      plainContext(random, {
        grids,
        pairs: drawPairs(stage, random),
        questions: stage.questions,
        words: stage.words,
        split: "train",
      })),
  );

/** Batches of all domains as images; a part of them as videos. */
export const imageSource: BatchSource = (stage, grids, random): Batch => {
  const format: ImageLayout["format"] = random.uniform() < videoShare ? "video" : "images";
  const domains: readonly DomainName[] = format === "video" ? ["video", "long-video"] : domainNames;
  return assembleBatch(
    { grids, format, gaps: drawGaps(grids, random) },
    Array.from({ length: stage.contexts }, () =>
      taskContext(random, {
        domain: domains[random.integer(domains.length)],
        grids,
        difficulty: stage.difficulties[random.integer(stage.difficulties.length)],
        pairs: drawPairs(stage, random),
        questions: stage.questions,
        words: stage.words,
        split: "train",
        pixels: true,
      })),
  );
};
