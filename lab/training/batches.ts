/**
 * Batches: contexts with their questions as token ids, all of one layout.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import {
  type AskedPlace,
  type BatchHints,
  type Hint,
  hintNames,
  hintsOf,
  sizeHints,
} from "./answer_hints.ts";
import type { Batch } from "./forward.ts";
import { type ImageLayout, sequenceLayout, sequenceLength } from "./layout.ts";
import { encodeText, type QuestionTokens, questionTokens, tokenIds } from "./token_format.ts";

/** A question on a context. */
export interface AskedQuestion {
  /** Name of the domain. */
  readonly domain: string;
  /** The question's text. */
  readonly question: string;
  /** The right answer's text. */
  readonly answer: string;
  /** Where in its image stands what is asked about, for `answer_hints.ts`; not told by default. */
  readonly place?: AskedPlace;
}

/** A context: the words of its cells, perhaps its pixels, and what is asked about it. */
export interface TrainingContext {
  /** Word id of every cell, images one after the other, row by row. */
  readonly labels: Int32Array;
  /** Patches as the vision encoder wants them, or null where features replace them. */
  readonly pixels: Float32Array | null;
  readonly questions: readonly AskedQuestion[];
}

/** Weight of the loss at the rows between the question and the answer, where 1 is the answer's. */
const earlyWeight = 1;

/**
 * Joins contexts of the same grids to a batch. Blocks are filled up to the longest with pad tokens,
 * and contexts with fewer questions get empty blocks: nothing sees them and no loss counts them.
 *
 * The answer's first token is asked for at every row from the question's last token on: rows before
 * the assistant's turn say it too early for the template, but teach each row to look it up.
 *
 * @param laterWeight weight of what follows the answer's first word, which is asked for at one row alone: a second
 *   word or the end, alike, or one of the two would be said too often
 * @throws {InputError} when contexts differ in their number of cells
 */
export function assembleBatch(
  images: ImageLayout,
  contexts: readonly TrainingContext[],
  laterWeight = 1,
): Batch {
  const blocks = Math.max(...contexts.map(({ questions }) => questions.length));
  const tokens = contexts.map(({ questions }) =>
    questions.map(({ question, answer }) => questionTokens(question, answer))
  );
  const longest = Math.max(...tokens.flat().map(({ ids }) => ids.length));
  const layout = sequenceLayout(images, longest - 1, blocks); // the last token predicts nothing
  const length = sequenceLength(layout);
  const cells = layout.visual.length;
  const inputIds = new Int32Array(contexts.length * length).fill(tokenIds.pad);
  const labels = new Int32Array(contexts.length * cells);
  const rows: number[] = [], next: number[] = [], weights: number[] = [];
  const questions: { domain: string; judged: number[] }[] = [];
  const hints = emptyHints();
  const addHint = ({ name, at, word }: Hint, from: number) => {
    hints[name].rows.push(from + at);
    hints[name].words.push(word);
  };
  const context = contextIds(images);
  contexts.forEach((one, b) => {
    if (one.labels.length !== cells) {
      throw new InputError(
        `Cannot put a context of ${one.labels.length} cells into a batch with ${cells} cells`,
      );
    }
    inputIds.set(context, b * length);
    labels.set(one.labels, b * cells);
    one.questions.forEach(({ domain, place }, q) => {
      const own = tokens[b][q];
      const at = b * length + layout.context + q * layout.block;
      inputIds.set(own.ids.slice(0, -1), at);
      questions.push({ domain, judged: addRows(own, at, rows, next, weights, laterWeight) });
      for (const hint of hintsOf(own, place)) addHint(hint, at);
    });
    const last = hints.last_row.rows.at(-1) ?? -1;
    if (last < b * length) return; // no question of this context needs the size
    let end = -1;
    for (const grid of images.grids) {
      end += grid[0] * grid[1];
      for (const hint of sizeHints(grid)) {
        addHint({ ...hint, at: layout.visual[end] + 1 }, b * length);
      }
    }
  });
  return {
    layout,
    count: contexts.length,
    inputIds,
    labels,
    pixels: joinPixels(contexts),
    rows: Int32Array.from(rows),
    next: Int32Array.from(next),
    weights: Float32Array.from(weights),
    questions,
    hints,
  };
}

/** No hints yet. */
const emptyHints = () =>
  Object.fromEntries(hintNames.map((name) => [name, { rows: [], words: [] }])) as unknown as {
    [name in keyof BatchHints]: { rows: number[]; words: number[] };
  };

/** Adds the rows of one block whose next token is taught; returns which judge the answer. */
function addRows(
  own: QuestionTokens,
  at: number,
  rows: number[],
  next: number[],
  weights: number[],
  laterWeight: number,
): number[] {
  const judged: number[] = [];
  for (let i = own.questionEnd; i < own.ids.length - 1; i++) {
    const early = i < own.answerStart - 1;
    if (!early) judged.push(rows.length);
    rows.push(at + i);
    next.push(early ? own.ids[own.answerStart] : own.ids[i + 1]);
    weights.push(early ? earlyWeight : i === own.answerStart ? laterWeight : 1);
  }
  return judged;
}

/** Frames in a second of the videos that the model is trained on; each is shown twice. */
const framesPerSecond = 2;

/** Time stamp of a video's `index`-th image, as transformers writes it: `<1.2 seconds>`. */
function timeStamp(index: number): string {
  const seconds = (2 * index + 0.5) / framesPerSecond;
  return `<${(Math.floor(seconds * 10) / 10).toFixed(1)} seconds>`; // halves round to even: down
}

/** Token ids of a context: `<|im_start|> user (<|vision_start|> image <|vision_end|>)…`. */
export function contextIds({ grids, format }: ImageLayout): number[] {
  const ids = [tokenIds.start, ...encodeText("user")];
  const video = format === "video";
  if (video) ids.push(tokenIds.visionStart);
  grids.forEach(([rows, columns], i) => {
    if (video) ids.push(...encodeText(timeStamp(i)));
    ids.push(tokenIds.visionStart);
    for (let cell = 0; cell < rows * columns; cell++) {
      ids.push(video ? tokenIds.video : tokenIds.image);
    }
    ids.push(tokenIds.visionEnd);
  });
  if (video) ids.push(tokenIds.visionEnd);
  return ids;
}

function joinPixels(contexts: readonly TrainingContext[]): Float32Array | null {
  if (!contexts[0].pixels) return null;
  const size = contexts[0].pixels.length;
  const joined = new Float32Array(contexts.length * size);
  contexts.forEach(({ pixels }, i) => joined.set(pixels!, i * size));
  return joined;
}
