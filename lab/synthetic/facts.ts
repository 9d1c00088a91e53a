/**
 * Facts: which keys have which answers in one context.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { Random } from "../../lib/stats/random.ts";
import type { Slot } from "./board.ts";
import type { TaskPlan } from "./options.ts";
import { isHeldOutObject, isHeldOutPair } from "./split.ts";
import { categories, categoryStart, objectParts, type Section } from "./vocabulary.ts";

/** From which sections a domain takes its keys and answers. */
export interface FactSections {
  readonly keys: Section;
  /** Section of the second word of a two-word key, when it is not that of the keys. */
  readonly secondKeys?: Section;
  readonly answers: Section;
  /** Whether answers rise in reading order, as times and page numbers do. */
  readonly sorted: boolean;
}

/** One thing that the images say and that can be asked. */
export interface Fact {
  /** Where its cells begin. */
  readonly slot: Slot;
  /** Word ids of the key, in cell order. */
  readonly keys: readonly number[];
  /** Word ids of the answer; empty where the answer is a place. */
  readonly answers: readonly number[];
  /** Whether no training question is about this composition. */
  readonly heldOut: boolean;
}

/** Whether two words of a section look alike: a colour, a shape, or a letter at the same place. */
function isNear(section: Section, a: number, b: number): boolean {
  if (section === "objects") {
    const [x, y] = [objectParts(a), objectParts(b)];
    return x.colour === y.colour || x.shape === y.shape;
  }
  const [x, y] = [categories[section][a], categories[section][b]];
  return [...x].some((letter, i) => letter === y[i]);
}

const nearLists = new Map<Section, readonly (readonly number[])[]>();

/** For each word of a section, the others that look like it. */
function nearWords(section: Section): readonly (readonly number[])[] {
  const known = nearLists.get(section);
  if (known) return known;
  const size = categories[section].length;
  const lists = Array.from(
    { length: size },
    (_, a) =>
      Array.from({ length: size }, (_, b) => b).filter((b) => b !== a && isNear(section, a, b)),
  );
  nearLists.set(section, lists);
  return lists;
}

/**
 * The words in use in random order; with `near`, so that most resemble one that stands before.
 *
 * @returns section indices, `[words]`
 */
function drawPool(section: Section, words: number, near: boolean, random: Random): number[] {
  const order = Array.from(random.permutation(words));
  if (!near) return order;
  const lists = nearWords(section);
  const left = new Set(order);
  const pool: number[] = [];
  for (const word of order) {
    if (!left.delete(word)) continue;
    pool.push(word);
    const neighbours = lists[word].filter((other) => left.has(other));
    for (const i of random.choice(neighbours.length, Math.min(3, neighbours.length))) {
      left.delete(neighbours[i]);
      pool.push(neighbours[i]);
    }
  }
  return pool;
}

/**
 * The first `count` candidates in an order that `fits`: where one does not fit its position, it
 * changes places with another. Positions that nothing can fit keep what they have.
 */
function arrange<T>(
  candidates: readonly T[],
  count: number,
  fits: (candidate: T, position: number) => boolean,
): T[] {
  const order = [...candidates];
  for (let i = 0; i < count; i++) {
    if (fits(order[i], i)) continue;
    for (let step = 1; step < order.length; step++) {
      const j = (i + step) % order.length;
      if (fits(order[j], i) && (j >= count || fits(order[i], j))) {
        [order[i], order[j]] = [order[j], order[i]];
        break;
      }
    }
  }
  return order.slice(0, count);
}

/** Answers of the facts as section indices, `[pairs][words of an answer]`. */
function drawAnswers(
  sections: FactSections,
  plan: TaskPlan,
  slots: readonly Slot[],
  labels: Uint32Array,
  random: Random,
): (readonly number[])[] {
  const { variety } = plan;
  if (variety.place === "coordinates") return slots.map(() => []);
  if (variety.label !== "beside") return slots.map((slot) => [labels[slot.image]]);
  const size = variety.answerWords;
  const flat = random.choice(plan.words, plan.pairs * size);
  if (sections.sorted) flat.sort();
  return slots.map((_, i) => Array.from(flat.subarray(i * size, (i + 1) * size)));
}

/** Keys of the facts as section indices, `[pairs][words of a key]`. */
function drawKeys(
  sections: FactSections,
  plan: TaskPlan,
  slots: readonly Slot[],
  labels: Uint32Array,
  fits: (key: readonly number[], position: number) => boolean,
  random: Random,
): (readonly number[])[] {
  const { variety, pairs } = plan;
  const pool = drawPool(sections.keys, plan.words, variety.nearKeys, random);
  if (sections.keys === "objects" && variety.keyStyle === "words" && plan.split === "train") {
    pool.sort((a, b) => Number(isHeldOutObject(a)) - Number(isHeldOutObject(b))); // stable
  }
  if (variety.keyWords === 1) return arrange(pool.map((key) => [key]), pairs, fits);
  if (sections.secondKeys) {
    return slots.flatMap((slot, i) => {
      if (i > 0 && slots[i - 1].image === slot.image) return [];
      const here = slots.filter((other) => other.image === slot.image).length;
      const keys = random.shuffle(pool.slice(0, Math.max(here + 2, Math.ceil(pairs / 2))))
        .map((key) => [key, labels[slot.image]]);
      return arrange(keys, here, (key, position) => fits(key, i + position));
    });
  }
  const side = Math.min(Math.ceil(Math.sqrt(2 * pairs)), Math.floor(plan.words / 2));
  const combinations = Array.from(random.permutation(side * side), (i) => [
    pool[Math.floor(i / side)],
    pool[side + i % side],
  ]);
  return arrange(combinations, pairs, fits);
}

/** What one context says. */
export interface Facts {
  /** In the order of their slots, `[pairs]`. */
  readonly facts: readonly Fact[];
  /**
   * The number or time of each image as a word id, rising, `[images]`, where the plan has one
   * for each image; else empty.
   */
  readonly labels: readonly number[];
}

/** How often to draw again before a plan is said to be impossible. */
const ATTEMPTS = 50;

/**
 * Draws what a context says. In training no key stands beside an answer that is held out for it.
 *
 * @param sections where keys and answers come from
 * @param plan size and variety
 * @param slots where the facts stand, in reading order, `[plan.pairs]`
 * @throws {InputError} when so many pairs do not fit without held-out ones
 */
export function drawFacts(
  sections: FactSections,
  plan: TaskPlan,
  slots: readonly Slot[],
  random: Random,
): Facts {
  const keySections = [sections.keys, sections.secondKeys ?? sections.keys];
  const training = plan.split === "train";
  const inWords = plan.variety.keyStyle === "words";
  const heldPair = (key: readonly number[], answer: readonly number[]): boolean =>
    answer.length > 0 && isHeldOutPair(key[0], answer[0]);
  const heldName = (key: readonly number[]): boolean =>
    inWords && key.some((word, j) => keySections[j] === "objects" && isHeldOutObject(word));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const labelled = plan.variety.label !== "beside" || sections.secondKeys !== undefined;
    const labels = labelled ? random.choice(plan.words, plan.images).sort() : new Uint32Array(0);
    const answers = drawAnswers(sections, plan, slots, labels, random);
    const fits = (key: readonly number[], i: number): boolean =>
      !training || !heldPair(key, answers[i]) && !heldName(key);
    const keys = drawKeys(sections, plan, slots, labels, fits, random);
    if (training && keys.some((key, i) => heldPair(key, answers[i]))) continue;
    const facts = slots.map((slot, i) => ({
      slot,
      keys: keys[i].map((key, j) => categoryStart[keySections[j]] + key),
      answers: answers[i].map((answer) => categoryStart[sections.answers] + answer),
      heldOut: heldPair(keys[i], answers[i]) || heldName(keys[i]),
    }));
    const labelStart = categoryStart[sections.secondKeys ?? sections.answers];
    return { facts, labels: Array.from(labels, (label) => labelStart + label) };
  }
  throw new InputError(
    `Cannot place ${plan.pairs} pairs of ${plan.words} words without held-out pairs: ` +
      `wanted fewer pairs or more words`,
  );
}
