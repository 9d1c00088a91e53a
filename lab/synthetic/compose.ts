/**
 * Composing a context: facts written onto boards, in motion where asked, and the rest filled with
 * textures and clutter.
 *
 * @module
 */
import type { Random } from "../../lib/stats/random.ts";
import {
  type Board,
  emptyBoards,
  freeCell,
  isFree,
  placeSlots,
  type Slot,
  type Theme,
  writeWords,
} from "./board.ts";
import type { DomainSpec } from "./domain_spec.ts";
import { drawFacts, type Fact } from "./facts.ts";
import type { TaskPlan } from "./options.ts";
import { categories, categoryStart, wordId } from "./vocabulary.ts";

/** A fact and every place where it stands: more than one when it moves through frames. */
export interface PlacedFact extends Fact {
  /** In order of time; the first is the fact's slot. */
  readonly places: readonly Slot[];
  /** The cell that holds the answer once for the whole image, where there is one. */
  readonly labelSlot?: Slot;
}

/** Boards that are full, and the facts on them. */
export interface Composition {
  /** `[plan.images]`, all of one size. */
  readonly boards: readonly Board[];
  /** `[plan.pairs]`. */
  readonly facts: readonly PlacedFact[];
}

const TEXTURES: Readonly<Record<Theme, readonly number[]>> = {
  paper: ["lines", "rule", "dots", "hatch", "grid", "bars", "zigzag"].map(wordId),
  ground: ["grass", "waves", "bricks", "leaves", "stones", "rain", "checks", "sand"].map(wordId),
};
const BLANK = wordId("blank");

/** The words of a fact side by side in the image `image`. */
function wordsOf(fact: Fact, plan: TaskPlan, labels: readonly number[], image: number): number[] {
  const { place, label } = plan.variety;
  if (place === "coordinates" || label === "once") return [...fact.keys];
  return [...fact.keys, ...(label === "shared" ? [labels[image]] : fact.answers)];
}

/** Lets a fact stay for up to two more frames, a step further in each where there is room. */
function move(
  boards: readonly Board[],
  fact: Fact,
  plan: TaskPlan,
  labels: readonly number[],
  random: Random,
): Slot[] {
  const places = [fact.slot];
  const rowStep = random.integer(3) - 1;
  const columnStep = random.integer(3) - 1;
  for (let further = random.integer(3); further > 0; further--) {
    const last = places[places.length - 1];
    const image = last.image + 1;
    if (image >= plan.images) break;
    const words = wordsOf(fact, plan, labels, image);
    const next = [
      { image, row: last.row + rowStep, column: last.column + columnStep },
      { ...last, image },
    ].find((slot) => isFree(boards, slot, words.length));
    if (!next) break;
    writeWords(boards, next, words);
    places.push(next);
  }
  return places;
}

/**
 * What fills the cells that no fact takes: mostly blank cells and three textures in patches, and
 * single words in half of the contexts.
 *
 * @param share of the cells that hold words
 * @returns word ids, `[rows * columns]`
 */
function background(
  spec: DomainSpec,
  plan: TaskPlan,
  textures: readonly number[],
  share: number,
  random: Random,
): Uint16Array {
  const cells = new Uint16Array(plan.rows * plan.columns);
  for (let i = 0; i < cells.length; i++) {
    if (share > 0 && random.uniform() < share) {
      const section = spec.clutter[random.integer(spec.clutter.length)];
      cells[i] = categoryStart[section] + random.integer(plan.words);
      continue;
    }
    const pick = random.integer(8);
    const above = i >= plan.columns ? cells[i - plan.columns] : cells[Math.max(0, i - 1)];
    if (pick < 3 && textures.includes(above)) cells[i] = above;
    else cells[i] = pick < 5 ? BLANK : textures[pick - 5];
  }
  return cells;
}

/**
 * Composes a context.
 *
 * @param spec the domain
 * @param plan size and variety
 * @throws {InputError} when the pairs do not fit without held-out ones
 */
export function compose(spec: DomainSpec, plan: TaskPlan, random: Random): Composition {
  const video = spec.media === "video";
  const boards = emptyBoards(plan, spec.theme, video, random);
  const slots = placeSlots(plan, random);
  const { facts, labels } = drawFacts(spec.sections(plan.variety), plan, slots, random);
  for (const fact of facts) {
    writeWords(boards, fact.slot, wordsOf(fact, plan, labels, fact.slot.image));
  }
  const once = plan.variety.label === "once";
  if (once) labels.forEach((label, image) => boards[image].words[0] = label);
  const placed = facts.map((fact) => ({
    ...fact,
    places: plan.variety.motion ? move(boards, fact, plan, labels, random) : [fact.slot],
    ...(once ? { labelSlot: { image: fact.slot.image, row: 0, column: 0 } } : {}),
  }));
  const share = random.integer(2) === 0 ? plan.variety.clutter : 0;
  const textures = TEXTURES[spec.theme];
  const chosen = Array.from(random.choice(textures.length, 3), (i) => textures[i]);
  let cells: Uint16Array | undefined;
  for (const board of boards) {
    if (!cells || !video) cells = background(spec, plan, chosen, share, random);
    for (let i = 0; i < cells.length; i++) {
      if (board.words[i] === freeCell) board.words[i] = cells[i];
    }
  }
  return { boards, facts: placed };
}

/** Words of a section that are in use under a plan, as ids. */
export function wordsInUse(section: keyof typeof categories, plan: TaskPlan): number[] {
  const size = Math.min(plan.words, categories[section].length);
  return Array.from({ length: size }, (_, i) => categoryStart[section] + i);
}
