/**
 * Whether an answer on a document is right, and its score, by the rules of MMLongBench-Doc.
 *
 * Source: `eval/eval_score.py` of https://github.com/mayubo2333/MMLongBench-Doc. There a language
 * model first extracts a short answer from a long one; here the model's own words are scored, thoughts
 * left out. A text or list scores there by its similarity where that is above 0.5, else 0, and accuracy
 * is the mean score: {@link documentScore}. Counted as right or wrong, an answer is right where it scores:
 * {@link isDocumentAnswer}, which also takes a list without brackets, split at its commas.
 *
 * @module
 */
import { editDistance } from "../../common/errors.ts";
import { withoutThoughts } from "../choice.ts";
import type { MetricName } from "../sample.ts";
import { numberIn, pythonList, pythonRound, pythonText } from "./python_values.ts";

/** A text without what does not count: case, notes in parentheses, quotes, `$` before, `%` behind. */
function cleaned(text: string): string {
  const plain = text.toLowerCase().trim(), end = plain.lastIndexOf(")") + 1;
  const notes = plain.slice(0, end).replace(/(?<!\s)\s*\([^)]*\)/g, ""); // each of them ends
  return (notes + plain.slice(end)).trim().replace(/^['"]|['"]$/g, "")
    .trim().replace(/^\$+/, "").trim().replace(/(?<!%)%+$/, "").trim();
}

/** Texts that must be equal to be right: addresses, files, pages, numbers, times and dates. */
const exact =
  /https:\/\/|\.py$|ipynb$|^page|^\d+([-\s]\d+)?$|[ap]\.m\.|^\d{4}[-\s]\d{2}([-\s]\d{2})?$|^[\w.%+-]+@[a-z\d.-]+\.[a-z]{2,}$/;

/** Average normalised Levenshtein similarity, 0 where it is not above 0.5. */
function similarity(a: string, b: string): number {
  const length = Math.max(a.toUpperCase().length, b.toUpperCase().length);
  const share = length === 0 ? 1 : 1 - editDistance(a, b) / length;
  return share > 0.5 ? share : 0;
}

function textScore(given: string, right: string): number {
  return exact.test(right) ? Number(given === right) : similarity(right, given);
}

function isSameInteger(given: string, right: string): boolean {
  const a = Math.trunc(numberIn(given));
  return Number.isFinite(a) && /^\s*[+-]?\d+\s*$/.test(right) && a === Number(right);
}

/** Digits behind the point of what Python writes; 3 where it writes no point. */
const digits = (value: number): number => pythonText(value).split(".")[1]?.length ?? 3;

function isSameNumber(given: string, right: string): boolean {
  const a = numberIn(cleaned(given)), wanted = numberIn(cleaned(right));
  if (!Number.isFinite(a)) return false; // an infinite number is near none
  return [wanted / 100, wanted, wanted * 100].some((b) => {
    if (Math.abs(a - b) <= 0.01 * Math.max(Math.abs(a), Math.abs(b))) return Number.isFinite(b);
    const decimals = Math.max(Math.min(digits(a), digits(b)), 2);
    return pythonRound(a, decimals) === pythonRound(b, decimals);
  });
}

const isList = (text: string): boolean => /^\s*\[[^]*\]\s*$/.test(text);

/** Items of a list as Python or JSON writes it, or of a text with commas. */
function items(text: string): string[] {
  if (!isList(text)) return text.split(",").map(cleaned).sort();
  const item = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,'"][^,]*)/g;
  return [...text.trim().slice(1, -1).matchAll(item)]
    .map(([, single, double, bare]) => cleaned((single ?? double ?? bare).replace(/\\(.)/g, "$1")))
    .sort();
}

/** @param a items of the prediction, in order @param b of the right answer */
function listScore(a: readonly string[], b: readonly string[]): number {
  if (a.length !== b.length || b.length === 0) return 0;
  const number = !Number.isNaN(numberIn(b[0])) || /^[+-]?(inf(inity)?|nan)$/.test(b[0]);
  if (number || exact.test(b[0])) return Number(a.join("-") === b.join("-"));
  return Math.min(...b.map((one, i) => similarity(one, a[i])));
}

/**
 * The metric that fits an answer whose format is not given: a list, a whole number, a number or a
 * text.
 */
export function metricOfAnswer(answer: string): MetricName {
  if (/^\s*\[/.test(answer)) return "list";
  if (/^\s*[+-]?\d+\s*$/.test(answer)) return "integer";
  return Number.isNaN(numberIn(cleaned(answer))) ? "text" : "number";
}

/** Formats of answers. */
export type DocumentFormat = "integer" | "number" | "text" | "list";

/**
 * The score of a prediction as MMLongBench-Doc publishes it, 0 to 1: for texts and lists their
 * similarity. A list needs its brackets there.
 *
 * @example
 * ```ts
 * import { documentScore } from "./document_answer.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(documentScore("abx", "abc", "text"), 1 - 1 / 3);
 * assertEquals(documentScore("10%, white", "['White', '10%']", "list"), 0);
 * ```
 */
export function documentScore(prediction: string, answer: string, format: DocumentFormat): number {
  const given = withoutThoughts(prediction);
  if (format === "integer") return Number(isSameInteger(given, answer));
  if (format === "number") return Number(isSameNumber(given, answer));
  if (format === "text") return textScore(cleaned(given), cleaned(answer));
  const right = answer.startsWith("[")
    ? (pythonList(answer)?.map(cleaned).sort() ?? items(answer))
    : [cleaned(answer)];
  if (!given.startsWith("[")) return listScore([cleaned(given)], right);
  return listScore((pythonList(given) ?? []).map(cleaned).sort(), right); // [] where Python fails
}

/**
 * Whether a prediction equals an answer of a format.
 *
 * @example
 * ```ts
 * import { isDocumentAnswer } from "./document_answer.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(isDocumentAnswer("18.3", "18.29%", "number"), true);
 * assertEquals(isDocumentAnswer("10%, white", "['White', '10%']", "list"), true);
 * assertEquals(isDocumentAnswer("7", "8", "integer"), false);
 * ```
 */
export function isDocumentAnswer(
  prediction: string,
  answer: string,
  format: DocumentFormat,
): boolean {
  if (format !== "list") return documentScore(prediction, answer, format) > 0;
  const given = withoutThoughts(prediction);
  const b = isList(answer) ? items(answer) : [cleaned(answer)];
  const a = b.length === 1 && !isList(given) ? [cleaned(given)] : items(given);
  return listScore(a, b) > 0;
}
