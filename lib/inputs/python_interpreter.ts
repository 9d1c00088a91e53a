/**
 * Chat templates as Python's Jinja runs them, where the library differs: what values look like when they
 * are printed, and filters that it lacks.
 *
 * @module
 */
import { type Environment, Interpreter } from "@huggingface/jinja";
import {
  jinjaFloat,
  jinjaList,
  type JinjaValue,
  jinjaValue,
  type JsonStyle,
  pythonJson,
  pythonText,
} from "./python_text.ts";

type Statement = Parameters<Interpreter["evaluate"]>[0];

/** A node of a parsed template, as far as it is looked at here. */
interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly operand?: Node;
  readonly filter?: Node;
  readonly callee?: Node;
  readonly key?: Node;
  readonly args?: readonly Node[];
  readonly operator?: Node;
  readonly left?: Node;
  readonly right?: Node;
  readonly object?: Node;
  readonly property?: Node;
  readonly test?: Node;
  readonly negate?: boolean;
}

/** Arguments of a filter, evaluated. */
interface FilterArguments {
  readonly positional: readonly JinjaValue[];
  readonly named: ReadonlyMap<string, JinjaValue>;
}

type Filter = (operand: JinjaValue, args: FilterArguments) => JinjaValue;

/** The argument at a place or under a name. */
function argument(
  { positional, named }: FilterArguments,
  place: number,
  name: string,
): unknown {
  return (positional[place] ?? named.get(name))?.value ?? undefined;
}

/** Entries of a list; an error for anything else. */
function entriesOf(operand: JinjaValue, filter: string): readonly JinjaValue[] {
  if (Array.isArray(operand.value)) return operand.value as JinjaValue[];
  if (operand.type === "StringValue") return Array.from(operand.value as string, jinjaValue);
  throw new Error(`Cannot apply filter "${filter}" to type: ${operand.type}`);
}

/** The attribute of an entry, or the entry itself without a name. */
function attributeOf(entry: JinjaValue, name: unknown): JinjaValue {
  if (name === undefined) return entry;
  const found = entry.value instanceof Map ? entry.value.get(String(name)) : undefined;
  return (found ?? jinjaValue(undefined)) as JinjaValue;
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
function round(operand: JinjaValue, args: FilterArguments): JinjaValue {
  const value = numberOf(operand, "round");
  const precision = Number(argument(args, 0, "precision") ?? 0);
  const method = argument(args, 1, "method") ?? "common";
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
    const attribute = argument(args, 1, "attribute");
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

/** Words with their first letter large and the others small. */
const title = (text: string) =>
  text.toLowerCase().replace(/\p{L}+/gu, (word) => word[0].toUpperCase() + word.slice(1));
const capitalize = (text: string) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();

/** A filter of the operand's text. */
const ofText = (change: (text: string) => string): Filter => (operand) =>
  jinjaValue(change(pythonText(operand)));

/** Methods of texts that the library has with other results. */
const methods: Readonly<Record<string, (text: string) => string>> = { title, capitalize };

/** Filters that the library lacks, or whose result looks otherwise in Python. */
const filters: Readonly<Record<string, Filter>> = {
  e: escape,
  escape,
  forceescape: escape,
  round,
  title: ofText(title),
  capitalize: ofText(capitalize),
  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  trim: ofText((text) => text.trim()),
  max: extreme("max"),
  min: extreme("min"),
  string: (operand) => jinjaValue(pythonText(operand)),
  join: (operand, args) => {
    const attribute = argument(args, 1, "attribute");
    const parts = entriesOf(operand, "join").map((entry) => attributeOf(entry, attribute));
    return jinjaValue(parts.map(pythonText).join(String(argument(args, 0, "d") ?? "")));
  },
  sum: (operand, args) => {
    const attribute = argument(args, 0, "attribute");
    const start = args.positional[1] ?? args.named.get("start") ?? jinjaValue(0);
    const parts = [start, ...entriesOf(operand, "sum").map((x) => attributeOf(x, attribute))];
    const total = parts.reduce((sum, part) => sum + numberOf(part, "sum"), 0);
    return parts.some(({ type }) => type === "FloatValue") ? jinjaFloat(total) : jinjaValue(total);
  },
  tojson: (operand, args) => {
    const style: JsonStyle = {
      ensureAscii: argument(args, 0, "ensure_ascii") as boolean | undefined,
      indent: argument(args, 1, "indent") as number | undefined,
      separators: separatorsOf(args),
      sortKeys: argument(args, 3, "sort_keys") as boolean | undefined,
    };
    return jinjaValue(pythonJson(operand, style));
  },
};

/** The pair of texts that `tojson` may be given. */
function separatorsOf(args: FilterArguments): [string, string] | null {
  const given = argument(args, 2, "separators");
  if (given === undefined) return null;
  const [between, after] = (given as JinjaValue[]).map(({ value }) => String(value));
  return [between, after];
}

/** Children in which every expression is printed. */
const blocks = ["body", "alternate", "defaultBlock"];

/** Expressions that stand for their text, by the walk through a program. */
function printed(node: unknown, found: Set<unknown>): Set<unknown> {
  if (typeof node !== "object" || node === null) return found;
  for (const [name, child] of Object.entries(node)) {
    if (!Array.isArray(child)) {
      printed(child, found);
      continue;
    }
    for (const entry of child) {
      if (blocks.includes(name) && isExpression(entry)) found.add(entry);
      printed(entry, found);
    }
  }
  return found;
}

/** Whether a node of a block prints a value; the others are statements, text and comments. */
function isExpression(node: Node): boolean {
  return /(Expression|Literal|Identifier|Ternary)$/.test(node.type) &&
    node.type !== "StringLiteral";
}

/** Runs templates as Python does. */
export class PythonInterpreter extends Interpreter {
  #printed: ReadonlySet<unknown> = new Set();

  override run(program: Parameters<Interpreter["run"]>[0]): JinjaValue {
    this.#printed = printed(program, new Set());
    return super.run(program);
  }

  override evaluate(statement: Statement, environment: Environment): JinjaValue {
    const node = statement as Node | undefined;
    const result = node && this.#own(node, environment) || super.evaluate(statement, environment);
    return node && this.#printed.has(node) ? jinjaValue(pythonText(result)) : result;
  }

  /** What is computed here; null for what the library does as Python. */
  #own(node: Node, environment: Environment): JinjaValue | null {
    const value = (part: Node | undefined) =>
      this.evaluate(part as unknown as Statement, environment);
    if (node.type === "BinaryExpression" && node.operator?.value === "~") {
      return jinjaValue(pythonText(value(node.left)) + pythonText(value(node.right)));
    }
    if (node.type === "TestExpression" && node.test?.value === "float") {
      return jinjaValue((value(node.operand).type === "FloatValue") !== node.negate);
    }
    if (node.type === "CallExpression" && node.callee?.type === "MemberExpression") {
      return this.#method(node.callee, value);
    }
    return node.type === "FilterExpression" && node.filter
      ? this.#filtered(node, node.filter, value)
      : null;
  }

  /** The result of a method of a text; null for another one. */
  #method(member: Node, value: (part: Node | undefined) => JinjaValue): JinjaValue | null {
    const name = String(member.property?.value);
    if (!Object.hasOwn(methods, name)) return null;
    const text = value(member.object);
    return text.type === "StringValue" ? jinjaValue(methods[name](text.value as string)) : null;
  }

  /** The result of a filter; null for one that the library has. */
  #filtered(
    node: Node,
    filter: Node,
    value: (part: Node | undefined) => JinjaValue,
  ): JinjaValue | null {
    const name = String(filter.type === "CallExpression" ? filter.callee?.value : filter.value);
    const mapped = name === "map" && filter.args?.[0]?.type === "StringLiteral"
      ? String(filter.args[0].value)
      : null;
    if (!Object.hasOwn(filters, mapped ?? name)) return null;
    const positional: JinjaValue[] = [];
    const named = new Map<string, JinjaValue>();
    const operand = value(node.operand);
    for (const argument of filter.args ?? []) {
      if (argument.type === "KeywordArgumentExpression") {
        named.set(String(argument.key?.value), value(argument.value as Node));
      } else positional.push(value(argument));
    }
    if (mapped === null) return filters[name](operand, { positional, named });
    const entries = entriesOf(operand, name);
    const rest = { positional: positional.slice(1), named };
    return jinjaList(entries.map((entry) => filters[mapped](entry, rest)));
  }
}
