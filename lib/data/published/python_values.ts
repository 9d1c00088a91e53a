/**
 * Numbers and lists as Python writes, reads and rounds them, which published scores depend on.
 *
 * @module
 */

/** A number in a text that holds nothing else; NaN if there is none. */
export const numberIn = (text: string): number =>
  /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : NaN;

/**
 * A float as Python's `str` writes it.
 *
 * @example
 * ```ts
 * import { pythonText } from "./python_values.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([5, 0.25, 1e-5, 1e16].map(pythonText), ["5.0", "0.25", "1e-05", "1e+16"]);
 * ```
 */
export function pythonText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/**
 * A number rounded to decimals as Python's `round` does it: its exact binary value to the nearest, halves
 * to the even digit.
 *
 * @example
 * ```ts
 * import { pythonRound } from "./python_values.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0.105, 0.125, 0.375].map((x) => pythonRound(x, 2)), [0.1, 0.12, 0.38]);
 * ```
 */
export function pythonRound(value: number, decimals: number): number {
  const size = Math.abs(value);
  if (!(size < 1e21) || decimals > 60) return value; // nothing behind the point, or no such digit
  const rounded = size.toFixed(decimals); // the larger one of two that are equally near
  const [, behind] = size.toFixed(100).split(".");
  const half = /^50*$/.test(behind.slice(decimals));
  const odd = Number(rounded.at(-1)) % 2 === 1;
  const even = half && odd ? (Number(rounded) - 10 ** -decimals).toFixed(decimals) : rounded;
  return Math.sign(value) * Number(even);
}

/** A text or a number of a list that Python reads. */
const literal =
  /\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|([+-]?(?:0|[1-9]\d*)(?![\d.e])|[+-]?(?:\d+\.\d*|\.\d+|\d+(?=e))(?:e[+-]?\d+)?))\s*/iuy;

/**
 * The items of a list of texts and numbers in Python's notation, each as Python's `str` writes it.
 *
 * @returns null where Python does not read it as such a list
 *
 * @example
 * ```ts
 * import { pythonList } from "./python_values.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(pythonList(`['a', "b's", 1.50, 7]`), ["a", "b's", "1.5", "7"]);
 * assertEquals(pythonList("['a'"), null);
 * ```
 */
export function pythonList(text: string): string[] | null {
  const inner = /^\[([^]*)\]\s*$/.exec(text)?.[1];
  if (inner === undefined) return null;
  const items: string[] = [];
  let at = 0;
  while (inner.slice(at).trim() !== "") {
    let item: string | null = null;
    for (let texts = true; texts;) {
      literal.lastIndex = at;
      const found = literal.exec(inner);
      if (!found) break;
      const [whole, single, double, number] = found;
      texts = number === undefined;
      if (!texts && item !== null) return null;
      at += whole.length;
      item = texts
        ? (item ?? "") + (single ?? double).replace(/\\(['"\\])/g, "$1") // texts side by side are one
        : /^[+-]?\d+$/.test(number)
        ? String(BigInt(number))
        : pythonText(Number(number));
    }
    if (item === null || at < inner.length && inner[at++] !== ",") return null;
    items.push(item);
  }
  return items;
}
