/**
 * Whether an answer on a document is right, by the rules of MMLongBench-Doc.
 *
 * Source: `eval/eval_score.py` of https://github.com/mayubo2333/MMLongBench-Doc. There a language
 * model first extracts a short answer from a long one; here the model's own words are scored. A text
 * or list scores there by its similarity where that is above 0.5, else 0; here it is right where it
 * scores. A list without brackets is split at its commas.
 *
 * @module
 */
import { editDistance } from "../../common/errors.ts";
import type { MetricName } from "../sample.ts";

/** A text without what does not count: case, notes in parentheses, quotes, `$` before, `%` behind. */
function cleaned(text: string): string {
  return text.toLowerCase().trim().replace(/\s*\([^)]*\)/g, "").trim().replace(/^['"]|['"]$/g, "")
    .trim().replace(/^\$+/, "").trim().replace(/%+$/, "").trim();
}

/** A number in a text that holds nothing else; NaN if there is none. */
const numberOf = (text: string): number =>
  /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : NaN;

/** Texts that must be equal to be right: addresses, files, pages, numbers, times and dates. */
const exact =
  /https:\/\/|\.py$|ipynb$|^page|^\d+([-\s]\d+)?$|[ap]\.m\.|^\d{4}[-\s]\d{2}([-\s]\d{2})?$|^[\w.%+-]+@[\w.-]+\.[a-z]{2,}$/;

/** Average normalised Levenshtein similarity, 0 where it is not above 0.5. */
function similarity(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  const share = length === 0 ? 1 : 1 - editDistance(a, b) / length;
  return share > 0.5 ? share : 0;
}

const isSameText = (given: string, right: string): boolean =>
  exact.test(right) ? given === right : similarity(given, right) > 0;

function isSameInteger(given: string, right: string): boolean {
  return /^\s*[+-]?\d+\s*$/.test(right) && Math.trunc(numberOf(given)) === Number(right);
}

/** Digits behind the point. */
const digits = (value: number): number => Math.max(String(value).split(".")[1]?.length ?? 1, 1);

function isSameNumber(given: string, right: string): boolean {
  const a = numberOf(cleaned(given)), wanted = numberOf(cleaned(right));
  return [wanted / 100, wanted, wanted * 100].some((b) => {
    if (Math.abs(a - b) <= 0.01 * Math.max(Math.abs(a), Math.abs(b))) return true;
    const scale = 10 ** Math.max(Math.min(digits(a), digits(b)), 2);
    return Math.round(a * scale) === Math.round(b * scale);
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

function isSameList(given: string, right: string): boolean {
  const b = isList(right) ? items(right) : [cleaned(right)];
  const a = b.length === 1 && !isList(given) ? [cleaned(given)] : items(given);
  if (a.length !== b.length || b.length === 0) return false;
  if (!Number.isNaN(numberOf(b[0])) || exact.test(b[0])) return a.join("-") === b.join("-");
  return b.every((one, i) => similarity(one, a[i]) > 0);
}

/**
 * The metric that fits an answer whose format is not given: a list, a whole number, a number or a
 * text.
 */
export function metricOfAnswer(answer: string): MetricName {
  if (/^\s*\[/.test(answer)) return "list";
  if (/^\s*[+-]?\d+\s*$/.test(answer)) return "integer";
  return Number.isNaN(numberOf(cleaned(answer))) ? "text" : "number";
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
  format: "integer" | "number" | "text" | "list",
): boolean {
  if (format === "integer") return isSameInteger(prediction, answer);
  if (format === "number") return isSameNumber(prediction, answer);
  if (format === "list") return isSameList(prediction, answer);
  return isSameText(cleaned(prediction), cleaned(answer));
}
