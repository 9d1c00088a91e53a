/**
 * What reaches the terminal: text of checkpoints and data sets with its control characters escaped,
 * and errors as one line.
 *
 * @module
 */
import { InputError } from "../lib/common/errors.ts";
import { systemProblem } from "../lib/common/system_errors.ts";
import { printable } from "../lib/common/text.ts";

/**
 * Makes everything that is printed pass through {@link printable}. JSON stays the same JSON: where
 * such a character stands in it, it stands in a text, and is escaped as JSON escapes it.
 */
export function protectConsole(): void {
  for (const name of ["log", "error", "warn", "info", "debug"] as const) {
    const print = console[name].bind(console);
    console[name] = (...values: unknown[]) =>
      print(...values.map((value) => typeof value === "string" ? printable(value) : value));
  }
}

/** Writes text to standard output as it comes, without a line end of its own. */
export function write(text: string): void {
  const bytes = new TextEncoder().encode(printable(text));
  for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
}

/** A text without line ends. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, " ").trim();
}

/** The end of a command that did its part without success: exit code 1, and its message as it is. */
export class CommandFailure extends Error {}

/**
 * What to say about an error, in one line, and the exit code: 2 for a mistake in the arguments or
 * the input, and for what the operating system refuses; 1 for anything else.
 *
 * @param trace whether to say where an unexpected error came from
 */
export function lastWords(error: unknown, trace = false): { text: string; code: number } {
  if (error instanceof InputError) return { text: `corelens: ${oneLine(error.message)}`, code: 2 };
  if (error instanceof CommandFailure) {
    return { text: `corelens: ${oneLine(error.message)}`, code: 1 };
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const problem = systemProblem(error);
  if (problem !== null) {
    const place = / (?:'[^']*'(?: -> '[^']*')?)$/.exec(message)?.[0] ?? "";
    return {
      text: oneLine(`corelens: Cannot go on: ${problem}${place && `:${place}`}`),
      code: 2,
    };
  }
  if (trace) return { text: stack ?? message, code: 1 };
  return {
    text: oneLine(`corelens: unexpected ${name}: ${message} (CORELENS_TRACE=1 shows where)`),
    code: 1,
  };
}
