/**
 * Albums: photographs of single things, an image each, and questions about them: what the picture with a number shows, and
 * which picture shows the fox. The number stands before each image in the prompt, as the chat template writes it.
 *
 * @module
 */
import type { Box, Evidence, RgbImage } from "../../lib/data/sample.ts";
import type { Random } from "../../lib/stats/random.ts";
import { sampleRandom, type Split } from "../synthetic/split.ts";
import { type NamedCutOut, oneOfEachName } from "./photograph_page.ts";
import type { PhotographQuestion, PhotographSample } from "./photograph_samples.ts";
import { drawView, lay } from "./photograph_view.ts";
import type { CutOut } from "./photographs.ts";

/**
 * Side of an album's image in pixels. EfficientNet-Lite0 was trained on 224; at 128 each of its places sees most of the
 * photograph, so that nearly every visual token, and not only their mean, tells what it is.
 */
export const albumSide = 128;

/** Visual tokens of an image along its side: a convolutional network halves it five times. */
export const albumCells: number = albumSide / 32;

/**
 * A photograph on plain paper.
 *
 * @param level 0: upright, in the middle of white paper; 1: turned, moved, mirrored, smaller, in another light, on paper of
 *   a light colour
 *
 * @example
 * ```ts
 * import { albumSide, drawAlbumImage } from "./albums.ts";
 * import { Random } from "../../lib/stats/random.ts";
 * import { assert, assertEquals } from "@std/assert";
 * const black = { width: 1, height: 3, data: new Uint8Array(12).map((_, i) => i % 4 === 3 ? 255 : 0) };
 * const image = drawAlbumImage(black, 0, new Random(1));
 * const middle = 3 * (albumSide / 2 * albumSide + albumSide / 2);
 * assertEquals([image.width, image.data[0]], [albumSide, 255]);
 * assert(image.data[middle] < 10);
 * ```
 */
export function drawAlbumImage(photograph: CutOut, level: number, random: Random): RgbImage {
  const side = albumSide, data = new Uint8Array(3 * side * side);
  const light = level * random.uniform(0, 40);
  const paper = [0, 1, 2].map(() => Math.round(255 - light - level * random.uniform(0, 15)));
  for (let i = 0; i < data.length; i++) data[i] = paper[i % 3];
  const image = { width: side, height: side, data }, box: Box = [0, 0, side, side];
  lay(image, box, photograph, drawView(photograph, box, level, random));
  return image;
}

/** What an album is to be like. */
export interface AlbumOptions {
  readonly question: PhotographQuestion;
  /** Number of photographs. */
  readonly count: number;
  /** Which random stream: samples of one split never meet those of the other. */
  readonly split: Split;
  /** Name of the set of photographs, e.g. `unseen-photograph`; part of the sample's id. */
  readonly set: string;
  /** How varied images are drawn, 0 to 1; 1 by default. */
  readonly level?: number;
  /** Index of the photograph that is asked about; drawn by default. */
  readonly about?: number;
}

/** A question on an album, and how its answer begins and ends. */
export type AlbumSample = Omit<PhotographSample, "page">;

/** A question about the picture of a name and a number, and how its answer begins. */
export function albumAsking(kind: PhotographQuestion, name: string, number: number) {
  return kind === "what"
    ? { question: `What does picture ${number} show?`, begun: `Picture ${number}:` }
    : { question: `Which picture shows the ${name}?`, begun: `The ${name} is in picture ` };
}

/**
 * One sample: photographs of different names, and a question about one of them. Evidence is its image, foils are the
 * others. The null query asks for a picture or a thing that is not there.
 *
 * @param seed any integer
 * @param photographs to choose from; of at least as many names as the album has photographs
 *
 * @example
 * ```ts
 * import { albumSample } from "./albums.ts";
 * import { assertEquals } from "@std/assert";
 * const image = { width: 8, height: 8, data: new Uint8Array(256).fill(255) };
 * const photographs = ["fox", "key", "owl", "hat", "egg"].map((name) => ({ name, image }));
 * const options = { question: "which", count: 4, split: "test", set: "example" } as const;
 * const { sample, names, asked } = albumSample(1, photographs, options);
 * assertEquals(sample.question, `Which picture shows the ${names[asked]}?`);
 * assertEquals(sample.evidence, [{ image: asked }]);
 * ```
 */
export function albumSample(
  seed: number,
  photographs: readonly NamedCutOut[],
  { question: kind, count, split, set, level = 1, about }: AlbumOptions,
): AlbumSample {
  const random = sampleRandom(split, `album/${set}/${count}/${kind}`, seed);
  const chosen = oneOfEachName(photographs, random), asked = random.integer(count);
  if (about !== undefined) {
    const wanted = photographs[about], same = chosen.findIndex(({ name }) => name === wanted.name);
    chosen.splice(same, 1);
    chosen.splice(asked, 0, wanted);
  }
  const shown = chosen.slice(0, count), names = shown.map(({ name }) => name);
  const words = kind === "which" ? names.map((_, i) => `${i + 1}`) : names;
  const at = (i: number): Evidence[] => [{ image: i }];
  const answers = (i: number): string[] => {
    const { begun } = albumAsking(kind, names[i], i + 1);
    return [words[i], `${begun.trim()} ${words[i]}`];
  };
  const others = names.keys().filter((i) => i !== asked).toArray();
  const { question, begun } = albumAsking(kind, names[asked], asked + 1);
  return {
    sample: {
      id: `album-${set}-${count}-${kind}-${split}-${seed}`,
      domain: `album-${kind}`,
      question,
      answer: answers(asked),
      evidence: at(asked),
      // of fewer names than that, every one is in the album
      null: albumAsking(kind, chosen[count]?.name ?? "unicorn", count + 1).question,
      unrelated: "How is the weather today?",
      foils: others.map(at),
      foilAnswers: others.map(answers),
      chance: 1 / count,
      images: shown.map(({ image }) => drawAlbumImage(image, level, random)),
    },
    captions: names.flatMap((name) => Array<string>(albumCells ** 2).fill(name)),
    names,
    asked,
    begun,
    candidates: words.map((word) => kind === "which" ? word : ` ${word}`),
  };
}
