/**
 * Methods of texts as Python has them, for chat templates: the library lacks most, and takes no
 * arguments of `strip`.
 *
 * Source: CPython `str`; lengths and places count code points.
 * @module
 */
import { jinjaTuple, type JinjaValue, jinjaValue, pythonText } from "./python_text.ts";

/** Longest text that one step makes, in characters. */
export const longestText = 1 << 23;

/** Evaluated arguments of a call. */
export interface CallArguments {
  /** By place. */
  readonly positional: readonly JinjaValue[];
  /** By name. */
  readonly named: ReadonlyMap<string, JinjaValue>;
}

type Method = (text: string, args: CallArguments) => JinjaValue;

/** What `str.isspace` is true of. */
const space =
  "\\t-\\r\\u001c- \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** One end of a line, as `str.splitlines` knows them. */
const lineEnd = "(?:\\r\\n|[\\n\\r\\v\\f\\u001c-\\u001e\\u0085\\u2028\\u2029])";
const lines = new RegExp(`(?:(?!${lineEnd})[^])*${lineEnd}|[^]+$`, "g");
const lastEnd = new RegExp(`${lineEnd}$`);

/** Lets texts pass that together are no longer than {@link longestText}. */
export function withinLimit(): (part: string) => string {
  let length = 0;
  return (part) => {
    length += part.length;
    if (length > longestText) {
      throw new Error(`it makes a text of more than ${longestText} characters`);
    }
    return part;
  };
}

/** The argument at a place or under a name; undefined where there is none, or None. */
export function given({ positional, named }: CallArguments, place: number, name: string): unknown {
  return (positional[place] ?? named.get(name))?.value ?? undefined;
}

/** A text among the arguments. */
function textOf(args: CallArguments, place: number, name: string): string {
  const value = given(args, place, name);
  if (typeof value === "string") return value;
  throw new Error(`wanted a text for ${name}`);
}

/** A whole number among the arguments. */
function numberOf(args: CallArguments, place: number, name: string, fallback: number): number {
  const value = given(args, place, name) ?? fallback;
  if (Number.isInteger(value)) return value as number;
  throw new Error(`wanted a whole number for ${name}`);
}

/**
 * A text without characters at its ends.
 *
 * @param characters which; white space by default
 *
 * @example
 * ```ts
 * import { stripped } from "./python_methods.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(stripped("\n\n  a\n", "both", "\n"), "  a");
 * assertEquals(stripped(" a ", "left"), "a ");
 * ```
 */
export function stripped(
  text: string,
  side: "left" | "right" | "both",
  characters?: string,
): string {
  const gone = characters === undefined ? null : new Set(characters);
  const isSpace = new RegExp(`[${space}]`);
  const goes = (one: string) => gone ? gone.has(one) : isSpace.test(one);
  const all = [...text];
  let start = 0, end = all.length;
  if (side !== "right") { while (start < end && goes(all[start])) start++; }
  if (side !== "left") { while (end > start && goes(all[end - 1])) end--; }
  return all.slice(start, end).join("");
}

/** Parts between separators, at most `most` cuts, counted from one end. */
function cut(text: string, args: CallArguments, fromRight: boolean): JinjaValue {
  const separator = given(args, 0, "sep") as string | undefined;
  if (separator === "") throw new Error("empty separator");
  const most = numberOf(args, 1, "maxsplit", -1);
  const gap = separator === undefined ? new RegExp(`[${space}]+`, "g") : separator;
  const bare = separator === undefined ? stripped(text, "both") : text;
  const parts = bare === "" && separator === undefined ? [] : bare.split(gap);
  if (most < 0 || parts.length <= most + 1) return jinjaValue(parts);
  if (separator !== undefined) {
    return jinjaValue(
      fromRight
        ? [parts.slice(0, parts.length - most).join(separator), ...parts.slice(parts.length - most)]
        : [...parts.slice(0, most), parts.slice(most).join(separator)],
    );
  }
  const gaps = [...bare.matchAll(gap as RegExp)];
  const cuts = fromRight ? gaps.slice(gaps.length - most) : gaps.slice(0, most);
  const ends = [...cuts.map(({ index }) => index), bare.length];
  const starts = [0, ...cuts.map((found) => found.index + found[0].length)];
  const pieces = starts.map((start, i) => bare.slice(start, ends[i]));
  const side = fromRight ? 0 : pieces.length - 1; // the end that was not cut keeps no space outside
  pieces[side] = stripped(pieces[side], fromRight ? "right" : "left");
  return jinjaValue(pieces);
}

/** The text before, at and after a separator. */
function partition(text: string, separator: string, at: number, fromRight: boolean): JinjaValue {
  const parts = at >= 0
    ? [text.slice(0, at), separator, text.slice(at + separator.length)]
    : fromRight
    ? ["", "", text]
    : [text, "", ""];
  return jinjaTuple(parts.map(jinjaValue));
}

/** Number of the code point at a place of a text; -1 stays. */
const point = (text: string, at: number) => at < 0 ? at : [...text.slice(0, at)].length;

/** Where a text is, or an error. */
function found(at: number): number {
  if (at < 0) throw new Error("substring not found");
  return at;
}

/** Spaces or another character around a text, up to a width. */
function padded(text: string, args: CallArguments, left: (missing: number) => number): string {
  const width = numberOf(args, 0, "width", 0), length = [...text].length;
  if (width > longestText) throw new Error(`it makes a text of ${width} characters`);
  const missing = Math.max(0, width - length), before = left(missing);
  const fill = given(args, 1, "fillchar") as string ?? " ";
  return fill.repeat(before) + text + fill.repeat(missing - before);
}

/** Whether a text is not empty and every character is of a kind. */
const every = (kind: RegExp): Method => (text) =>
  jinjaValue(text !== "" && [...text].every((one) => kind.test(one)));

/** Whether a text has letters with a case, and all of them are of one. */
const cased = (change: (text: string) => string, other: RegExp): Method => (text) =>
  jinjaValue(/\p{Lu}|\p{Ll}|\p{Lt}/u.test(text) && !other.test(text) && change(text) === text);

/** Words with their first letter large and the others small, a word being any run of letters. */
const title = (text: string) =>
  text.toLowerCase().replace(/\p{L}+/gu, (word) => word[0].toUpperCase() + word.slice(1));

/** `str.format` with plain fields: `{}`, `{0}`, `{name}`. */
function format(text: string, { positional, named }: CallArguments): string {
  const pass = withinLimit();
  let next = 0;
  return text.replace(/\{\{|\}\}|\{(\w*)\}|[{}]/g, (field, name?: string) => {
    if (field === "{{" || field === "}}") return field[0];
    if (name === undefined) throw new Error(`cannot format ${text}`);
    const value = /^\d*$/.test(name)
      ? positional[name === "" ? next++ : Number(name)]
      : named.get(name);
    if (value === undefined) throw new Error(`no argument for ${field}`);
    return pass(pythonText(value));
  });
}

const of = (change: (text: string) => string): Method => (text) => jinjaValue(change(text));

/** Methods of texts by name. */
export const textMethods: Readonly<Record<string, Method>> = {
  strip: (text, args) => jinjaValue(stripped(text, "both", given(args, 0, "chars") as string)),
  lstrip: (text, args) => jinjaValue(stripped(text, "left", given(args, 0, "chars") as string)),
  rstrip: (text, args) => jinjaValue(stripped(text, "right", given(args, 0, "chars") as string)),
  split: (text, args) => cut(text, args, false),
  rsplit: (text, args) => cut(text, args, true),
  splitlines: (text, args) => {
    const found = text.match(lines) ?? [];
    const keeps = given(args, 0, "keepends") === true;
    return jinjaValue(keeps ? found : found.map((line) => line.replace(lastEnd, "")));
  },
  join: (text, args) => {
    const parts = args.positional[0]?.value as unknown;
    const list = parts instanceof Map ? [...parts.keys()].map(jinjaValue) : parts;
    if (!Array.isArray(list)) throw new Error("can only join a list");
    const pass = withinLimit();
    return jinjaValue(
      (list as JinjaValue[]).map(({ type, value }) => {
        if (type !== "StringValue") throw new Error("can only join texts");
        return pass(value as string);
      }).join(text),
    );
  },
  find: (text, args) => jinjaValue(point(text, text.indexOf(textOf(args, 0, "sub")))),
  rfind: (text, args) => jinjaValue(point(text, text.lastIndexOf(textOf(args, 0, "sub")))),
  index: (text, args) => jinjaValue(point(text, found(text.indexOf(textOf(args, 0, "sub"))))),
  rindex: (text, args) => jinjaValue(point(text, found(text.lastIndexOf(textOf(args, 0, "sub"))))),
  count: (text, args) => {
    const part = textOf(args, 0, "sub");
    return jinjaValue(part === "" ? [...text].length + 1 : text.split(part).length - 1);
  },
  partition: (text, args) =>
    partition(text, textOf(args, 0, "sep"), text.indexOf(textOf(args, 0, "sep")), false),
  rpartition: (text, args) =>
    partition(text, textOf(args, 0, "sep"), text.lastIndexOf(textOf(args, 0, "sep")), true),
  removeprefix: (text, args) => {
    const part = textOf(args, 0, "prefix");
    return jinjaValue(text.startsWith(part) ? text.slice(part.length) : text);
  },
  removesuffix: (text, args) => {
    const part = textOf(args, 0, "suffix");
    return jinjaValue(part !== "" && text.endsWith(part) ? text.slice(0, -part.length) : text);
  },
  zfill: (text, args) => {
    const sign = /^[+-]/.exec(text)?.[0] ?? "";
    const width = numberOf(args, 0, "width", 0) - sign.length;
    const zeros = { positional: [jinjaValue(width), jinjaValue("0")], named: new Map() };
    return jinjaValue(sign + padded(text.slice(sign.length), zeros, (missing) => missing));
  },
  ljust: (text, args) => jinjaValue(padded(text, args, () => 0)),
  rjust: (text, args) => jinjaValue(padded(text, args, (missing) => missing)),
  center: (text, args) => {
    const width = numberOf(args, 0, "width", 0);
    const left = (missing: number) => (missing >> 1) + (missing & width & 1);
    return jinjaValue(padded(text, args, left));
  },
  title: of(title),
  capitalize: of((text) => {
    const [first = "", ...rest] = text;
    return first.toUpperCase() + rest.join("").toLowerCase();
  }),
  swapcase: of((text) =>
    [...text].map((one) => one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase()).join(
      "",
    )
  ),
  casefold: of((text) => text.toLowerCase().replaceAll("ß", "ss")),
  isdigit: every(/[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]/u),
  isdecimal: every(/\p{Nd}/u),
  isnumeric: every(/\p{N}/u),
  isalpha: every(/\p{L}/u),
  isalnum: every(/[\p{L}\p{N}]/u),
  isspace: every(new RegExp(`[${space}]`)),
  isupper: cased((text) => text.toUpperCase(), /\p{Ll}|\p{Lt}/u),
  islower: cased((text) => text.toLowerCase(), /\p{Lu}|\p{Lt}/u),
  format: (text, args) => jinjaValue(format(text, args)),
};
