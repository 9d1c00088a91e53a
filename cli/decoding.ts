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
  "generation-config": {
    type: "string",
    value: "USE",
    help: "generation_config.json's rules: auto (default: unless it draws), follow or ignore",
  },
};

/** What `--generation-config` asks for. */
export function generationConfigUse(args: Arguments): GenerationConfigUse {
  return args.oneOf("generation-config", ["auto", "follow", "ignore"] as const, "auto");
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
export function tellDecoding({ generation }: ModelConfig, use: GenerationConfigUse): void {
  if (use !== "auto" || !generation?.doSample) return;
  console.error(
    `greedy decoding; generation_config.json has ${settingsText(generation)} ` +
      "(--generation-config follow)",
  );
}
