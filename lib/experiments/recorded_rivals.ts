/**
 * Other explanations of the heads beside their scores, in a record: measured once for a model, written
 * to `scores.json` and read from there.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { isRecord } from "../common/values.ts";
import { rivalNames, type RivalScores, rivalScores } from "../heads/rival_scores.ts";
import type { AnyModel } from "../model/network_of.ts";
import { hasRecordFile, readRecordJson } from "../common/record_bytes.ts";

/**
 * Other explanations of the heads, `[L * N]` by name, with the digits of a record; null for models that
 * cannot be run on repeated tokens.
 */
export async function measureRivals(
  model: AnyModel,
  onNotice?: (text: string) => void,
): Promise<Record<string, readonly number[]> | null> {
  try {
    const scores = await rivalScores(model);
    return Object.fromEntries(
      rivalNames.map((name) => [
        name,
        Array.from(scores[name], (score) => Number(score.toPrecision(7))),
      ]),
    );
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    onNotice?.(`left out: induction and other scores of the heads (${error.message})`);
    return null;
  }
}

/** Lists as maps. */
export function rivalMaps(
  lists: Readonly<Record<string, readonly number[]>>,
): Partial<RivalScores> {
  return Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [name, Float32Array.from(list)]),
  );
}

/**
 * What `scores.json` says of the heads beside the samples; null where it says nothing.
 *
 * @param shape samples, layers, heads
 * @throws {InputError} for tables of another shape
 */
export async function readRivals(
  folder: string,
  [, layers, heads]: readonly [number, number, number],
): Promise<Partial<RivalScores> | null> {
  if (!await hasRecordFile(folder, "scores.json")) return null;
  const json = await readRecordJson(folder, "scores.json");
  const found = rivalNames.flatMap((name) => {
    const table: unknown = isRecord(json) ? json[name] : undefined;
    if (table === undefined) return [];
    const values: unknown[] = Array.isArray(table) ? table.flat() : [];
    if (values.length === layers * heads && values.every(Number.isFinite)) {
      return [[name, values as number[]] as const];
    }
    throw new InputError(
      `Cannot read ${folder}/scores.json: "${name}" is no table of ${layers} layers with ${heads} ` +
        "heads",
    );
  });
  return found.length > 0 ? rivalMaps(Object.fromEntries(found)) : null;
}
