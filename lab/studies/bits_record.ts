/**
 * What a model keeps at fewer bits: its best heads, its right answers, and what they need; from records
 * that `tools/study_bits.ts` made.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import { readAblatedHeads } from "../../lib/experiments/ablate_heads.ts";
import type { AblationResult } from "../../lib/experiments/ablation_table.ts";
import { ablationRowsFromArrow } from "../../lib/experiments/ablation_table_file.ts";
import { readFoundHeads } from "../../lib/experiments/found_heads.ts";
import { readManifest } from "../../lib/experiments/record.ts";
import { readRecordBytes, readRecordJson } from "../../lib/common/record_bytes.ts";
import type { HeadScores } from "../../lib/heads/head_scores.ts";
import { type PairedAgreement, pairedAgreement } from "../../lib/heads/paired_agreement.ts";
import type { Interval } from "../../lib/stats/interval.ts";
import { discordantPairs, pairedDifferenceInterval } from "../../lib/stats/paired_proportions.ts";
import type { StoredBits } from "./stored_bits.ts";

/** A share of right answers, with its 95% interval (Wilson's, or over samples and draws). */
export interface RightAnswers {
  /** The share. */
  readonly value: number;
  /** Lower end. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
}

/** One level of bits. */
export interface BitsLevel {
  /** `source`, a type of llama.cpp such as `Q2_K`, or `mlx-` and a number of bits. */
  readonly level: string;
  /** How its files are stored. */
  readonly stored: StoredBits;
  /** Agreement of its heads with the source's, by the rule that was asked for. */
  readonly agreement: PairedAgreement;
  /** Samples that were asked. */
  readonly asked: number;
  /** Right answers of the whole model. */
  readonly right: RightAnswers;
  /** How many answers fewer than the source's, on the same samples. */
  readonly lost: Interval;
  /** Right without the source's top 5% by calibrated score, from the question on. */
  readonly withoutTop: RightAnswers;
  /** Right without as many heads at random. */
  readonly withoutRandom: RightAnswers;
}

/** 1 for each sample that the whole model answers rightly. */
async function rightBySample(folder: string): Promise<Map<string, number>> {
  const { sets } = (await readManifest(folder)).options as { readonly sets: number };
  const name = "samples.arrow", bytes = await readRecordBytes(folder, name);
  const rows = ablationRowsFromArrow(bytes, sets, join(folder, name));
  return new Map(rows.map(({ id, correct }) => [id, correct[0]]));
}

/** The whole model's row, or that of the source's best heads. */
function rowOf(rows: readonly AblationResult[], condition: string): AblationResult {
  const found = rows.find((row) =>
    row.condition === condition && row.metric === "accuracy" && row.domain === "all"
  );
  if (found) return found;
  throw new InputError(`Cannot read right answers: the record has none of "${condition}"`);
}

const share = ({ value, ci95: [low, high] }: AblationResult): RightAnswers => ({
  value,
  low,
  high,
});

/**
 * Every level of a folder, the source first, then by falling bits of its attention.
 *
 * @param folder e.g. `data/results/smol/bits`
 * @param rule the rule by which heads are compared, `calibrated` or `ram`
 * @throws {InputError} if there is no level, or no such rule
 *
 * @example
 * ```ts
 * import { readBits } from "./bits_record.ts";
 * import { assertEquals } from "@std/assert";
 * const [source] = await readBits("data/results/mini-natural/bits");
 * assertEquals([source.level, source.stored.attention.bits], ["source", 16]);
 * ```
 */
export async function readBits(
  folder: string,
  rule: "calibrated" | "ram" = "calibrated",
): Promise<BitsLevel[]> {
  const scoresOf = async (level: string): Promise<HeadScores> => {
    const { rules } = await readFoundHeads(join(folder, level, "identify"));
    const found = rules.find((scores) => scores.rule === rule);
    if (found) return found;
    throw new InputError(`Cannot compare heads of ${level} by "${rule}": it was not scored by it`);
  };
  const source = await scoresOf("source");
  const before = await rightBySample(join(folder, "source", "ablate"));
  const levels: BitsLevel[] = [];
  for await (const { name: level, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) continue;
    const losses = join(folder, level, "ablate"), rows = await readAblatedHeads(losses);
    const after = await rightBySample(losses), ids = [...before.keys()];
    const pairs = discordantPairs(
      ids.map((id) => before.get(id)!),
      ids.map((id) => after.get(id) ?? NaN),
    );
    const whole = rowOf(rows, "none"), without = rowOf(rows, "core");
    const { value, valueCi95: [low, high] } = without.againstControls!.random;
    levels.push({
      level,
      stored: await readRecordJson(join(folder, level), "stored.json") as StoredBits,
      agreement: pairedAgreement(source, await scoresOf(level)),
      asked: whole.samples,
      right: share(whole),
      lost: pairedDifferenceInterval(pairs),
      withoutTop: share(without),
      withoutRandom: { value, low, high },
    });
  }
  const place = ({ level, stored }: BitsLevel) =>
    level === "source" ? -Infinity : -stored.attention.bits;
  return levels.sort((a, b) => place(a) - place(b) || a.level.localeCompare(b.level));
}
