/**
 * The stages that made the shipped model.
 *
 * @module
 */
import { imageGrids, type Stage } from "./curriculum.ts";
import type { TokenGrid } from "./layout.ts";

const both = { threshold: 0.85, minSteps: 0, difficulties: [0] } as const;

/** The plain form, from 64 visual tokens and 16 words to 1,024 visual tokens. */
export const plainStages: readonly Stage[] = [
  {
    ...both,
    name: "64 tokens, 16 words",
    grids: [imageGrids(1, 8)],
    pairs: [4, 8],
    words: 16,
    contexts: 16,
    questions: 8,
    left: 1,
  },
  {
    ...both,
    name: "64 tokens, 64 words",
    grids: [imageGrids(1, 8), imageGrids(4, 4)],
    pairs: [4, 12],
    words: 64,
    contexts: 16,
    questions: 8,
    left: 0.5,
  },
  {
    ...both,
    name: "64 tokens, up to 20 pairs",
    grids: [imageGrids(1, 8), imageGrids(4, 4), imageGrids(2, 4, 8)],
    pairs: [8, 20],
    words: 64,
    contexts: 14,
    questions: 10,
    left: 0.2,
  },
  {
    ...both,
    name: "256 tokens",
    grids: [imageGrids(1, 16), imageGrids(4, 8), imageGrids(16, 4)],
    pairs: [8, 32],
    words: 64,
    contexts: 5,
    questions: 16,
    left: 0.1,
  },
  {
    ...both,
    name: "512 tokens",
    grids: [imageGrids(2, 16), imageGrids(8, 8), imageGrids(32, 4)],
    pairs: [8, 48],
    words: 64,
    contexts: 3,
    questions: 24,
    left: 0.05,
  },
  {
    ...both,
    name: "1,024 tokens",
    grids: [imageGrids(4, 16), imageGrids(16, 8), imageGrids(1, 32)],
    pairs: [16, 64],
    words: 64,
    contexts: 2,
    questions: 32,
    left: 0,
  },
];

/** Every domain as images, from the plain form to all varieties and 1,024 visual tokens. */
export const imageStages: readonly Stage[] = [
  {
    ...both,
    name: "images: the plain form, short questions, two-word names",
    grids: [
      imageGrids(1, 8),
      imageGrids(4, 4),
      imageGrids(2, 4, 8),
      imageGrids(4, 8),
      imageGrids(1, 16),
    ],
    pairs: [4, 32],
    words: 64,
    contexts: 6,
    questions: 12,
    left: 0,
    threshold: 0.82,
    difficulties: [0, 1, 2],
  },
  {
    ...both,
    name: "images: near keys, many ways to ask, motion",
    grids: [
      ...[
        imageGrids(1, 8),
        imageGrids(4, 4),
        imageGrids(4, 8),
        imageGrids(1, 16),
        imageGrids(16, 4),
      ],
      ...[imageGrids(2, 8, 16), imageGrids(8, 8)],
    ],
    pairs: [4, 40],
    words: 64,
    contexts: 3,
    questions: 10,
    left: 0,
    threshold: 0.82,
    difficulties: [0, 1, 2, 3],
  },
  {
    ...both,
    name: "images: two-word keys and answers, coordinates, shared numbers",
    grids: [
      ...[
        imageGrids(1, 8),
        imageGrids(4, 4),
        imageGrids(4, 8),
        imageGrids(1, 16),
        imageGrids(16, 4),
      ],
      ...[imageGrids(8, 8), imageGrids(2, 16)],
    ],
    pairs: [4, 40],
    words: 64,
    contexts: 3,
    questions: 10,
    left: 0,
    threshold: 0.6,
    minSteps: 100,
    difficulties: [0, 1, 2, 3, 4, 4],
  },
  {
    ...both,
    name: "images: 1,024 tokens",
    grids: [imageGrids(4, 16), imageGrids(16, 8), imageGrids(1, 32), imageGrids(64, 4)],
    pairs: [8, 64],
    words: 64,
    contexts: 1,
    questions: 20,
    left: 0,
    difficulties: [0, 1, 2, 3],
  },
];

/** From 64 to 1,024 visual tokens under the attention regulariser: see `attention_regulariser.ts`. */
export const concentrationStages: readonly Stage[] = [
  {
    ...imageStages[1],
    name: "regulariser: 64 tokens",
    grids: [imageGrids(1, 8), imageGrids(4, 4), imageGrids(2, 4, 8)],
    contexts: 4,
    threshold: 0.8,
    minSteps: 200,
  },
  { ...imageStages[2], name: "regulariser: up to 512 tokens, all varieties", minSteps: 120 },
  { ...imageStages[3], name: "regulariser: 1,024 tokens" },
];

/** 64 visual tokens in every variety, then 1,024. */
export const finetuningStages: readonly Stage[] = [
  {
    ...concentrationStages[0],
    name: "both regularisers: 64 tokens",
    minSteps: 90,
    threshold: 0.7,
    difficulties: [0, 1, 2, 3, 4],
  },
  { ...imageStages[3], name: "both regularisers: 1,024 tokens" },
];

/** Numbers of images in a context; small ones more often. */
const imageCounts = [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 8, 10, 12, 16, 32, 64];

/** Layouts of `least` to `most` visual tokens, with 4 to 32 rows and columns. */
export function layoutsBetween(least: number, most: number): (readonly TokenGrid[])[] {
  const sides = Array.from({ length: 29 }, (_, i) => 4 + i);
  return imageCounts.flatMap((count) =>
    sides.flatMap((rows) =>
      sides.filter((columns) => {
        const cells = count * rows * columns;
        return least <= cells && cells <= most && columns <= 2 * rows && rows <= 2 * columns;
      }).map((columns) => imageGrids(count, rows, columns))
    )
  );
}

const varied = { words: 64, left: 0.3, difficulties: [], threshold: 0.45 } as const;
const shortLayouts = layoutsBetween(48, 160), longerLayouts = layoutsBetween(200, 320);

/**
 * All varieties from the start, in layouts of any size, from 48 to 1,024 visual tokens; no regulariser.
 * Contexts are those of 64 visual tokens, see `varietySource`. The thresholds are low, since what is known badly
 * makes up most of a batch.
 */
export const variedStages: readonly Stage[] = [
  {
    ...{ ...varied, name: "varied: 48 to 160 tokens, some up to 320" },
    grids: [...shortLayouts, ...longerLayouts.filter((_, i) => i % 4 === 0)],
    ...{ pairs: [4, 20], contexts: 9, questions: 6, minSteps: 600 },
  },
  {
    ...{ ...varied, name: "varied: 160 to 512 tokens", grids: layoutsBetween(160, 512) },
    ...{ pairs: [4, 40], contexts: 12, questions: 10, minSteps: 600 },
  },
  {
    ...{ ...varied, name: "varied: 1,024 tokens", grids: layoutsBetween(768, 1024) },
    ...{ pairs: [8, 64], contexts: 16, questions: 20, minSteps: 400 },
  },
];

/** All varieties at all lengths at once, mixed by the stages' shares; contexts as in `variedStages`. */
export const lengthStages: readonly Stage[] = [
  {
    ...{ ...varied, name: "lengths: 48 to 160 tokens", grids: shortLayouts },
    ...{ pairs: [4, 20], contexts: 16, questions: 10, minSteps: 0, share: 0.6 },
  },
  {
    ...{ ...varied, name: "lengths: 160 to 512 tokens", grids: layoutsBetween(160, 512) },
    ...{ pairs: [4, 40], contexts: 16, questions: 12, minSteps: 0, share: 0.25 },
  },
  {
    ...{ ...varied, name: "lengths: 512 to 1,024 tokens", grids: layoutsBetween(512, 1024) },
    ...{ pairs: [8, 64], contexts: 16, questions: 16, minSteps: 0, share: 0.15 },
  },
  {
    ...{ ...varied, name: "lengths: up to 4,096 tokens", grids: layoutsBetween(1536, 4096) },
    ...{ pairs: [16, 64], contexts: 16, questions: 16, minSteps: 0, share: 0.11 },
  },
];

/** What 775 steps of `lengthStages` did not move; batches of nothing else move the second. */
const slow = ["coordinates", "lettered choices"] as const;

const longLayouts = layoutsBetween(2048, 4096);
const many = longLayouts.filter(({ length }) => length >= 16);

const [shortest, longer, longest, beyond] = lengthStages.map((stage) => ({
  ...stage,
  without: slow,
}));
const letters: Stage = {
  ...{ ...lengthStages[0], name: "letters: 16 to 96 tokens", grids: layoutsBetween(16, 96) },
  ...{ only: slow[1], contexts: 10, share: 0.2 },
};

/**
 * As `lengthStages`, with more from 2,048 visual tokens on, and of many images. Lettered choices, whose two
 * steps were not learnt there, are practised by themselves in short contexts; coordinates not at all.
 */
export const longStages: readonly Stage[] = [
  { ...shortest, share: 0.3 },
  { ...longer, share: 0.14 },
  { ...longest, share: 0.1 },
  {
    ...{ ...beyond, name: "lengths: 2,048 to 4,096 tokens", share: 0.2 },
    grids: [...longLayouts, ...many, ...many, ...many],
  },
  letters,
  { ...letters, name: "more letters", share: 0.8, during: [125, 300] },
];

const coordinates: Stage = {
  ...{ ...letters, name: "coordinates: 16 to 160 tokens", grids: layoutsBetween(16, 160) },
  only: slow[0],
};

/**
 * What is known worst by itself in short contexts, letters until they are learnt, beside all varieties at all
 * lengths; few from 2,048 visual tokens on, which take as long as ten short ones.
 */
export const finishStages: readonly Stage[] = [
  { ...lengthStages[0], contexts: 11, share: 0.3 },
  { ...lengthStages[1], contexts: 12, share: 0.14 },
  { ...lengthStages[2], share: 0.07 },
  { ...longStages[3], share: 0.02 },
  { ...letters, contexts: 7, share: 0.03 },
  { ...coordinates, share: 0.36 },
  { ...coordinates, name: "one number an image: 16 to 160 tokens", only: "one number", share: 0.1 },
  { ...letters, name: "more letters", contexts: 7, share: 0.4, during: [0, 275] },
];

/** Layouts in which coordinates and numbers of images are still mistaken: wide or high, and of several images. */
const largeLayouts = layoutsBetween(64, 200).filter(([[rows, columns]]) =>
  Math.max(rows, columns) > 5
);
const severalImages = layoutsBetween(40, 160).filter(({ length }) => length >= 3);

/**
 * What `finishStages` left behind the rest, in the layouts where it is mistaken, beside all varieties at all
 * lengths. Scenes by themselves tell answers of one word from those of two, which are asked for alike.
 */
export const scenesStages: readonly Stage[] = [
  { ...finishStages[0], share: 0.27 },
  { ...finishStages[1], share: 0.12 },
  { ...finishStages[2], share: 0.05 },
  finishStages[3],
  {
    ...{ ...coordinates, name: "coordinates: 64 to 200 tokens", grids: largeLayouts, share: 0.34 },
    ...{ pairs: [6, 20], contexts: 11, questions: 16 },
  },
  {
    ...{ ...finishStages[6], name: "one number an image, of 3 or more", grids: severalImages },
    share: 0.1,
  },
  {
    ...{ ...lengthStages[0], name: "scenes: one word or two", contexts: 11, share: 0.1 },
    ...{ only: "scene: ", without: ["coordinates", "keys"] },
  },
];
