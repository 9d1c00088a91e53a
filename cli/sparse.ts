/**
 * The options of hybrid sparse attention: `--sparse`, `--full-heads`, `--sink`, `--window`.
 *
 * @module
 */
import { InputError } from "../lib/common/errors.ts";
import { gridOf, type HeadId } from "../lib/common/head_id.ts";
import { readJsonOf } from "../lib/common/text_files.ts";
import type { ModelConfig } from "../lib/model/config.ts";
import type { AttentionFunction } from "../lib/nn/attention.ts";
import type { Arguments, Options } from "./command.ts";

/** The options. */
export const sparseOptions: Options = {
  sparse: {
    type: "string",
    value: "RUN|FILE",
    help: "hybrid attention: scores.json, or the folder of an identify run",
  },
  "full-heads": {
    type: "string",
    value: "SHARE",
    help: "share of heads kept full (default 0.125)",
  },
  sink: { type: "string", value: "N", help: "first tokens that all heads see (default 64)" },
  window: { type: "string", value: "N", help: "last tokens that all heads see (default 256)" },
};

/** Reads the ranking of a `scores.json`, best head first. */
export async function readRanking(path: string): Promise<HeadId[]> {
  const isFolder = await Deno.stat(path).then((found) => found.isDirectory, () => false);
  const file = isFolder ? `${path}/scores.json` : path;
  const json = await readJsonOf(file);
  const ranking = typeof json === "object" && json !== null && "ranking" in json && json.ranking;
  const isPair = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && pair.every(Number.isInteger);
  if (!Array.isArray(ranking) || !ranking.every(isPair)) {
    throw new InputError(`Cannot use ${file}: wanted "ranking", a list of [layer, head]`);
  }
  return ranking.map(([layer, head]) => ({ layer, head }));
}

/** The attention function that the options ask for, or undefined for dense attention. */
export async function hybridFrom(
  args: Arguments,
  config: ModelConfig,
): Promise<AttentionFunction | undefined> {
  const path = args.text("sparse");
  const share = args.number("full-heads", 0.125, 0, 1);
  const sink = args.integer("sink", 64, 0);
  const window = args.integer("window", 256, 1);
  if (path === undefined) {
    for (const name of ["full-heads", "sink", "window"]) {
      if (args.text(name) !== undefined) {
        throw new InputError(`Cannot use --${name} without --sparse, which names the head scores`);
      }
    }
    return undefined;
  }
  const { hybridAttention } = await import("../lib/sparse/attention.ts");
  const { hybridPlan } = await import("../lib/sparse/plan.ts");
  const { patterns } = await import("../lib/sparse/patterns/registry.ts");
  const ranking = await readRanking(path);
  const { layers, heads } = gridOf(config.text);
  if (ranking.length !== layers * heads) {
    throw new InputError(
      `Cannot use ${path}: it ranks ${ranking.length} heads, the model has ${layers * heads}`,
    );
  }
  const full = ranking.slice(0, Math.round(share * ranking.length));
  return hybridAttention(hybridPlan({ layers, heads }, full, patterns.local({ sink, window })));
}
