/**
 * Chat templates as Python's Jinja runs them, where the library differs: what values look like when they
 * are printed, what is equal, and methods and filters that it lacks.
 *
 * @module
 */
import { type Environment, Interpreter } from "@huggingface/jinja";
import { entriesOf, filters } from "./python_filters.ts";
import { type CallArguments, textMethods } from "./python_methods.ts";
import { pythonOperation, pythonOperators } from "./python_operators.ts";
import { jinjaList, type JinjaValue, jinjaValue, pythonText } from "./python_text.ts";

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
  readonly computed?: boolean;
  readonly test?: Node;
  readonly negate?: boolean;
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
    const operator = String(node.operator?.value);
    if (node.type === "BinaryExpression" && pythonOperators.has(operator)) {
      return pythonOperation(operator, value(node.left), value(node.right));
    }
    if (node.type === "TestExpression" && node.test?.value === "float") {
      return jinjaValue((value(node.operand).type === "FloatValue") !== node.negate);
    }
    if (node.type === "CallExpression" && node.callee?.type === "MemberExpression") {
      return this.#method(node.callee, node.args ?? [], value);
    }
    return node.type === "FilterExpression" && node.filter
      ? this.#filtered(node, node.filter, value)
      : null;
  }

  /** The result of a method of a text; null for another one. */
  #method(
    member: Node,
    args: readonly Node[],
    value: (part: Node | undefined) => JinjaValue,
  ): JinjaValue | null {
    const name = String(member.property?.value);
    if (member.computed || !Object.hasOwn(textMethods, name)) return null;
    const text = value(member.object);
    if (text.type !== "StringValue") return null;
    return textMethods[name](text.value as string, evaluated(args, value));
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
    const operand = value(node.operand);
    const { positional, named } = evaluated(filter.args ?? [], value);
    if (mapped === null) return filters[name](operand, { positional, named });
    const entries = entriesOf(operand, name);
    const rest = { positional: positional.slice(1), named };
    return jinjaList(entries.map((entry) => filters[mapped](entry, rest)));
  }
}

/** Arguments of a call. */
function evaluated(
  args: readonly Node[],
  value: (part: Node | undefined) => JinjaValue,
): CallArguments {
  const positional: JinjaValue[] = [];
  const named = new Map<string, JinjaValue>();
  for (const argument of args) {
    if (argument.type === "KeywordArgumentExpression") {
      named.set(String(argument.key?.value), value(argument.value as Node));
    } else positional.push(value(argument));
  }
  return { positional, named };
}
