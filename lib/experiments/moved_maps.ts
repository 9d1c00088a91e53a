/**
 * Moved evidence in a record of `findHeads`: what each head gives as many tokens elsewhere, from the same
 * pass, and what the test on it says.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { isRecord } from "../common/values.ts";
import type { HeadGrid } from "../common/head_id.ts";

import { checkArrow } from "../heads/arrow_check.ts";
import type { AttentionProfile } from "../heads/attention_profile.ts";
import { type HeadScores, headScores, sampleMap } from "../heads/head_scores.ts";
import { headScoresFromArrow, headScoresToArrow } from "../heads/head_scores_file.ts";
import {
  type MovedEvidenceResult,
  movedEvidenceTest,
  otherPlaces,
  placedMasses,
} from "../heads/moved_evidence.ts";
import type { HeadSample } from "../heads/scored_sample.ts";
import { hasRecordFile, readRecordBytes, readRecordJson } from "../common/record_bytes.ts";

/** The file of a record that holds these maps. */
export const movedFile = "moved.arrow";

/** Other places for each sample. */
const places = 5;

/**
 * Attention of every head on the evidence, then on each of some other places: among the sample's foils
 * where they leave room, else in its context. Null where the evidence fills more than half of both.
 */
export function movedMaps(
  profile: AttentionProfile,
  sample: HeadSample,
  seed: number,
): Float32Array[] | null {
  for (const among of ["foils", "context"] as const) {
    const options = { among, places, seed: `${seed}/${sample.id}` };
    if (otherPlaces(profile.tokens, options).length === 0) continue;
    const { own, moved } = placedMasses(profile, sample, options);
    return [own, ...moved];
  }
  return null;
}

/** A sample with its maps, of which the first is on the evidence. */
export interface MovedRow {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** Maps, `[L * N]` each; none where the evidence could not be moved. */
  readonly moved?: readonly Float32Array[] | null;
}

/** What a record says of moved evidence. */
export interface EvidenceConcentration extends MovedEvidenceResult {
  /** Share of heads that counts as top. */
  readonly fraction: number;
  /** Samples whose evidence could be moved. */
  readonly samples: number;
}

/** The rows whose evidence could be moved. */
function placed(rows: readonly MovedRow[]): (MovedRow & { moved: readonly Float32Array[] })[] {
  return rows.flatMap((row) => row.moved ? [{ ...row, moved: row.moved }] : []);
}

/** The test on moved evidence; null for fewer than two samples. */
export function evidenceConcentrationOf(
  rows: readonly MovedRow[],
  { fraction, seed }: { readonly fraction: number; readonly seed: number },
): EvidenceConcentration | null {
  const own = placed(rows).map(({ moved: [first, ...others] }) => ({ own: first, moved: others }));
  if (own.length < 2) return null;
  return { fraction, samples: own.length, ...movedEvidenceTest(own, { fraction, seed }) };
}

/** The maps as the bytes of an Arrow file, one column for each place; null where there are none. */
export function movedToArrow(rows: readonly MovedRow[], grid: HeadGrid): Uint8Array | null {
  const own = placed(rows);
  if (own.length === 0) return null;
  const most = Math.max(...own.map(({ moved }) => moved.length));
  const columns = Array.from({ length: most }, (_, place): HeadScores =>
    headScores(
      place === 0 ? "evidence" : `place-${place}`,
      grid,
      own.flatMap(({ id, domain, moved }) =>
        moved[place] ? [{ id, domain, map: moved[place] }] : []
      ),
    ));
  return headScoresToArrow(columns);
}

/** The maps of a record, by sample; none where the record has none. */
export async function readMoved(folder: string): Promise<Map<string, Float32Array[]>> {
  const path = `${folder}/${movedFile}`, found = new Map<string, Float32Array[]>();
  if (!await hasRecordFile(folder, movedFile)) return found;
  const bytes = await readRecordBytes(folder, movedFile);
  checkArrow(bytes, path);
  for (const column of headScoresFromArrow(bytes, path)) {
    column.sampleIds.forEach((id, row) => {
      found.set(id, [...found.get(id) ?? [], sampleMap(column, row).slice()]);
    });
  }
  return found;
}

/**
 * What the `scores.json` of a record says of moved evidence; null where it says nothing.
 *
 * @throws {InputError} for something else in its place
 */
export async function readConcentration(folder: string): Promise<EvidenceConcentration | null> {
  const json = await hasRecordFile(folder, "scores.json")
    ? await readRecordJson(folder, "scores.json")
    : null;
  const found = isRecord(json) ? json.evidenceConcentration : undefined;
  if (found === undefined) return null;
  const hasNumbers = (value: unknown, names: readonly string[]) =>
    isRecord(value) && names.every((name) => Number.isFinite(value[name]));
  const isWhole = isRecord(found) && hasNumbers(found, ["fraction", "samples"]) &&
    [found.topMass, found.topShare].every((one) =>
      hasNumbers(one, ["observed", "nullMean", "pValue"])
    );
  if (isWhole) return found as unknown as EvidenceConcentration;
  throw new InputError(
    `Cannot read ${folder}/scores.json: "evidenceConcentration" lacks numbers of the test`,
  );
}

/**
 * The test in one line.
 *
 * @example
 * ```ts
 * import { concentrationLine } from "./moved_maps.ts";
 * import { assertEquals } from "@std/assert";
 * const topMass = { observed: 0.61, nullMean: 0.12, pValue: 0.001 };
 * const topShare = { observed: 0.4, nullMean: 0.35, pValue: 0.21 };
 * assertEquals(
 *   concentrationLine({ fraction: 0.05, samples: 40, topMass, topShare }),
 *   "moved evidence: the top 5% of heads give the evidence 0.610 of their attention, other places " +
 *     "0.120 (p = 0.001); of all heads' attention there they have 40.0%, elsewhere 35.0% " +
 *     "(p = 0.210); 40 samples",
 * );
 * ```
 */
export function concentrationLine(
  { fraction, samples, topMass, topShare }: EvidenceConcentration,
): string {
  const p = (value: number) => `p = ${value.toFixed(3)}`;
  const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
  return `moved evidence: the top ${+(100 * fraction).toFixed(1)}% of heads give the evidence ` +
    `${topMass.observed.toFixed(3)} of their attention, other places ` +
    `${topMass.nullMean.toFixed(3)} (${
      p(topMass.pValue)
    }); of all heads' attention there they have ` +
    `${percent(topShare.observed)}, elsewhere ${percent(topShare.nullMean)} ` +
    `(${p(topShare.pValue)}); ${samples} samples`;
}
