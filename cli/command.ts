/**
 * What a command of the command line is, and the options that several share.
 *
 * This folder parses arguments and prints; everything else happens in `lib`. Each command is loaded
 * when it is called, so that `--help` and mistakes answer at once.
 * @module
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { InputError, nearestNames } from "../lib/common/errors.ts";

/** One option of a command. */
export interface Option {
  /** `string` takes a value, `boolean` does not. */
  readonly type: "string" | "boolean";
  /** The option may be given several times. */
  readonly multiple?: boolean;
  /** How the help names its value. */
  readonly value?: string;
  /** One line of help. */
  readonly help: string;
  /** A former name of the option: deprecated, still accepted. */
  readonly formerly?: string;
}

/** Options by name, without the dashes. */
export type Options = Readonly<Record<string, Option>>;

/** Parsed arguments with checks: every message names the option, what was found and what is wanted. */
export class Arguments {
  /**
   * @param values as `parseArgs` gives them
   * @param words words that are no options, in order
   * @param rest what stands after `--`
   */
  constructor(
    readonly values: Readonly<Record<string, unknown>>,
    readonly words: readonly string[] = [],
    readonly rest: readonly string[] = [],
  ) {}

  /** The only word of a command that is no option, such as the folder of `merge RUN`. */
  word(name: string): string {
    const [word] = this.words;
    if (word === undefined || word === "") throw new InputError(`Missing ${name}`);
    return word;
  }

  /** Whether a flag was given. */
  flag(name: string): boolean {
    return this.values[name] === true;
  }

  /** The text of an option, or undefined. */
  text(name: string): string | undefined {
    return this.values[name] as string | undefined;
  }

  /** The texts of an option that may be given several times. */
  texts(name: string): string[] {
    return (this.values[name] as string[] | undefined) ?? [];
  }

  /** The text of an option that must be given. */
  required(name: string): string {
    const text = this.text(name);
    if (text === undefined || text === "") throw new InputError(`Missing option --${name}`);
    return text;
  }

  /** One of some words. */
  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const text = this.text(name) ?? fallback;
    if (values.includes(text as T)) return text as T;
    throw new InputError(`Cannot use --${name} ${text}: wanted ${values.join(", ")}`);
  }

  /** A number within bounds. */
  number(name: string, fallback: number, least = -Infinity, most = Infinity): number {
    return this.#number("number", name, fallback, least, most);
  }

  /** A whole number within bounds. */
  integer(name: string, fallback: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
    return this.#number("whole number", name, fallback, least, most);
  }

  #number(
    kind: "number" | "whole number",
    name: string,
    fallback: number,
    least: number,
    most: number,
  ): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = text.trim() === "" ? NaN : Number(text);
    const isOne = kind === "number" || Number.isInteger(value);
    if (isOne && value >= least && value <= most) return value;
    const bounds = most === Number.MAX_SAFE_INTEGER || most === Infinity
      ? `of at least ${least}`
      : `from ${least} to ${most}`;
    throw new InputError(`Cannot use --${name} ${text}: wanted a ${kind} ${bounds}`);
  }
}

export interface Command {
  readonly name: string;
  /** One line of help. */
  readonly summary: string;
  /** Its options, without {@link commonOptions}. */
  readonly options: Options;
  /** Those of its options that must be given, in the order of the help. */
  readonly needs?: readonly string[];
  /** Which of {@link commonOptions} it takes, for a command that loads no model itself; all by default. */
  readonly common?: readonly string[];
  /** What `--model` is where it is not given, for the help; `mini` by default. */
  readonly defaultModel?: string;
  /** Words that it takes before its options, in order, for the help; none by default. */
  readonly words?: readonly string[];
  /** The command that its first word makes of it, which takes the other arguments; null for none. */
  within?(word: string | undefined): Promise<Command | null>;
  /** How the help names what it takes after `--`; nothing by default. */
  readonly rest?: string;
  /** Example calls, without `deno task corelens`. */
  readonly examples: readonly string[];
  /** Does it. */
  run(args: Arguments): Promise<void>;
}

/** Options of every command that loads a model. */
export const commonOptions: Options = {
  model: {
    type: "string",
    value: "DIR|HUB_ID",
    help:
      "checkpoint directory, hub id, or mini / mini-natural / mini-varied / smol / smol-vision / qwen / qwen-1.5b / qwen-photographs / qwen-photographs-adapted / qwen-vision / gemma (default: mini)",
  },
  backend: {
    type: "string",
    value: "NAME",
    help: "auto (default), tensorflow, webgpu, wasm or cpu",
  },
  dtype: { type: "string", value: "TYPE", help: "auto (default), float32 or bfloat16" },
  unpack: {
    type: "boolean",
    help: "hold weights of GGUF files as plain numbers, not in their blocks",
  },
  strict: { type: "boolean", help: "treat unknown keys of a checkpoint as errors" },
  "follow-links": { type: "boolean", help: "follow links that lead out of a checkpoint's folder" },
  seed: { type: "string", value: "N", help: "seed of everything random (default 0)" },
  verify: { type: "boolean", help: "check downloaded files against their checksums" },
  json: { type: "boolean", help: "one JSON document on standard output" },
  help: { type: "boolean", help: "show this help" },
};

/** The common options that a command takes. */
function commonOf({ common, defaultModel = "mini" }: Command): Options {
  const names = common ? [...common, "help"] : Object.keys(commonOptions);
  const ofModel = (help: string) => help.replace("default: mini", `default: ${defaultModel}`);
  return Object.fromEntries(names.map((name) => {
    const option = commonOptions[name];
    return [name, name === "model" ? { ...option, help: ofModel(option.help) } : option];
  }));
}

/** An option and what it takes. */
function shownOption(name: string, { value }: Option): string {
  return value ? `--${name} ${value}` : `--${name}`;
}

/** How a command is called: its words and what must be given. */
function usageOf(command: Command): string {
  const { name, words = [], needs = [], options, rest } = command;
  const needed = needs.map((option) => shownOption(option, options[option]));
  const after = rest ? [`[-- ${rest}]`] : [];
  return ["corelens", name, ...words, ...needed, "[options]", ...after].join(" ");
}

/** Columns of the help, and of what stands before an option's explanation. */
const helpWidth = 100, optionWidth = 31;

/** An option with its explanation, in lines of the help. */
function optionRow(name: string, option: Option): string {
  const shown = `  ${shownOption(name, option)}`, indent = " ".repeat(optionWidth);
  const lines = shown.length < optionWidth ? [shown.padEnd(optionWidth)] : [shown, indent];
  for (const word of option.help.split(" ")) {
    const line = lines[lines.length - 1], between = line.length > optionWidth ? " " : "";
    const fits = between === "" || line.length + 1 + word.length <= helpWidth;
    if (fits) lines[lines.length - 1] = line + between + word;
    else lines.push(indent + word);
  }
  return lines.join("\n");
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const rows = (options: Options) => Object.entries(options).map(([name, o]) => optionRow(name, o));
  return [
    `corelens ${command.name}: ${command.summary}`,
    "",
    `Usage: ${usageOf(command)}`,
    "",
    ...(Object.keys(command.options).length > 0 ? ["Options", ...rows(command.options), ""] : []),
    "Common options",
    ...rows(commonOf(command)),
    "",
    "Examples",
    ...command.examples.map((example) => `  deno task corelens ${example}`),
  ].join("\n");
}

/** @throws {InputError} naming the words and options that a command needs and did not get */
export function checkNeeds(command: Command, args: Arguments): void {
  const { words = [], needs = [] } = command;
  const missing = [
    ...words.slice(args.words.length).filter((word) => /^[A-Z]+$/.test(word)),
    ...needs.filter((name) => args.values[name] === undefined).map((name) => `option --${name}`),
  ];
  if (missing.length === 0) return;
  throw new InputError(`Missing ${missing.join(" and ")}; usage: ${usageOf(command)}`);
}

/**
 * Parses a command's arguments; unknown options and stray words are errors.
 *
 * @throws {InputError} with the nearest valid option
 */
export function parseCommand(command: Command, args: readonly string[]): Arguments {
  const options = { ...command.options, ...commonOf(command) };
  const config: ParseArgsConfig = {
    args: [...args],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(options).flatMap(([name, { type, multiple = false, formerly }]) =>
        [name, ...(formerly ? [formerly] : [])].map((any) => [any, { type, multiple }])
      ),
    ),
  };
  const { values, tokens = [] } = parseArgs(config);
  const words: string[] = [], after: string[] = [];
  let terminated = false;
  for (const token of tokens) {
    if (token.kind === "option-terminator") terminated = true;
    if (token.kind === "positional" && terminated && command.rest !== undefined) {
      after.push(token.value);
      continue;
    }
    if (token.kind === "positional") {
      words.push(token.value);
      if (words.length <= (command.words?.length ?? 0)) continue;
      throw new InputError(
        `Cannot use "${token.value}" with corelens ${command.name}: ` +
          (command.words ? `it takes ${command.words.join(" ")}` : "it takes options only"),
      );
    }
    if (token.kind !== "option") continue;
    const renamed = Object.entries(options).find(([, { formerly }]) => formerly === token.name);
    if (renamed) {
      const [name] = renamed;
      console.error(`${token.rawName} is deprecated: write --${name}`);
      values[name] ??= values[token.name];
    }
    const option = renamed?.[1] ?? options[token.name];
    if (!option) {
      const all = Object.keys(options), { name } = token;
      const near = name.length === 1 && all.find((other) => other.startsWith(name)) ||
        nearestNames(name, all, 1)[0];
      throw new InputError(
        `Unknown option ${token.rawName} of corelens ${command.name}; nearest: --${near}`,
      );
    }
    if (option.type === "string" && token.value === undefined) {
      throw new InputError(`Option ${token.rawName} needs a value: ${option.value}`);
    }
    if (option.type === "boolean" && token.value !== undefined) {
      throw new InputError(`Option ${token.rawName} takes no value`);
    }
  }
  return new Arguments(values, words, after);
}
