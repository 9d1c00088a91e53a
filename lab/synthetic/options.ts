/**
 * What a synthetic sample may look like: its size, its split, and how varied it is.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { Random } from "../../lib/stats/random.ts";
import type { Split } from "./split.ts";

/** The synthetic domains, each in the shape of one of the paper's benchmarks. */
export type DomainName = "scene" | "video" | "page" | "document" | "long-video";

/** How a context differs from the plain form [key cell][answer cell]. */
export interface TaskVariety {
  /** An object's name in questions: one token (`redstar`) or two words (`red star`). */
  readonly keyStyle: "one-token" | "words";
  /** The key alone, a question word and the key, one sentence, or one of several sentences. */
  readonly questionStyle: "key" | "short" | "sentence" | "varied";
  /** Pairs at columns divisible by their width, or anywhere in a row. */
  readonly layout: "even" | "free";
  /** Share of free cells that hold words in place of textures, in half of the contexts; 0 to 1. */
  readonly clutter: number;
  /** Keys resemble each other: same colour, same shape, or a letter in common. */
  readonly nearKeys: boolean;
  /** Cells of a key; with 2, other keys share either word. */
  readonly keyWords: 1 | 2;
  /** Cells of an answer. */
  readonly answerWords: 1 | 2;
  /** `scene` alone: the answer is on the sign beside the object, or the object's coordinates. */
  readonly place: "beside" | "coordinates";
  /** `video`, `page`: the number stands beside each key, is one per image, or is there once. */
  readonly label: "beside" | "shared" | "once";
  /** Videos alone: pairs stay for some frames and move about before a still background. */
  readonly motion: boolean;
  /** Four answers to choose from: none, kept beside the question, listed in it, or lettered. */
  readonly choices: "none" | "hidden" | "words" | "letters";
}

/** Size, split and variety of a sample. */
export interface TaskOptions {
  /** Cells per side of each image, 2 to 64, or its columns and rows; a cell is a visual token. */
  readonly cellsPerSide: number | readonly [columns: number, rows: number];
  /** Number of images, pages or different frames, 1 to 256. */
  readonly images: number;
  /** A level from 0 (the plain form) to 4, or single choices on top of level 0. */
  readonly difficulty: number | Partial<TaskVariety>;
  /** From which split. */
  readonly split: Split;
  /** Number of (key, answer) pairs in sight; by default a quarter of the cells, 4 to 24. */
  readonly pairs?: number;
  /** Words of each section that are in use, 4 to 64; 64 by default. */
  readonly words?: number;
  /** Standard deviation of the pixel noise in [0, 1]; drawn from 0 to 0.08 by default. */
  readonly noise?: number;
  /** How often each different frame of a video is shown; 1 by default. */
  readonly frameRepeat?: number;
}

/** Options with every default filled in. */
export interface TaskPlan {
  /** Which domain. */
  readonly domain: DomainName;
  /** Cells per row. */
  readonly columns: number;
  /** Cells per column. */
  readonly rows: number;
  /** Different images. */
  readonly images: number;
  /** Pairs in sight. */
  readonly pairs: number;
  /** Words in use per section. */
  readonly words: number;
  /** Standard deviation of the pixel noise in [0, 1]. */
  readonly noise: number;
  /** How often each different frame is shown. */
  readonly frameRepeat: number;
  /** Which split. */
  readonly split: Split;
  /** What is varied. */
  readonly variety: TaskVariety;
}

/** Highest difficulty level. */
export const maxDifficulty = 4;

const CIRCUIT: TaskVariety = {
  keyStyle: "one-token",
  questionStyle: "key",
  layout: "even",
  clutter: 0,
  nearKeys: false,
  keyWords: 1,
  answerWords: 1,
  place: "beside",
  label: "beside",
  motion: false,
  choices: "none",
};

/** What level 4 chooses from, one of them for each sample. */
export const hardFeatures: Readonly<Record<DomainName, readonly Partial<TaskVariety>[]>> = {
  scene: [{ answerWords: 2 }, { keyWords: 2 }, { place: "coordinates" }],
  video: [{ answerWords: 2 }, { keyWords: 2, motion: false }, { label: "shared" }, {
    label: "once",
  }],
  page: [{ keyWords: 2 }, { label: "shared" }, { label: "once" }],
  document: [{ answerWords: 2 }, { keyWords: 2 }],
  "long-video": [{ choices: "letters" }, { answerWords: 2 }, { keyWords: 2 }],
};

const isVideo = (domain: DomainName): boolean => domain === "video" || domain === "long-video";

/**
 * The variety of a difficulty level.
 *
 * 0: the plain form; 1: short sentences and clutter; 2: objects named in two words, sentences,
 * pairs anywhere; 3: near keys, several ways to ask, motion; 4: also one of the domain's hard
 * features (two-word answers or keys, coordinates, one number per image, lettered choices).
 *
 * @param random decides which hard feature a sample of level 4 has
 * @throws {InputError} when the level is not 0 to 4
 */
export function varietyOf(
  domain: DomainName,
  difficulty: number | Partial<TaskVariety>,
  random: Random,
): TaskVariety {
  const base: TaskVariety = domain === "long-video" ? { ...CIRCUIT, choices: "hidden" } : CIRCUIT;
  if (typeof difficulty !== "number") return { ...base, ...difficulty };
  if (!(Number.isInteger(difficulty) && difficulty >= 0 && difficulty <= maxDifficulty)) {
    throw new InputError(
      `Cannot make a sample of difficulty ${difficulty}: level must be 0 to ${maxDifficulty}`,
    );
  }
  const hard = hardFeatures[domain][random.integer(hardFeatures[domain].length)];
  const steps: readonly Partial<TaskVariety>[] = [
    {},
    { questionStyle: "short", clutter: 0.5 },
    { keyStyle: "words", questionStyle: "sentence", layout: "free" },
    { nearKeys: true, questionStyle: "varied", motion: isVideo(domain) },
    hard,
  ];
  const choices = domain === "long-video" && difficulty >= 3 ? { choices: "words" as const } : {};
  return Object.assign({}, base, choices, ...steps.slice(0, difficulty + 1));
}

function check(name: string, value: number, low: number, high: number, whole = true): void {
  if (!(value >= low && value <= high && (!whole || Number.isInteger(value)))) {
    const kind = whole ? "an integer" : "a number";
    throw new InputError(
      `Cannot make a sample with ${name} ${value}: wanted ${kind} from ${low} to ${high}`,
    );
  }
}

/** Refuses features that the domain does not have, and features that exclude each other. */
function checkVariety(domain: DomainName, variety: TaskVariety): void {
  const refuse = (what: string, wanted: string) => {
    throw new InputError(`Cannot make a ${domain} sample with ${what}: ${wanted}`);
  };
  check("clutter", variety.clutter, 0, 1, false);
  if (variety.place === "coordinates" && domain !== "scene") {
    refuse("place coordinates", "only scene has coordinates");
  }
  if (variety.label !== "beside" && domain !== "video" && domain !== "page") {
    refuse(`label ${variety.label}`, "only video and page have labels");
  }
  if (variety.motion && !isVideo(domain)) refuse("motion", "only video and long-video move");
  if (variety.answerWords === 2 && (variety.place !== "beside" || variety.label !== "beside")) {
    refuse("answers of 2 words", "coordinates and shared labels have their own answers");
  }
  if (domain === "video" && variety.keyWords === 2) {
    if (variety.label !== "beside") refuse("keys of 2 words", "its label must be beside");
    if (variety.motion) refuse("keys of 2 words", "the stamp is part of the key, so nothing moves");
  }
}

/** Cells that one pair takes side by side. */
export function pairWidth(variety: TaskVariety): number {
  const alone = variety.place === "coordinates" || variety.label === "once";
  return variety.keyWords + (alone ? 0 : variety.answerWords);
}

/**
 * Checks options and fills in the defaults.
 *
 * @param random decides what the options leave open
 * @throws {InputError} when a value is out of range or does not fit the domain or the images
 */
export function resolveOptions(domain: DomainName, options: TaskOptions, random: Random): TaskPlan {
  const variety = varietyOf(domain, options.difficulty, random);
  checkVariety(domain, variety);
  const side = options.cellsPerSide;
  const [columns, rows] = typeof side === "number" ? [side, side] : side;
  check("cells per side", columns, 2, 64);
  check("cells per side", rows, 2, 64);
  check("number of images", options.images, 1, 256);
  const words = options.words ?? 64;
  check("words per section", words, 4, 64);
  const noise = options.noise ?? random.uniform(0, 0.08);
  check("noise", noise, 0, 0.5, false);
  const frameRepeat = options.frameRepeat ?? 1;
  check("frame repeat", frameRepeat, 1, 8);
  if (frameRepeat > 1 && !isVideo(domain)) {
    throw new InputError(`Cannot repeat frames of ${domain} samples: they are no videos`);
  }
  const width = pairWidth(variety);
  if (columns < width) {
    throw new InputError(
      `Cannot place pairs of ${width} cells in ${columns} columns: wanted at least ${width}`,
    );
  }
  const labelRow = variety.label === "once" ? 1 : 0; // the first row begins with the label
  const slots = options.images * (rows - labelRow) * Math.floor(columns / width);
  const perAnswer = variety.label === "beside" ? variety.answerWords : 1;
  const limit = Math.min(slots, Math.floor(words / perAnswer));
  const cells = columns * rows * options.images;
  const pairs = options.pairs ?? Math.min(limit, Math.max(4, Math.min(24, Math.round(cells / 4))));
  check("number of pairs", pairs, 1, limit);
  const onePerImage = variety.label !== "beside" || domain === "video" && variety.keyWords === 2;
  if (onePerImage) check("number of images with a label each", options.images, 1, words);
  return {
    domain,
    columns,
    rows,
    images: options.images,
    pairs,
    words,
    noise,
    frameRepeat,
    split: options.split,
    variety,
  };
}
