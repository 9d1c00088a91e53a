/**
 * Jinja templates of strangers, rendered in bounded time and space.
 *
 * A template is a program: nested loops over `range` run for hours, doubled texts fill the memory. So
 * every step is counted, and no value grows beyond what a prompt can need.
 *
 * @module
 */
import { Environment, type Interpreter, parse, Template, tokenize } from "@huggingface/jinja";
import { PythonInterpreter } from "./python_interpreter.ts";
import { jinjaValue } from "./python_text.ts";

/** What rendering may take. */
export interface TemplateLimits {
  /** Characters of the template. */
  readonly source: number;
  /** Nodes of the template that are evaluated. */
  readonly steps: number;
  /** Characters of any text, also of the result. */
  readonly text: number;
  /** Entries of any list. */
  readonly list: number;
  /** Spaces that `tojson` and `indent` put before a line. */
  readonly indent: number;
  /** Time in milliseconds. */
  readonly milliseconds: number;
}

/** Far above what published templates need: these take some hundred steps for a message. */
export const templateLimits: TemplateLimits = {
  source: 1 << 20,
  steps: 1_000_000,
  text: 1 << 23,
  list: 1 << 16,
  indent: 1000,
  milliseconds: 2000,
};

/** A node of a parsed template, as far as it is looked at here. */
interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly filter?: Node;
  readonly callee?: Node;
  readonly args?: readonly Node[];
}

type Statement = Parameters<Interpreter["evaluate"]>[0];
type Value = ReturnType<Interpreter["evaluate"]>;

/** A template took more than it may. */
class LimitError extends Error {}

/** Evaluates a template within limits. */
class BoundedInterpreter extends PythonInterpreter {
  #steps = 0;
  readonly #end: number;

  constructor(environment: Environment, readonly limits: TemplateLimits) {
    super(environment);
    this.#end = performance.now() + limits.milliseconds;
  }

  /** Refuses `tojson` and `indent` by absurd widths, whose result would be made before it is seen. */
  #checkFilter(filter: Node | undefined, environment: Environment): void {
    if (filter?.type !== "CallExpression") return;
    if (!["tojson", "indent"].includes(String(filter.callee?.value))) return;
    for (const argument of filter.args ?? []) {
      const node = argument.type === "KeywordArgumentExpression" ? argument.value : argument;
      const { value } = super.evaluate(node as Statement, environment);
      if (typeof value === "number" && value > this.limits.indent) {
        throw new LimitError(`it indents by ${value} spaces; at most ${this.limits.indent}`);
      }
    }
  }

  override evaluate(statement: Statement, environment: Environment): Value {
    const { limits } = this;
    if (++this.#steps > limits.steps) {
      throw new LimitError(`it takes more than ${limits.steps} steps`);
    }
    // at every step: one may go through a whole list
    if (performance.now() > this.#end) {
      throw new LimitError(`it takes more than ${limits.milliseconds / 1000} seconds`);
    }
    const node = statement as Node | undefined;
    if (node?.type === "FilterExpression") this.#checkFilter(node.filter, environment);
    const result = super.evaluate(statement, environment);
    const { value } = result as { readonly value: unknown };
    if (typeof value === "string" && value.length > limits.text) {
      throw new LimitError(`it makes a text of more than ${limits.text} characters`);
    }
    if (Array.isArray(value) && value.length > limits.list) {
      throw new LimitError(`it makes a list of more than ${limits.list} entries`);
    }
    return result;
  }
}

/** Python's `range`, of bounded length. */
function boundedRange(limits: TemplateLimits) {
  return (first: number, last?: number, step = 1): number[] => {
    const [start, stop] = last === undefined ? [0, first] : [first, last];
    const length = Math.max(0, Math.ceil((stop - start) / step));
    if (!(length <= limits.list)) {
      throw new LimitError(`it counts ${length} numbers; at most ${limits.list}`);
    }
    return Array.from({ length }, (_, i) => start + i * step);
  };
}

/** The date of now as `strftime` writes it: the Jinja library's own function. */
const dateTemplate = new Template("{{ strftime_now(format) }}");

/** A parsed template of a stranger. */
export class BoundedTemplate {
  readonly #program: ReturnType<typeof parse>;

  /**
   * Parses a template, with transformers' settings of white space.
   *
   * @param source Jinja text
   * @param limits what parsing and rendering may take
   * @throws whatever the Jinja library throws, and an error for a text that is too long
   *
   * @example
   * ```ts
   * import { BoundedTemplate } from "./bounded_template.ts";
   * import { assertThrows } from "@std/assert";
   * const endless = new BoundedTemplate("{% for i in range(1000000000) %}a{% endfor %}");
   * assertThrows(() => endless.render({}), Error, "it counts 1000000000 numbers");
   * ```
   */
  constructor(source: string, readonly limits: TemplateLimits = templateLimits) {
    if (source.length > limits.source) {
      throw new LimitError(`it has ${source.length} characters; at most ${limits.source}`);
    }
    const text = source.replace(/\r\n?/g, "\n"); // as Jinja reads it
    this.#program = parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true }));
  }

  /**
   * The text for some values.
   *
   * @throws whatever the Jinja library throws, and an error where the template takes too much
   */
  render(values: Readonly<Record<string, unknown>>): string {
    const environment = new Environment();
    const globals = {
      ...{ false: false, true: true, none: null, False: false, True: true, None: null },
      raise_exception: (message: unknown) => {
        throw new Error(String(message));
      },
      range: boundedRange(this.limits),
      strftime_now: (format: string) => dateTemplate.render({ format }),
    };
    for (const [name, value] of Object.entries({ ...globals, ...values })) {
      if (typeof value === "function") environment.set(name, value);
      else environment.setVariable(name, jinjaValue(value));
    }
    const result = new BoundedInterpreter(environment, this.limits).run(this.#program);
    return String(result.value);
  }
}
