/**
 * Multiple choice: which of the choices an answer makes, as a careful reader and as two published
 * checks see it.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { normaliseAnswer } from "./normalise.ts";
import { answersOf, type SampleText } from "./sample.ts";

/** Letter of each choice: A, B, C, … */
export const choiceLetter = (index: number): string => String.fromCharCode(65 + index);

/** Number of a letter from 0, in either case. */
const indexOf = (letter: string): number => letter.toUpperCase().charCodeAt(0) - 65;

/**
 * An answer without what a model thinks before it: blocks of `<think>` or `<thinking>`, also where the
 * prompt opened the block. As lmms-eval's filter does it (`lmms_eval/api/reasoning.py` of
 * https://github.com/EvolvingLMMs-Lab/lmms-eval); a block that never ends is all thought.
 *
 * @example
 * ```ts
 * import { withoutThoughts } from "./choice.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(withoutThoughts("<think>A, or B?</think>\n\nB"), "B");
 * assertEquals(withoutThoughts("A, or B?</think>\n\nB"), "B");
 * assertEquals(withoutThoughts("<think>A, or"), "");
 * ```
 */
export function withoutThoughts(text: string): string {
  return text.replace(/<(think|thinking)>[^]*?(?:<\/\1>|$)/g, "")
    .replace(/^[^]*<\/think(?:ing)?>/, "").trim();
}

/** What stands in the last `\boxed{…}` or `<answer>…</answer>`, or the whole text. */
function unwrapped(text: string): string {
  const found = [
    ...text.matchAll(/\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}|<answer>([^]*?)<\/answer>/g),
  ].at(-1);
  if (!found) return text;
  return (found[1] ?? found[2]).replace(/\\(?:text|mathrm|mathbf)\s*\{([^{}]*)\}/g, "$1").trim();
}

/** What may stand between `answer` and its letter, not too much of it: `is`, `: **(`, `would be option`. */
const link = String
  .raw`(?:[\s:=\-–—"'“”‘’*_({[$]|\\(?:text|mathrm|mathbf)|\b(?:is|are|was|be|would|should|must|the|option|choice|letter|answer)\b){0,30}`;

/** A letter that ends there: no letter, digit or apostrophe behind it. */
const letter = String.raw`\b([A-Z])(?![\p{L}\p{N}]|['’]\p{L})`;

/** Where an answer says that it gives one, and where it only names an option. */
const statements = [
  String.raw`\b(?:answers?|(?:best|correct|right|final|my) (?:option|choice)|choose|select|pick)\b`,
  String.raw`\b(?:option|choice)\b`,
].map((said) => new RegExp(said + link + letter, "giu"));

/** A letter at the very beginning, in brackets or followed by a mark, a line end or nothing. */
const leading = /^[\s"'“”‘’*_([{$]*([A-Z])(?:\s*[)\]}.:,;*"'”’$]|[^\S\n]*\n|\s*$|\s+[-–—]\s)/iu;

/** A letter at the very beginning, followed by words: `B is right`. */
const spaced = /^([A-Z])\s+(?=\p{L})/iu;

/** Whether a letter is the English word `a` or `I`, by what follows: `a dog`, `I think`. */
const isWord = (found: string, rest: string): boolean =>
  /^[aiI]$/.test(found) && /^\s+\p{L}/u.test(rest);

/** The letter that an answer states, or null. */
function statedLetter(text: string): string | null {
  const [given, named] = statements.map((pattern) =>
    [...text.matchAll(pattern)].filter((match) =>
      !isWord(match[1], text.slice(match.index + match[0].length))
    ).at(-1)?.[1]
  );
  if (given) return given;
  const first = leading.exec(text)?.[1];
  if (first) return first;
  const [, before] = spaced.exec(text) ?? [];
  const reasoned = /^\S\s+(?:because|since|as|is)\b/iu.test(text);
  if (before && (reasoned || !/[ai]/i.test(before))) return before; // not `A dog`
  return named ?? null;
}

/**
 * The choice that a prediction makes, read carefully: its text, its letter (`b`, `(b)`, `**B**`), both
 * (`b) eva`), a letter with a reason (`(B) because …`), or a statement (`The answer is B`, `Best option:
 * (B)`, `\boxed{B}`), thoughts left out; failing these, what {@link lmmsEvalLetter} finds.
 *
 * @param choices at most 26; of two with the same text the last counts, as in MLVU's check
 * @returns index of the choice, or -1 where the prediction names none, or a letter with the text of
 *   another
 * @throws {InputError} when there are no choices, or more than letters
 *
 * @example
 * ```ts
 * import { chosenIndex } from "./choice.ts";
 * import { assertEquals } from "@std/assert";
 * const chosen = (prediction: string) => chosenIndex(prediction, ["tom", "eva"]);
 * assertEquals(["eva", "(B)", "b: eva", "The answer is B."].map(chosen), [1, 1, 1, 1]);
 * assertEquals(["b: tom", "neither"].map(chosen), [-1, -1]);
 * ```
 */
export function chosenIndex(prediction: string, choices: readonly string[]): number {
  if (choices.length < 1 || choices.length > 26) {
    throw new InputError(`Cannot choose among ${choices.length} answers: wanted 1 to 26`);
  }
  const text = unwrapped(withoutThoughts(prediction)).trim();
  const given = normaliseAnswer(text);
  if (given === "") return -1;
  const texts = choices.map(normaliseAnswer);
  const byText = texts.lastIndexOf(given);
  if (byText >= 0) return byText;
  const [, first, rest = ""] = /^([a-z])([\s\p{P}].*)$/su.exec(given) ?? [];
  if (first && indexOf(first) < choices.length && texts.includes(normaliseAnswer(rest))) {
    return texts[indexOf(first)] === normaliseAnswer(rest) ? indexOf(first) : -1;
  }
  const stated = statedLetter(text) ?? lmmsEvalLetter(text, choices.length);
  return stated !== "" && indexOf(stated) < choices.length ? indexOf(stated) : -1;
}

/**
 * Where the right answer stands among the choices: of several, where its letter is an answer too; where
 * no choice has its text, the one whose letter it is. Undefined where there is none.
 */
function foundIndex({ answer, choices = [] }: Pick<SampleText, "answer" | "choices">) {
  const answers = answersOf({ answer }).map(normaliseAnswer);
  const isLettered = (i: number) => answers.includes(choiceLetter(i).toLowerCase());
  const matching = choices.flatMap((one, i) => answers.includes(normaliseAnswer(one)) ? [i] : []);
  const lettered = [...choices.keys()].filter(isLettered);
  return matching.filter(isLettered).at(-1) ?? matching.at(-1) ?? lettered.at(-1);
}

/** Whether one of the choices is right, by its text or its letter. */
export function hasRightChoice(sample: Pick<SampleText, "answer" | "choices">): boolean {
  return foundIndex(sample) !== undefined;
}

/** Where the right answer stands among the choices. */
function rightIndex({ answer, choices = [] }: Pick<SampleText, "answer" | "choices">): number {
  const right = foundIndex({ answer, choices });
  if (right !== undefined) return right;
  throw new InputError(
    `Cannot score a choice: none of the right answers (${answersOf({ answer }).join(", ")}) is ` +
      `among the choices (${choices.join(", ")})`,
  );
}

/**
 * Whether a prediction makes the right choice, by {@link chosenIndex}.
 *
 * @throws {InputError} when the sample has no choices or no right answer among them
 */
export function isRightChoice(
  prediction: string,
  sample: Pick<SampleText, "answer" | "choices">,
): boolean {
  const right = rightIndex(sample);
  return chosenIndex(prediction, sample.choices!) === right;
}

/**
 * Whether a prediction is right by MLVU's own check: the character before the first `)`, or without one
 * the whole prediction, is the right letter. Source: `check_ans` in
 * `evaluation/multiple_choice_evaluation/choice_bench.py` of https://github.com/JUNJIE99/MLVU.
 *
 * @throws {InputError} when the sample has no choices or no right answer among them
 *
 * @example
 * ```ts
 * import { isRightByMlvu } from "./choice.ts";
 * import { assertEquals } from "@std/assert";
 * const sample = { answer: ["B", "eva"], choices: ["tom", "eva"] };
 * const said = ["B", "B) eva", "Best option: (B)", "B.", "eva"];
 * assertEquals(said.map((one) => isRightByMlvu(one, sample)), [true, true, true, false, false]);
 * ```
 */
export function isRightByMlvu(
  prediction: string,
  sample: Pick<SampleText, "answer" | "choices">,
): boolean {
  const said = withoutThoughts(prediction), bracket = [...said].indexOf(")");
  const given = bracket < 0 ? said : bracket === 0 ? "" : [...said][bracket - 1];
  return given === choiceLetter(rightIndex(sample));
}

/**
 * Whether lmms-eval's extraction finds the right letter, {@link lmmsEvalLetter}.
 *
 * @throws {InputError} when the sample has no choices or no right answer among them
 */
export function isRightByLmmsEval(
  prediction: string,
  sample: Pick<SampleText, "answer" | "choices">,
): boolean {
  const right = choiceLetter(rightIndex(sample));
  return lmmsEvalLetter(withoutThoughts(prediction), sample.choices!.length) === right;
}

/** Phrases behind which lmms-eval looks for a letter. */
const phrases = [
  ...["the answer is", "answer is", "the correct answer is", "correct answer is"],
  ...["the best answer is", "best answer is", "the correct option is", "correct option is"],
  ...["the best option is", "best option is", "the choice is", "choice is"],
  ...["the correct choice is", "correct choice is", "i choose", "i select", "i pick"],
  ...[
    "my answer is",
    "my choice is",
    "옵션",
    "정답은",
    "답은",
    "답:",
    "答案是",
    "答案为",
    "选",
    "答えは",
  ],
];

/**
 * The letter that lmms-eval's extraction finds, e.g. for its scores of MLVU and Video-MME: of all places
 * where a capital letter stands in a known form, one of the surest form and there the last. Source:
 * `extract_mcq_answer` in `lmms_eval/tasks/_task_utils/mcq_extract.py` of
 * https://github.com/EvolvingLMMs-Lab/lmms-eval. It takes an `A` that begins a sentence for a choice.
 *
 * @param response without thoughts
 * @param count how many choices there are
 * @returns a capital letter, or an empty text
 *
 * @example
 * ```ts
 * import { lmmsEvalLetter } from "./choice.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(lmmsEvalLetter("The answer is (C).", 4), "C");
 * assertEquals(lmmsEvalLetter("A dog and a cat", 4), "A");
 * assertEquals(lmmsEvalLetter("b", 4), "");
 * ```
 */
export function lmmsEvalLetter(response: string, count: number): string {
  let bare = response.trim();
  for (const mark of [",", ".", "!", "?", ";", ":", "'", '"']) {
    while (bare.startsWith(mark)) bare = bare.slice(1);
    while (bare.endsWith(mark)) bare = bare.slice(0, -1);
  }
  const text = ` ${bare} `, stripped = text.trim(), lower = text.toLowerCase();
  const letters = Array.from({ length: count }, (_, i) => choiceLetter(i));
  const found: { letter: string; sure: number; place: number }[] = [];
  const note = (letter: string, sure: number, place: number) => {
    if (place >= 0) found.push({ letter, sure, place });
  };
  for (const one of letters) {
    note(one, 6, text.lastIndexOf(`(${one})`));
    note(one, 5, text.lastIndexOf(`${one}.`));
    note(one, 4, text.lastIndexOf(`${one}:`));
    note(one, 3, text.lastIndexOf(`${one})`));
    note(one, 2, text.lastIndexOf(`${one} `));
    for (const phrase of phrases) {
      const at = lower.indexOf(phrase);
      if (at >= 0) note(one, 7, text.indexOf(one, at + phrase.length));
    }
    const alone = stripped === one;
    if (alone || stripped.startsWith(one) && !/^.\p{L}/su.test(stripped)) note(one, 10, 0);
    if (alone || stripped.endsWith(one) && !/\p{L}.$/su.test(stripped)) {
      note(one, 9, text.length - 1);
    }
  }
  if (found.length === 0) { for (const one of letters) note(one, 0, text.lastIndexOf(one)); }
  found.sort((a, b) => b.sure - a.sure || b.place - a.place);
  return found[0]?.letter ?? "";
}
