/**
 * The options of hybrid sparse attention: `--sparse`, `--full-heads`, and what the other heads see:
 * `--pattern`, `--sink`, `--window`.
 *
 * @module
 */
import { InputError } from "../lib/common/errors.ts";
import { gridOf } from "../lib/common/head_id.ts";
import type { PreparedPrompt } from "../lib/inputs/processor.ts";
import type { PretrainedModel } from "../lib/families/pretrained.ts";
import type { AttentionFunction } from "../lib/nn/attention.ts";
import {
  chosenPattern,
  parsePattern,
  type PatternChoice,
  patternList,
} from "../lib/sparse/patterns/choice.ts";
import type { Arguments, Options } from "./command.ts";
import { otherScoresOption } from "./data.ts";

/** What heads that do not see everything see. */
export const patternOptions: Options = {
  pattern: {
    type: "string",
    value: "KIND",
    help: `what the other heads see (default local): ${patternList()}`,
  },
  sink: { type: "string", value: "N", help: "first tokens that all heads see (default 64)" },
  window: { type: "string", value: "N", help: "last tokens that all heads see (default 256)" },
};

/** What {@link patternOptions} choose. @throws {InputError} for a pattern that is not registered */
export function patternChoice(args: Arguments): PatternChoice {
  const given = (name: string, least: number) =>
    args.text(name) === undefined ? undefined : args.integer(name, least, least);
  const numbers = { sink: given("sink", 0), window: given("window", 1) };
  const text = args.text("pattern");
  return text === undefined ? numbers : { pattern: parsePattern(text, numbers) };
}

export const sparseOptions: Options = {
  sparse: {
    type: "string",
    value: "RUN|FILE",
    help: "hybrid attention: scores.json, or the folder of an identify run",
  },
  "full-heads": {
    type: "string",
    value: "SHARE",
    help: "share of heads with full attention (default 0.125)",
  },
  ...patternOptions,
  ...otherScoresOption,
};

/**
 * The folder of the record that scores belong to: the one given, or that of the `scores.json` given;
 * null for any other file.
 */
async function recordOf(path: string): Promise<string | null> {
  const isFolder = await Deno.stat(path).then((found) => found.isDirectory, () => false);
  if (isFolder) return path;
  const found = /^(.*[/\\])?scores\.json$/s.exec(path);
  return found === null ? null : found[1] ?? ".";
}

/** The attention function that the options ask for, or undefined for dense attention. */
export async function hybridFrom(
  args: Arguments,
  { network, config }: PretrainedModel,
  prompt: PreparedPrompt,
): Promise<AttentionFunction | undefined> {
  const path = args.text("sparse");
  const share = args.number("full-heads", 0.125, 0, 1);
  const pattern = chosenPattern(patternChoice(args));
  if (path === undefined) {
    for (const name of ["full-heads", ...Object.keys(patternOptions)]) {
      if (args.text(name) !== undefined) {
        throw new InputError(`Cannot use --${name} without --sparse, which names the head scores`);
      }
    }
    return undefined;
  }
  const { hybridAttention } = await import("../lib/sparse/attention.ts");
  const { hybridPlan, placedPlan } = await import("../lib/sparse/plan.ts");
  const { layoutOf } = await import("../lib/experiments/prompt_layout.ts");
  const { readRanking } = await import("../lib/heads/ranking_file.ts");
  const { readManifestIfAny } = await import("../lib/experiments/record.ts");
  const { checkScoreOrigin, scoreOrigin } = await import("../lib/experiments/score_origin.ts");
  const grid = gridOf(config.text), ranking = await readRanking(path, grid);
  const record = await recordOf(path);
  const origin = scoreOrigin(record === null ? null : await readManifestIfAny(record));
  if (origin.weights !== undefined) {
    await checkScoreOrigin(origin, network, { allowOtherScores: args.flag("allow-other-scores") });
  }
  const full = ranking.slice(0, Math.round(share * ranking.length));
  const layout = layoutOf({ inputs: prompt, spans: prompt.spans });
  return hybridAttention(placedPlan(hybridPlan(grid, full, pattern), layout));
}
