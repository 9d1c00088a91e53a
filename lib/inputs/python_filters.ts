/**
 * Filters of chat templates as Python's Jinja has them: those that the library lacks, and those whose
 * result looks otherwise in Python.
 *
 * @module
 */
import { type CallArguments, given, textMethods } from "./python_methods.ts";
import { formatted, pythonOperation } from "./python_operators.ts";
import {
  jinjaFloat,
  jinjaList,
  type JinjaValue,
  jinjaValue,
  type JsonStyle,
  pythonJson,
  pythonText,
} from "./python_text.ts";

const noArguments: CallArguments = { positional: [], named: new Map() };

/** What a filter makes of its operand. */
export type Filter = (operand: JinjaValue, args: CallArguments) => JinjaValue;

/** Entries of a list, keys of an object or characters of a text; an error for anything else. */
export function entriesOf(operand: JinjaValue, filter: string): readonly JinjaValue[] {
  if (Array.isArray(operand.value)) return operand.value as JinjaValue[];
  const inner = operand.value as unknown;
  if (operand.type === "StringValue") return Array.from(inner as string, jinjaValue);
  if (inner instanceof Map) return Array.from(inner.keys(), jinjaValue);
  if (operand.type === "UndefinedValue") return [];
  throw new Error(`Cannot apply filter "${filter}" to type: ${operand.type}`);
}

/** The attribute of an entry (`a`, `a.b`), or the entry itself without a name. */
function attributeOf(entry: JinjaValue, name: unknown): JinjaValue {
  if (name === undefined) return entry;
  return String(name).split(".").reduce((value, part) => {
    const inner = value.value as unknown;
    const found = inner instanceof Map
      ? inner.get(part)
      : Array.isArray(inner) && /^\d+$/.test(part)
      ? inner[Number(part)]
      : undefined;
    return found ?? jinjaValue(undefined);
  }, entry);
}

/** Whether a test says yes, by its name and what stands behind it. */
function passes(value: JinjaValue, [name, ...rest]: readonly JinjaValue[]): boolean {
  if (name === undefined) return value.__bool__().value;
  const test = Object.hasOwn(tests, String(name.value)) ? tests[String(name.value)] : undefined;
  if (!test) throw new Error(`no test named ${String(name.value)}`);
  return test(value, rest[0] ?? jinjaValue(undefined));
}

type Test = (value: JinjaValue, other: JinjaValue) => boolean;
const ofType = (...types: string[]): Test => ({ type }) => types.includes(type);
const operation = (operator: string): Test => (value, other) =>
  pythonOperation(operator, value, other).value as unknown as boolean;
const integer = (value: JinjaValue) => value.type === "IntegerValue" ? Number(value.value) : NaN;

/** Tests by name, for filters that take one. */
const tests: Readonly<Record<string, Test>> = {
  defined: ({ type }) => type !== "UndefinedValue",
  undefined: ofType("UndefinedValue"),
  none: ofType("NullValue"),
  string: ofType("StringValue"),
  number: ofType("IntegerValue", "FloatValue", "BooleanValue"),
  integer: ofType("IntegerValue"),
  float: ofType("FloatValue"),
  boolean: ofType("BooleanValue"),
  mapping: ofType("ObjectValue"),
  sequence: ofType("StringValue", "ArrayValue", "TupleValue", "ObjectValue"),
  iterable: ofType("StringValue", "ArrayValue", "TupleValue", "ObjectValue", "UndefinedValue"),
  true: (value) => value.type === "BooleanValue" && value.value === true,
  false: (value) => value.type === "BooleanValue" && value.value === false,
  odd: (value) => Math.abs(integer(value) % 2) === 1,
  even: (value) => integer(value) % 2 === 0,
  divisibleby: (value, other) => integer(value) % Number(other.value) === 0,
  lower: (value) => pythonText(value) === pythonText(value).toLowerCase(),
  upper: (value) => pythonText(value) === pythonText(value).toUpperCase(),
  ...Object.fromEntries(
    ([["==", "eq", "equalto"], ["!=", "ne"], ["<", "lt", "lessthan"], ["<=", "le"]] as const)
      .flatMap((names) => names.map((name) => [name, operation(names[0])])),
  ),
  ...Object.fromEntries(
    ([[">", "gt", "greaterthan"], [">=", "ge"], ["in"]] as const)
      .flatMap((names) => names.map((name) => [name, operation(names[0])])),
  ),
};

/** Entries that pass a test, or that do not, by an attribute of theirs or themselves. */
function selecting(name: string, wanted: boolean, byAttribute: boolean): Filter {
  return (operand, { positional }) => {
    if (byAttribute && operand.type === "StringValue") {
      // Python finds no attributes of letters, and says nothing; here the text becomes a part of a list
      throw new Error(`Cannot apply filter "${name}" to a text`);
    }
    const test = byAttribute ? positional.slice(1) : positional;
    const attribute = byAttribute ? positional[0]?.value : undefined;
    return jinjaList(
      entriesOf(operand, name).filter((entry) =>
        passes(attributeOf(entry, attribute), test) === wanted
      ),
    );
  };
}

/** A finite number; an error for anything else. */
function numberOf(value: JinjaValue, filter: string): number {
  const inner = value.value as unknown;
  if (typeof inner === "number" || typeof inner === "boolean") return Number(inner);
  throw new Error(`Cannot apply filter "${filter}" to type: ${value.type}`);
}

/** The nearest whole number, the even one of two. */
function halfEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** Jinja's `round`. */
function round(operand: JinjaValue, args: CallArguments): JinjaValue {
  const value = numberOf(operand, "round");
  const precision = Number(given(args, 0, "precision") ?? 0);
  const method = given(args, 1, "method") ?? "common";
  const scale = 10 ** precision;
  if (method !== "common") {
    return jinjaFloat((method === "ceil" ? Math.ceil : Math.floor)(value * scale) / scale);
  }
  if (operand.type === "IntegerValue") {
    return jinjaValue(precision >= 0 ? value : halfEven(value * scale) / scale);
  }
  const tie = Number.isInteger(value * scale * 2); // exact where it is a tie
  return jinjaFloat(
    tie || precision < 0 || precision > 100
      ? halfEven(value * scale) / scale
      : Number(value.toFixed(precision)),
  );
}

/** The largest or smallest entry. */
function extreme(name: "max" | "min"): Filter {
  return (operand, args) => {
    const attribute = given(args, 1, "attribute");
    const key = (entry: JinjaValue) => attributeOf(entry, attribute).value as number;
    const before = (a: number, b: number) => name === "max" ? a > b : a < b;
    return entriesOf(operand, name).reduce(
      (best: JinjaValue | undefined, entry) =>
        best === undefined || before(key(entry), key(best)) ? entry : best,
      undefined,
    ) ?? jinjaValue(undefined);
  };
}

const escapes: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" },
};
const escape: Filter = (operand) =>
  jinjaValue(pythonText(operand).replace(/[&<>"']/g, (character) => escapes[character]));

/** Words with their first letter large and the others small; an apostrophe ends no word. */
const title = (text: string) =>
  text.split(/([-\s({[<]+)/).map((word) => {
    const [first = "", ...rest] = word;
    return first.toUpperCase() + rest.join("").toLowerCase();
  }).join("");

/** A filter of the operand's text. */
const ofText = (change: (text: string) => string): Filter => (operand) =>
  jinjaValue(change(pythonText(operand)));

/** Filters that the library lacks, or whose result looks otherwise in Python. */
export const filters: Readonly<Record<string, Filter>> = {
  e: escape,
  escape,
  forceescape: escape,
  round,
  title: ofText(title),
  capitalize: (operand) => textMethods.capitalize(pythonText(operand), noArguments),
  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  trim: (operand, args) => textMethods.strip(pythonText(operand), args),
  select: selecting("select", true, false),
  reject: selecting("reject", false, false),
  selectattr: selecting("selectattr", true, true),
  rejectattr: selecting("rejectattr", false, true),
  list: (operand) => jinjaList(entriesOf(operand, "list")),
  first: (operand) => entriesOf(operand, "first")[0] ?? jinjaValue(undefined),
  last: (operand) => entriesOf(operand, "last").at(-1) ?? jinjaValue(undefined),
  length: (operand) => jinjaValue(entriesOf(operand, "length").length),
  count: (operand) => jinjaValue(entriesOf(operand, "count").length),
  reverse: (operand) => {
    const reversed = [...entriesOf(operand, "reverse")].reverse();
    return operand.type === "StringValue"
      ? jinjaValue(reversed.map(({ value }) => value).join(""))
      : jinjaList(reversed);
  },
  batch: (operand, args) => {
    const size = Number(given(args, 0, "linecount")), fill = args.positional[1];
    if (!(size >= 1)) throw new Error(`wanted a number above 0 for batch`);
    const entries = entriesOf(operand, "batch");
    const rows = Array.from({ length: Math.ceil(entries.length / size) }, (_, i) => {
      const row = entries.slice(i * size, (i + 1) * size);
      const missing = fill ? size - row.length : 0;
      return jinjaList([...row, ...Array.from({ length: missing }, () => fill)]);
    });
    return jinjaList(rows);
  },
  wordcount: (operand) => jinjaValue(pythonText(operand).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  format: (operand, { positional }) => jinjaValue(formatted(pythonText(operand), positional)),
  max: extreme("max"),
  min: extreme("min"),
  string: (operand) => jinjaValue(pythonText(operand)),
  join: (operand, args) => {
    const attribute = given(args, 1, "attribute");
    const parts = entriesOf(operand, "join").map((entry) => attributeOf(entry, attribute));
    return jinjaValue(parts.map(pythonText).join(String(given(args, 0, "d") ?? "")));
  },
  sum: (operand, args) => {
    const attribute = given(args, 0, "attribute");
    const start = args.positional[1] ?? args.named.get("start") ?? jinjaValue(0);
    const parts = [start, ...entriesOf(operand, "sum").map((x) => attributeOf(x, attribute))];
    const total = parts.reduce((sum, part) => sum + numberOf(part, "sum"), 0);
    return parts.some(({ type }) => type === "FloatValue") ? jinjaFloat(total) : jinjaValue(total);
  },
  tojson: (operand, args) => {
    const style: JsonStyle = {
      ensureAscii: given(args, 0, "ensure_ascii") as boolean | undefined,
      indent: given(args, 1, "indent") as number | undefined,
      separators: separatorsOf(args),
      sortKeys: given(args, 3, "sort_keys") as boolean | undefined,
    };
    return jinjaValue(pythonJson(operand, style));
  },
};

/** The pair of texts that `tojson` may be given. */
function separatorsOf(args: CallArguments): [string, string] | null {
  const pair = given(args, 2, "separators");
  if (pair === undefined) return null;
  const [between, after] = (pair as JinjaValue[]).map(({ value }) => String(value));
  return [between, after];
}
