/**
 * Questions on pages of photographs: what the one with a letter shows, and which letter the fox has.
 *
 * @module
 */
import type { Evidence, RgbImage, Sample } from "../../lib/data/sample.ts";
import { sampleRandom, type Split } from "../synthetic/split.ts";
import {
  blockBox,
  type BlockGrid,
  blockLetters,
  captionColon,
  drawPhotographs,
  type NamedCutOut,
  oneOfEachName,
  type PhotographPage,
} from "./photograph_page.ts";

/** What is asked: for the name at a letter, or for the letter of a name. */
export const photographQuestions = ["what", "which"] as const;

/** One of {@link photographQuestions}. */
export type PhotographQuestion = typeof photographQuestions[number];

/** What a sample is to be like. */
export interface PhotographSampleOptions {
  readonly question: PhotographQuestion;
  readonly grid: BlockGrid;
  /** Which random stream: samples of one split never meet those of the other. */
  readonly split: Split;
  /** Name of the set of photographs, e.g. `unseen-name`; part of the sample's id. */
  readonly set: string;
  /** How varied pages are drawn, 0 to 1; 1 by default. */
  readonly level?: number;
}

/** A sample, what its page says, and how its answer begins and ends. */
export interface PhotographSample {
  readonly sample: Extract<Sample, { readonly images: readonly RgbImage[] }>;
  readonly page: PhotographPage;
  /** What each visual token stands for. */
  readonly captions: readonly string[];
  /** Names of the photographs, block by block. */
  readonly names: readonly string[];
  /** The block that is asked for. */
  readonly asked: number;
  /** The answer's sentence but its last word, to be gone on with. */
  readonly begun: string;
  /** The answers that the page offers, block by block, each with the space before it. */
  readonly candidates: readonly string[];
}

/** A letter that no block has. */
const missingLetter = "Z";

/** A question, and how its answer begins: as the caption in which a language model finds it. */
function asking(kind: PhotographQuestion, name: string, letter: string) {
  return kind === "what"
    ? { question: `What does photograph ${letter} show?`, begun: ` ${letter}:` }
    : { question: `Which letter is the ${name}?`, begun: `The letter of the ${name}:` };
}

/**
 * One sample: a page of photographs of different names, and a question about one of them. Evidence is its block,
 * foils are the other blocks. The null query asks for a name or letter that is not on the page.
 *
 * @param seed any integer
 * @param photographs to choose from; of more names than the grid has blocks
 *
 * @example
 * ```ts
 * import { photographSample } from "./photograph_samples.ts";
 * import { assertEquals } from "@std/assert";
 * const image = { width: 8, height: 8, data: new Uint8Array(256).fill(255) };
 * const photographs = ["fox", "key", "owl", "hat", "egg"].map((name) => ({ name, image }));
 * const options = { question: "which", grid: { columns: 2, rows: 2 }, split: "test", set: "example" } as const;
 * const { sample, names, asked } = photographSample(1, photographs, options);
 * assertEquals(sample.question, `Which letter is the ${names[asked]}?`);
 * assertEquals(sample.answer, ["ABCD"[asked], `The letter of the ${names[asked]}: ${"ABCD"[asked]}`]);
 * ```
 */
export function photographSample(
  seed: number,
  photographs: readonly NamedCutOut[],
  { question: kind, grid, split, set, level = 1 }: PhotographSampleOptions,
): PhotographSample {
  const blocks = grid.columns * grid.rows;
  const random = sampleRandom(split, `photographs/${set}/${blocks}/${kind}`, seed);
  const chosen = oneOfEachName(photographs, random);
  const shown = chosen.slice(0, blocks), names = shown.map(({ name }) => name);
  const asked = random.integer(blocks);
  const page = drawPhotographs(shown, grid, level, random);
  const words = kind === "which" ? blockLetters.slice(0, blocks) : names;
  const { question, begun } = asking(kind, names[asked], blockLetters[asked]);
  // of fewer names than that, every one is on the page
  const missed = asking(kind, chosen[blocks]?.name ?? "unicorn", missingLetter);
  const at = (block: number): Evidence[] => [{ image: 0, box: blockBox(grid, block) }];
  const answers = (block: number): string[] => {
    const own = asking(kind, names[block], blockLetters[block]);
    return [words[block], `${own.begun} ${words[block]}`.trim()];
  };
  const others = names.map((_, block) => block).filter((block) => block !== asked);
  return {
    sample: {
      id: `photographs-${set}-${blocks}-${kind}-${split}-${seed}`,
      domain: `photographs-${kind}`,
      question,
      answer: answers(asked),
      evidence: at(asked),
      null: missed.question,
      unrelated: "How is the weather today?",
      foils: others.map(at),
      foilAnswers: others.map(answers),
      chance: 1 / blocks,
      images: [page.image],
    },
    page,
    captions: page.words,
    names,
    asked,
    begun,
    candidates: words.map((word) => ` ${word}`),
  };
}

/** The captions of a page, one after the other, as a language model is to list them. */
export function listedCaptions(names: readonly string[]): string {
  return names.map((name, block) => ` ${blockLetters[block]}${captionColon} ${name}\n`).join("");
}
