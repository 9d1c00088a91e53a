/**
 * Contexts of the plain form, by their words alone: [key cell][answer cell] among fillers. From
 * them the decoder learns to look things up before any pixels are drawn.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { Random } from "../../lib/stats/random.ts";
import { isHeldOutPair, type Split } from "../synthetic/split.ts";
import { categories, categoryStart, type Section, words } from "../synthetic/vocabulary.ts";
import type { AskedQuestion, TrainingContext } from "./batches.ts";
import type { TokenGrid } from "./layout.ts";

/** Sections of key and answer in each domain, and whether answers ascend in reading order. */
const domains: readonly {
  readonly name: string;
  readonly key: Section;
  readonly answer: Section;
  readonly sorted: boolean;
}[] = [
  { name: "scene", key: "objects", answer: "marks", sorted: false },
  { name: "video", key: "objects", answer: "stamps", sorted: true },
  { name: "page", key: "keys", answer: "pages", sorted: true },
  { name: "document", key: "keys", answer: "values", sorted: false },
];

/** What a plain context holds. */
export interface PlainOptions {
  /** Grids of the images. */
  readonly grids: readonly TokenGrid[];
  readonly pairs: number;
  readonly questions: number;
  /** Words of each section in use, 4 to 64. */
  readonly words: number;
  readonly split: Split;
  /** Which domain; drawn by default. */
  readonly domain?: string;
}

/** Where a question's evidence stands. */
export interface PlainEvidence {
  /** Cell of the key, as an index over the whole context. */
  readonly key: number;
  /** Cell of the answer. */
  readonly answer: number;
  /** The same question about a key that no cell shows; absent where every key is there. */
  readonly null?: string;
}

/** A plain context with the evidence of each question. */
export interface PlainContext extends TrainingContext {
  /** In the order of `questions`. */
  readonly evidence: readonly PlainEvidence[];
}

/** Places where a pair may start: even columns of every row. */
function pairSlots(grids: readonly TokenGrid[]): number[] {
  const slots: number[] = [];
  let at = 0;
  for (const [rows, columns] of grids) {
    for (let row = 0; row < rows; row++, at += columns) {
      for (let column = 0; column + 1 < columns; column += 2) slots.push(at + column);
    }
  }
  return slots;
}

/** An answer for each key, ascending if wanted, none of them held out where the split is `train`. */
function drawAnswers(
  random: Random,
  keys: Uint32Array,
  count: number,
  sorted: boolean,
  split: Split,
): number[] {
  const allowed = (i: number, answer: number) =>
    split === "test" || !isHeldOutPair(keys[i], answer);
  if (!sorted) {
    return Array.from(keys, (_, i) => {
      for (;;) {
        const answer = random.integer(count);
        if (allowed(i, answer)) return answer;
      }
    });
  }
  const answers = [...random.choice(count, keys.length)].sort((a, b) => a - b);
  // exchange keys until no pair is held out
  for (let attempt = 0; attempt < 50; attempt++) {
    const bad = answers.findIndex((answer, i) => !allowed(i, answer));
    if (bad < 0) break;
    const other = random.integer(keys.length);
    [keys[bad], keys[other]] = [keys[other], keys[bad]];
  }
  return answers;
}

/**
 * Draws a plain context.
 *
 * @throws {InputError} when the pairs do not fit
 */
export function plainContext(random: Random, options: PlainOptions): PlainContext {
  const { grids, pairs, words: count } = options;
  const slots = pairSlots(grids);
  if (!(pairs >= 1 && pairs <= slots.length && pairs <= count)) {
    throw new InputError(
      `Cannot place ${pairs} pairs: wanted 1 to ${Math.min(slots.length, count)}, for ` +
        `${slots.length} slots and ${count} words`,
    );
  }
  const domain = domains.find(({ name }) => name === options.domain) ??
    domains[random.integer(domains.length)];
  const cells = grids.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  const cluttered = random.integer(2) === 1;
  const others = domains.filter(({ key }) => key !== domain.key);
  const labels = Int32Array.from({ length: cells }, () => {
    if (cluttered && random.integer(2) === 1) {
      const other = others[random.integer(others.length)];
      const section = random.integer(2) === 1 ? other.key : other.answer;
      return categoryStart[section] + random.integer(count);
    }
    return categoryStart.fillers + random.integer(categories.fillers.length);
  });
  const chosen = [...random.choice(slots.length, pairs)].sort((a, b) => a - b);
  const keys = random.choice(count, pairs);
  const answers = drawAnswers(random, keys, count, domain.sorted, options.split);
  chosen.forEach((slot, i) => {
    labels[slots[slot]] = categoryStart[domain.key] + keys[i];
    labels[slots[slot] + 1] = categoryStart[domain.answer] + answers[i];
  });
  const order = random.permutation(pairs);
  const absent = Array.from({ length: count }, (_, i) => categoryStart[domain.key] + i)
    .filter((id) => !labels.includes(id));
  const unasked = random.fork("null query");
  const evidence: PlainEvidence[] = [];
  const questions: AskedQuestion[] = Array.from({ length: options.questions }, (_, q) => {
    const i = order[q % pairs], key = slots[chosen[i]];
    const missing = absent.length > 0 ? words[absent[unasked.integer(absent.length)]] : undefined;
    evidence.push({ key, answer: key + 1, ...(missing ? { null: missing } : {}) });
    return {
      domain: domain.name,
      question: words[categoryStart[domain.key] + keys[i]],
      answer: words[categoryStart[domain.answer] + answers[i]],
    };
  });
  return { labels, pixels: null, questions, evidence };
}
