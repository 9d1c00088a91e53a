/**
 * Questions on pages of photographs: which one shows the fox, what a lettered one shows, what stands at the top left.
 *
 * @module
 */
import type { Evidence, Sample } from "../../lib/data/sample.ts";
import { sampleRandom, type Split } from "../synthetic/split.ts";
import {
  blockBox,
  type BlockGrid,
  blockLetters,
  drawPhotographs,
  type NamedCutOut,
  type PhotographPage,
} from "./photograph_page.ts";

/** What is asked: for the letter of a name, for the name at a letter, or for the name at a place. */
export const photographQuestions = ["which", "what", "where"] as const;

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
  readonly sample: Sample;
  readonly page: PhotographPage;
  /** Names of the photographs, block by block. */
  readonly names: readonly string[];
  /** The block that is asked for. */
  readonly asked: number;
  /** The answer's sentence but its last word, to be gone on with. */
  readonly begun: string;
  /** The answers that the page offers, block by block, each with the space before it. */
  readonly candidates: readonly string[];
}

/** Where a block stands, in words. */
function placeOf({ columns, rows }: BlockGrid, block: number): string {
  const side = ["left", "right"][block % columns], row = Math.floor(block / columns);
  if (row === 0) return `at the top ${side}`;
  return row === rows - 1 ? `at the bottom ${side}` : `on the ${side} of row ${row + 1}`;
}

/** A question about a block, and the sentence that answers it without its last word. */
function asking(kind: PhotographQuestion, grid: BlockGrid, name: string, block: number) {
  if (kind === "which") {
    return { question: `Which photograph shows the ${name}?`, begun: `The ${name} is photograph` };
  }
  if (kind === "what") {
    const letter = blockLetters[block] ?? "Z";
    return {
      question: `What does photograph ${letter} show?`,
      begun: `Photograph ${letter} shows the`,
    };
  }
  const place = placeOf(grid, block);
  return {
    question: `What does the photograph ${place} show?`,
    begun: `The photograph ${place} shows the`,
  };
}

/**
 * One sample: a page of photographs of different names, and a question about one of them. Evidence is its block,
 * foils are the other blocks. The null query asks for a name or letter that is not on the page; a question by place
 * has none.
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
 * assertEquals(sample.question, `Which photograph shows the ${names[asked]}?`);
 * assertEquals(sample.answer, ["ABCD"[asked], `The ${names[asked]} is photograph ${"ABCD"[asked]}.`]);
 * ```
 */
export function photographSample(
  seed: number,
  photographs: readonly NamedCutOut[],
  { question: kind, grid, split, set, level = 1 }: PhotographSampleOptions,
): PhotographSample {
  const blocks = grid.columns * grid.rows;
  const random = sampleRandom(split, `photographs/${set}/${blocks}/${kind}`, seed);
  const chosen: NamedCutOut[] = [];
  for (const i of random.permutation(photographs.length)) {
    if (chosen.every(({ name }) => name !== photographs[i].name)) chosen.push(photographs[i]);
  }
  const shown = chosen.slice(0, blocks), names = shown.map(({ name }) => name);
  const asked = random.integer(blocks);
  const page = drawPhotographs(shown, grid, level, random);
  const words = kind === "which" ? blockLetters.slice(0, blocks) : names;
  const { question, begun } = asking(kind, grid, names[asked], asked);
  const absent = chosen.slice(blocks)[0]?.name;
  const missed = kind === "which" ? absent && asking(kind, grid, absent, asked) : kind === "what" &&
    asking(kind, grid, "", blockLetters.length);
  const at = (block: number): Evidence[] => [{ image: 0, box: blockBox(grid, block) }];
  const answers = (block: number): string[] => {
    const own = asking(kind, grid, names[block], block);
    return [words[block], `${own.begun} ${words[block]}.`];
  };
  const others = names.map((_, block) => block).filter((block) => block !== asked);
  return {
    sample: {
      id: `photographs-${set}-${blocks}-${kind}-${split}-${seed}`,
      domain: `photographs-${kind}`,
      question,
      answer: answers(asked),
      evidence: at(asked),
      ...(missed ? { null: missed.question } : {}),
      unrelated: "How is the weather today?",
      foils: others.map(at),
      foilAnswers: others.map(answers),
      chance: 1 / blocks,
      images: [page.image],
    },
    page,
    names,
    asked,
    begun,
    candidates: words.map((word) => ` ${word}`),
  };
}
