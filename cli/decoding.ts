/**
 * Options of commands that decode, and how a checkpoint's `generation_config.json` is told.
 *
 * @module
 */
import type { ModelConfig } from "../lib/model/config.ts";
import type { GenerationSettings } from "../lib/model/decoding_rules.ts";
import type { GenerationConfigUse } from "../lib/model/generate.ts";
import type { Arguments, Options } from "./command.ts";

/** Options about `generation_config.json`. */
export const decodingOptions: Options = {
  "max-new-tokens": {
    type: "string",
    value: "N",
    help: "maximum number of new tokens (default 64)",
  },
  temperature: {
    type: "string",
    value: "X",
    help:
      "0 is greedy (default, unless --generation-config follow samples); above, tokens are sampled",
  },
  "generation-config": {
    type: "string",
    value: "USE",
    help:
      "rules of generation_config.json, such as repetition_penalty: auto (default) applies them " +
      "where it does not ask for sampling (do_sample), follow always, and samples; ignore never; " +
      "follow with --temperature 0 is transformers' generate(do_sample=False)",
  },
};

/** How a command decodes: what {@link decodingOptions} and `--seed` ask for. */
export interface DecodingWishes {
  /** Tokens at most. */
  readonly maxNewTokens: number;
  /** What of `generation_config.json` holds. */
  readonly generationConfig: GenerationConfigUse;
  /** Greedy at 0; as `generation_config.json` has it where not given. */
  readonly temperature?: number;
  /** Seed of draws. */
  readonly seed: number;
}

/** What {@link decodingOptions} and `--seed` ask for. @throws {InputError} for impossible values */
export function decodingWishes(args: Arguments): DecodingWishes {
  return {
    maxNewTokens: args.integer("max-new-tokens", 64, 1),
    generationConfig: args.oneOf(
      "generation-config",
      ["auto", "follow", "ignore"] as const,
      "auto",
    ),
    temperature: args.text("temperature") ? args.number("temperature", 0, 0) : undefined,
    seed: args.integer("seed", 0, 0),
  };
}

/** The file's settings in its own words; empty if it has none. */
export function settingsText({ doSample, rules, unsupported }: GenerationSettings): string {
  const named = Object.entries(rules).map(([name, value]) => {
    const key = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return `${key} ${JSON.stringify(value)}`;
  });
  return [...doSample ? ["do_sample"] : [], ...named, ...unsupported].join(", ");
}

/** One line on what is not followed, on standard error. */
export function tellDecoding(
  { generation }: ModelConfig,
  { generationConfig, temperature = 0 }: DecodingWishes,
): void {
  if (generationConfig !== "auto" || !generation?.doSample || temperature > 0) return;
  console.error(
    `greedy decoding; generation_config.json has ${settingsText(generation)} ` +
      "(not applied; see --generation-config)",
  );
}
