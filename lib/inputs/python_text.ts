/**
 * How Python writes values: what a Jinja template prints, and what `tojson` makes of them.
 *
 * A chat template's result depends on it wherever a tool's arguments or a number are printed: `1.0` is
 * no `1`, `True` no `true`. Source: CPython `float.__repr__`, `json.dumps`, `str.__repr__`.
 * @module
 */
import { Environment, Interpreter } from "@huggingface/jinja";
import { JsonFloat } from "../common/exact_json.ts";

/** A value while a template runs. */
export type JinjaValue = ReturnType<Interpreter["evaluate"]>;

/**
 * A value of a template from plain data.
 *
 * {@link JsonFloat} is a float also where it is whole, a bigint a whole number of any size.
 */
export function jinjaValue(value: unknown): JinjaValue {
  if (value instanceof JsonFloat) return jinjaFloat(value.valueOf());
  if (typeof value === "bigint") {
    return Object.assign(plainValue(0), { value }) as JinjaValue;
  }
  if (Array.isArray(value)) {
    return jinjaList(value.map(jinjaValue));
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => [key, jinjaValue(inner)] as const);
    return Object.assign(plainValue({}), { value: new Map(entries) }) as JinjaValue;
  }
  return plainValue(value);
}

/** The library's own value of plain data. */
function plainValue(value: unknown): JinjaValue {
  return new Environment().set("value", value);
}

/** A list of values. */
export function jinjaList(value: readonly JinjaValue[]): JinjaValue {
  return Object.assign(plainValue([]), { value }) as JinjaValue;
}

/** The library's own tuple. */
const emptyTuple = { type: "TupleLiteral", value: [] } as unknown as Parameters<
  Interpreter["evaluate"]
>[0];

/** A tuple of values. */
export function jinjaTuple(value: readonly JinjaValue[]): JinjaValue {
  const environment = new Environment();
  return Object.assign(new Interpreter(environment).evaluate(emptyTuple, environment), {
    value,
  }) as JinjaValue;
}

/** A float, also where it is whole. */
export function jinjaFloat(value: number): JinjaValue {
  return Object.assign(plainValue(0.5), { value }) as JinjaValue;
}

/**
 * A float as Python prints it.
 *
 * @example
 * ```ts
 * import { pythonFloat } from "./python_text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([1, 1e-7, 1e16, 0.0001].map(pythonFloat), ["1.0", "1e-07", "1e+16", "0.0001"]);
 * ```
 */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const [mantissa, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (value === 0 || (exponent >= -4 && exponent < 16)) {
    const text = String(value);
    return text.includes(".") ? text : `${text}.0`;
  }
  const digits = String(Math.abs(exponent)).padStart(2, "0");
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`;
}

/** A text in quotes, as Python's `repr`. */
function pythonQuoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  // deno-lint-ignore no-control-regex
  const body = text.replace(/[\\'"\u0000-\u001f\u007f-\u00a0\u00ad]/g, (character) => {
    if (character === "\\" || character === quote) return `\\${character}`;
    if (character === "'" || character === '"') return character;
    return short[character] ??
      `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `${quote}${body}${quote}`;
}

/** What `{{ value }}` prints. */
export function pythonText(value: JinjaValue): string {
  if (value.type === "StringValue") return value.value as string;
  return value.type === "UndefinedValue" ? "" : pythonRepr(value);
}

/** What a value looks like within a list. */
export function pythonRepr(value: JinjaValue): string {
  const inner = value.value as unknown;
  switch (value.type) {
    case "StringValue":
      return pythonQuoted(inner as string);
    case "FloatValue":
      return pythonFloat(inner as number);
    case "BooleanValue":
      return inner ? "True" : "False";
    case "NullValue":
      return "None";
    case "UndefinedValue":
      return "Undefined";
    case "ArrayValue":
      return `[${(inner as JinjaValue[]).map(pythonRepr).join(", ")}]`;
    case "TupleValue": {
      const parts = (inner as JinjaValue[]).map(pythonRepr);
      return parts.length === 1 ? `(${parts[0]},)` : `(${parts.join(", ")})`;
    }
    case "ObjectValue": {
      const entries = [...inner as Map<string, JinjaValue>];
      return `{${entries.map(([k, v]) => `${pythonQuoted(k)}: ${pythonRepr(v)}`).join(", ")}}`;
    }
    default:
      return value.toString();
  }
}

/** Arguments of `tojson`. */
export interface JsonStyle {
  /** Spaces before a line of each level; one line without. */
  readonly indent?: number | null;
  /** Whether other characters than ASCII's are escaped. */
  readonly ensureAscii?: boolean;
  /** What stands between entries, and between key and value. */
  readonly separators?: readonly [string, string] | null;
  /** Whether keys are sorted. */
  readonly sortKeys?: boolean;
}

/**
 * A value as JSON, as transformers' `tojson` (`json.dumps` without escapes of other characters).
 *
 * @throws {Error} for a function
 */
export function pythonJson(value: JinjaValue, style: JsonStyle = {}, depth = 0): string {
  const { indent = null, ensureAscii = false, separators, sortKeys = false } = style;
  const [between, after] = separators ?? [indent === null ? ", " : ",", ": "];
  const inner = value.value as unknown;
  const text = (plain: string) => {
    const json = JSON.stringify(plain);
    if (!ensureAscii) return json;
    return json.replace(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  };
  const wrapped = (open: string, entries: readonly string[], close: string) => {
    if (entries.length === 0 || indent === null) return open + entries.join(between) + close;
    const line = (level: number) => `\n${" ".repeat(indent * level)}`;
    return open + line(depth + 1) + entries.join(between + line(depth + 1)) + line(depth) + close;
  };
  const nested = (entry: JinjaValue) => pythonJson(entry, style, depth + 1);
  switch (value.type) {
    case "NullValue":
    case "UndefinedValue":
      return "null";
    case "BooleanValue":
    case "IntegerValue":
      return String(inner);
    case "FloatValue": {
      const names: Readonly<Record<string, string>> = {
        ...{ nan: "NaN", inf: "Infinity", "-inf": "-Infinity" },
      };
      const written = pythonFloat(inner as number);
      return names[written] ?? written;
    }
    case "StringValue":
      return text(inner as string);
    case "ArrayValue":
    case "TupleValue":
      return wrapped("[", (inner as JinjaValue[]).map(nested), "]");
    case "ObjectValue":
    case "NamespaceValue": {
      const entries = [...inner as Map<string, JinjaValue>];
      if (sortKeys) entries.sort(([a], [b]) => a < b ? -1 : 1);
      return wrapped("{", entries.map(([k, v]) => text(k) + after + nested(v)), "}");
    }
    default:
      throw new Error(`Cannot convert to JSON: ${value.type}`);
  }
}
