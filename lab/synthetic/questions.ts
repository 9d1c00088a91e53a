/**
 * Questions about the facts of a context, with answers, choices and evidence.
 *
 * @module
 */
import type { Random } from "../../lib/stats/random.ts";
import { cellIndex, type Slot } from "./board.ts";
import { type Composition, type PlacedFact, wordsInUse } from "./compose.ts";
import { type DomainSpec, keyPhrase, wordingFor } from "./domain_spec.ts";
import { pairWidth, type TaskPlan } from "./options.ts";
import type { Box, Evidence } from "../../lib/data/sample.ts";
import { cellSide } from "./shapes.ts";
import {
  categories,
  categoryOf,
  categoryStart,
  colours,
  objectParts,
  shapes,
  wordIds,
  words,
} from "./vocabulary.ts";

/** One question on a context. */
export interface ContextQuestion {
  /** What is asked, in words of the vocabulary. */
  readonly question: string;
  /** The same about a key that is not there; absent where every key is there. */
  readonly null?: string;
  /** Boxes of each other key and its answer. */
  readonly foils: readonly (readonly Evidence[])[];
  /** What each foil answers; null where answers are letters of choices. */
  readonly foilAnswers: readonly string[] | null;
  /** What to answer, in words of the vocabulary. */
  readonly answer: string;
  /** Every answer that is right, `answer` first. */
  readonly accepted: readonly string[];
  /** Word ids of the answer, one or two. */
  readonly answerIds: readonly number[];
  /** Word ids of the key as it is drawn. */
  readonly keyIds: readonly number[];
  /** Visual tokens of the key, as cell indices over the whole context. */
  readonly keyCells: readonly number[];
  /** Visual tokens from which the answer is read; empty where the answer is a place. */
  readonly answerCells: readonly number[];
  /** The same as boxes in pixels. */
  readonly evidence: readonly Evidence[];
  /** Four answers to choose from. */
  readonly choices?: readonly string[];
  /** Probability of a right answer by a guess among the candidates in sight. */
  readonly chance: number;
  /** Whether no training question is about this composition. */
  readonly heldOut: boolean;
}

/** A key in words: an object by one token or two, other words as they are. */
function keyText(id: number, plan: TaskPlan): string {
  const object = id - categoryStart.objects;
  if (plan.variety.keyStyle === "one-token" || categoryOf(id) !== "objects") return words[id];
  const { colour, shape } = objectParts(object);
  return `${colours[colour]} ${shapes[shape]}`;
}

/** The answer to a fact: its words, or its column and row in eighths of the image. */
function answerText(fact: PlacedFact, plan: TaskPlan): string {
  if (plan.variety.place === "beside") return fact.answers.map((id) => words[id]).join(" ");
  const eighth = (cell: number, cells: number) => Math.floor(8 * (cell + 0.5) / cells);
  const x = categories.columns[eighth(fact.slot.column, plan.columns)];
  const y = categories.rows[eighth(fact.slot.row, plan.rows)];
  return `${x} ${y}`;
}

/** Pixels of `width` cells side by side. */
function boxOf(slot: Slot, width: number): Box {
  const x = slot.column * cellSide;
  const y = slot.row * cellSide;
  return [x, y, x + width * cellSide, y + cellSide];
}

function evidenceOf(spec: DomainSpec, plan: TaskPlan, slot: Slot, width: number): Evidence {
  const box = boxOf(slot, width);
  if (spec.media === "images") return { image: slot.image, box };
  const first = slot.image * plan.frameRepeat;
  return { frames: [first, first + plan.frameRepeat - 1], box };
}

/** Where a fact can be read: with a number for each picture only the first place tells it. */
function tellingPlaces({ places }: PlacedFact, { variety }: TaskPlan): readonly Slot[] {
  return variety.label === "beside" ? places : places.slice(0, 1);
}

/** The places of a fact, key and answer, and of the number of its picture. */
function evidencePlaces(fact: PlacedFact, spec: DomainSpec, plan: TaskPlan): Evidence[] {
  const width = pairWidth(plan.variety);
  const evidence = tellingPlaces(fact, plan).map((slot) => evidenceOf(spec, plan, slot, width));
  if (fact.labelSlot) evidence.push(evidenceOf(spec, plan, fact.labelSlot, 1));
  return evidence;
}

/** A key of the same form whose first word no picture shows, or null where all are shown. */
function absentKey(
  { keys: [own, ...rest] }: PlacedFact,
  spec: DomainSpec,
  plan: TaskPlan,
  { boards }: Composition,
  random: Random,
): number[] | null {
  const shown = new Set(boards.flatMap((board) => [...board.words]));
  const free = wordsInUse(spec.sections(plan.variety).keys, plan)
    .filter((id) => !shown.has(id) && id !== own);
  return free.length > 0 ? [free[random.integer(free.length)], ...rest] : null;
}

/** Three wrong answers, of other facts as far as they go. */
function wrongAnswers(
  spec: DomainSpec,
  plan: TaskPlan,
  answers: readonly string[],
  right: string,
  random: Random,
): string[] {
  const others = new Set(answers);
  others.delete(right);
  const wrong = random.shuffle([...others]).slice(0, 3);
  const section = spec.sections(plan.variety).answers;
  const draw = (): string =>
    plan.variety.place === "coordinates"
      ? `x${1 + random.integer(8)} y${1 + random.integer(8)}`
      : Array.from(
        random.choice(plan.words, plan.variety.answerWords),
        (i) => categories[section][i],
      ).join(" ");
  while (wrong.length < 3) {
    const candidate = draw();
    if (candidate !== right && !wrong.includes(candidate)) wrong.push(candidate);
  }
  return wrong;
}

const LETTERS = categories.letters;

/** The question on one fact. */
function questionOn(
  fact: PlacedFact,
  spec: DomainSpec,
  plan: TaskPlan,
  composition: Composition,
  answers: readonly string[],
  random: Random,
): ContextQuestion {
  const { variety } = plan;
  const right = answerText(fact, plan);
  const key = fact.keys.map((id) => keyText(id, plan));
  const templates = spec.templates(variety);
  const wording = wordingFor(templates, variety, random);
  /** The question on a key, with what follows it. */
  const ask = (words: readonly string[], after: string) =>
    wording.replace("{k}", keyPhrase(templates, words, variety)) + after;
  let after = "";
  let answer = right;
  let accepted: readonly string[] = [right];
  let choices: readonly string[] | undefined;
  if (variety.choices !== "none") {
    choices = random.shuffle([right, ...wrongAnswers(spec, plan, answers, right, random)]);
    if (variety.choices === "words") {
      after = ` ${choices.slice(0, 3).join(", ")} or ${choices[3]}?`;
    } else if (variety.choices === "letters") {
      after = choices.map((choice, i) => ` (${LETTERS[i]}) ${choice}`).join("");
      answer = LETTERS[choices.indexOf(right)];
      accepted = [answer, right];
    }
  }
  const places = tellingPlaces(fact, plan);
  const width = pairWidth(variety);
  const board = composition.boards[0];
  const cells = (slot: Slot, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => cellIndex(board, slot) + from + i);
  const absent = absentKey(fact, spec, plan, composition, random.fork("null query"));
  const evidence = evidencePlaces(fact, spec, plan);
  const others = composition.facts.filter((other) => other !== fact);
  const answerCells = places.flatMap((slot) => cells(slot, fact.keys.length, width));
  if (fact.labelSlot) answerCells.push(cellIndex(board, fact.labelSlot));
  return {
    question: ask(key, after),
    ...(absent ? { null: ask(absent.map((id) => keyText(id, plan)), after) } : {}),
    foils: others.map((other) => evidencePlaces(other, spec, plan)),
    foilAnswers: variety.choices === "none" ? others.map((other) => answerText(other, plan)) : null,
    answer,
    accepted,
    answerIds: wordIds(answer),
    keyIds: fact.keys,
    keyCells: places.flatMap((slot) => cells(slot, 0, fact.keys.length)),
    answerCells,
    evidence,
    ...(choices ? { choices } : {}),
    chance: 1 / (choices ? choices.length : new Set(answers).size),
    heldOut: fact.heldOut,
  };
}

/**
 * Up to `count` questions on different facts of a context. Training asks nothing that is held out;
 * a test asks what is held out first.
 *
 * @param count most questions wanted, at least 1
 * @returns at least one question
 */
export function askQuestions(
  spec: DomainSpec,
  plan: TaskPlan,
  composition: Composition,
  count: number,
  random: Random,
): ContextQuestion[] {
  const answers = composition.facts.map((fact) => answerText(fact, plan));
  const order = random.shuffle([...composition.facts]);
  const held = order.filter((fact) => fact.heldOut);
  const seen = order.filter((fact) => !fact.heldOut);
  const asked = plan.split === "train" ? seen : [...held, ...seen];
  return asked.slice(0, count).map((fact) =>
    questionOn(fact, spec, plan, composition, answers, random)
  );
}
