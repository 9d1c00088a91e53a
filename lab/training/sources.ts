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
import { drawVariety, listsChoices, practisedVarieties } from "./varieties.ts";

/** Share of the batches with positions left free between images. */
const gapShare = 0.3;
/** Share of the image batches that are videos with time stamps. */
const videoShare = 0.25;

/** Share of a section's words that pairs can take in `varietySource`: with more, none may be left that is not held out. */
const certainShare = 0.75;

/** Weight of what follows an answer's first word in `varietySource`: as many as there are rows that ask for the first. */
const laterWeight = 4;

/** Domains that can be shown as videos with time stamps. */
const ofVideos: readonly DomainName[] = ["video", "long-video"];

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
  const domains = format === "video" ? ofVideos : domainNames;
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

/**
 * Batches of all varieties as images, the more of each, the worse it is known. A stage's number of
 * contexts holds for 64 visual tokens; longer contexts are fewer. Variety stands in place of the domain.
 */
export const varietySource: BatchSource = (stage, grids, random, running): Batch => {
  const practised = practisedVarieties(stage);
  const asVideo = practised.filter(({ domain }) => ofVideos.includes(domain));
  const format = random.uniform() < videoShare && asVideo.length > 0 ? "video" : "images";
  const possible = format === "video" ? asVideo : practised;
  const first = drawVariety(possible, running, random);
  const alike = possible.filter((one) => listsChoices(one) === listsChoices(first));
  const cells = grids.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  const count = Math.max(1, Math.round(stage.contexts * 64 / cells));
  return assembleBatch(
    { grids, format, gaps: drawGaps(grids, random) },
    Array.from({ length: count }, (_, i) => {
      const { name, domain, variety } = i === 0 ? first : drawVariety(alike, running, random);
      const context = taskContext(random, {
        domain,
        grids,
        difficulty: variety,
        pairs: Math.min(drawPairs(stage, random), Math.floor(certainShare * stage.words)),
        questions: stage.questions,
        words: stage.words,
        split: "train",
        pixels: true,
      });
      return { ...context, questions: context.questions.map((one) => ({ ...one, domain: name })) };
    }),
    laterWeight,
  );
};
