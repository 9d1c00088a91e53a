/**
 * Operators of chat templates as Python has them, where the library differs: what is equal, remainders
 * of negative numbers, repeated and formatted texts, the order of texts and lists.
 *
 * @module
 */
import { longestText, withinLimit } from "./python_methods.ts";
import {
  jinjaFloat,
  jinjaList,
  type JinjaValue,
  jinjaValue,
  pythonRepr,
  pythonText,
} from "./python_text.ts";

/** Longest list that one step makes. */
const longestList = 1 << 16;

/** A number, also true and false; undefined for anything else. */
function numeric(value: JinjaValue): number | bigint | undefined {
  const inner = value.value as unknown;
  if (typeof inner === "number" || typeof inner === "bigint") return inner;
  return typeof inner === "boolean" ? Number(inner) : undefined;
}

const isList = ({ type }: JinjaValue) => type === "ArrayValue" || type === "TupleValue";
const entries = (list: JinjaValue) => list.value as unknown as readonly JinjaValue[];

/**
 * Whether two values are equal: numbers by their value, lists and objects by what they hold, and
 * nothing equals a value of another kind.
 */
export function isEqual(a: JinjaValue, b: JinjaValue): boolean {
  const x = numeric(a), y = numeric(b);
  if (x !== undefined || y !== undefined) return x !== undefined && y !== undefined && x == y;
  if (a.type !== b.type) return false;
  if (isList(a)) {
    const left = entries(a), right = entries(b);
    return left.length === right.length && left.every((one, i) => isEqual(one, right[i]));
  }
  const left = a.value as unknown, right = b.value as unknown;
  if (left instanceof Map && right instanceof Map) {
    return left.size === right.size &&
      [...left].every(([key, one]) => right.has(key) && isEqual(one, right.get(key)));
  }
  return left === right;
}

/** Less than, equal or more, as a negative number, 0 or a positive one; null where there is no order. */
function compared(a: JinjaValue, b: JinjaValue): number | null {
  const x = numeric(a), y = numeric(b);
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : x == y ? 0 : NaN;
  if (a.type !== b.type) return null;
  if (a.type === "StringValue") {
    const left = [...a.value as string], right = [...b.value as string];
    const at = left.findIndex((one, i) => one !== right[i]);
    if (at < 0) return left.length - right.length;
    return at < right.length ? left[at].codePointAt(0)! - right[at].codePointAt(0)! : 1;
  }
  if (!isList(a)) return null;
  const left = entries(a), right = entries(b);
  const at = left.findIndex((one, i) => i >= right.length || !isEqual(one, right[i]));
  if (at < 0) return left.length - right.length;
  return at < right.length ? compared(left[at], right[at]) : 1;
}

/** `printf`'s conversions of one value, without width but with precision. */
function converted(kind: string, precision: string | undefined, value: JinjaValue): string {
  if (kind === "s") return pythonText(value);
  if (kind === "r") return pythonRepr(value);
  const number = Number(numeric(value));
  if (Number.isNaN(number)) throw new Error(`%${kind} format: a number is required`);
  return kind === "d" || kind === "i"
    ? String(Math.trunc(number))
    : number.toFixed(precision === undefined ? 6 : Math.min(100, Number(precision)));
}

/** A text with `%s`, `%d`, `%.2f` and the like filled in. */
export function formatted(text: string, values: readonly JinjaValue[]): string {
  const pass = withinLimit();
  let next = 0;
  const whole = text.replace(/%(?:\.(\d+))?([sridf%])|%/g, (_field, precision, kind) => {
    if (kind === "%") return "%";
    if (kind === undefined) throw new Error(`cannot format ${text.slice(0, 40)}`);
    if (next >= values.length) throw new Error("not enough arguments for format string");
    return pass(converted(kind, precision, values[next++]));
  });
  if (next < values.length) throw new Error("not all arguments converted during string formatting");
  return whole;
}

/** A text or list several times over. */
function repeated(what: JinjaValue, times: number): JinjaValue {
  const count = Math.max(0, times);
  if (what.type === "StringValue") {
    const text = what.value as string;
    if (text.length * count > longestText) throw new Error(`it makes a text of ${count} parts`);
    return jinjaValue(text.repeat(count));
  }
  const list = entries(what);
  if (list.length * count > longestList) throw new Error(`it makes a list of ${count} parts`);
  return jinjaList(Array.from({ length: count }, () => list).flat());
}

/** A product; null where there is none. */
function product(a: JinjaValue, b: JinjaValue): JinjaValue | null {
  const x = numeric(a), y = numeric(b);
  if (x !== undefined && y !== undefined) {
    const isFloat = a.type === "FloatValue" || b.type === "FloatValue";
    return isFloat ? jinjaFloat(Number(x) * Number(y)) : jinjaValue(wholeProduct(x, y));
  }
  const [what, times, of] = x === undefined ? [a, y, b] : [b, x, a];
  if (times === undefined || of.type === "FloatValue") return null;
  return what.type === "StringValue" || isList(what) ? repeated(what, Number(times)) : null;
}

/** The product of whole numbers, exact. */
function wholeProduct(x: number | bigint, y: number | bigint): number | bigint {
  const plain = Number(x) * Number(y);
  return Number.isSafeInteger(plain) ? plain : BigInt(x) * BigInt(y);
}

/** A remainder, which has the sign of the divisor; null where there is none. */
function remainder(a: JinjaValue, b: JinjaValue): JinjaValue | null {
  if (a.type === "StringValue") {
    const values = b.type === "TupleValue" ? entries(b) : [b];
    return jinjaValue(formatted(a.value as string, values));
  }
  const x = numeric(a), y = numeric(b);
  if (x === undefined || y === undefined) return null;
  if (Number(y) === 0) throw new Error("modulo by zero");
  if (a.type === "FloatValue" || b.type === "FloatValue") {
    const left = Number(x) % Number(y);
    return jinjaFloat(left !== 0 && (left < 0) !== (Number(y) < 0) ? left + Number(y) : left);
  }
  const whole = ((BigInt(x) % BigInt(y)) + BigInt(y)) % BigInt(y);
  return jinjaValue(Number.isSafeInteger(Number(whole)) ? Number(whole) : whole);
}

/** Whether a value is in a text, a list or an object; null for anything else. */
function isIn(one: JinjaValue, all: JinjaValue): boolean | null {
  if (isList(all)) return entries(all).some((other) => isEqual(one, other));
  const inner = all.value as unknown;
  if (inner instanceof Map) return one.type === "StringValue" && inner.has(one.value);
  if (all.type === "UndefinedValue") return false;
  if (all.type !== "StringValue" || one.type !== "StringValue") return null;
  return (inner as string).includes(one.value as string);
}

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

/** Operators that are computed here. */
export const pythonOperators: ReadonlySet<string> = new Set([
  ...["==", "!=", "~", "*", "%", "in", "not in"],
  ...Object.keys(orders),
]);

/**
 * The result of one of {@link pythonOperators}.
 *
 * @throws {Error} where Python knows none between such values
 */
export function pythonOperation(operator: string, a: JinjaValue, b: JinjaValue): JinjaValue {
  const truth = (value: boolean | null) => value === null ? null : jinjaValue(value);
  let result: JinjaValue | null = null;
  if (operator === "==" || operator === "!=") result = truth(isEqual(a, b) === (operator === "=="));
  else if (operator === "~") result = jinjaValue(pythonText(a) + pythonText(b));
  else if (operator === "*") result = product(a, b);
  else if (operator === "%") result = remainder(a, b);
  else if (operator === "in" || operator === "not in") {
    const inside = isIn(a, b);
    result = truth(inside === null ? null : inside === (operator === "in"));
  } else {
    const order = compared(a, b);
    result = truth(order === null ? null : orders[operator](order));
  }
  if (result !== null) return result;
  const kind = ({ type }: JinjaValue) => type.replace(/Value$/, "").toLowerCase();
  throw new Error(`no operator ${operator} between ${kind(a)} and ${kind(b)}`);
}
