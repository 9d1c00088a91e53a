/**
 * The ranking of a `scores.json`, checked against the model that it is used on.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { type HeadGrid, type HeadId, headIndex, headName } from "../common/head_id.ts";
import { readRecordJson } from "../common/record_bytes.ts";
import { readJsonOf } from "../common/text_files.ts";

/**
 * Checks that a ranking names every head of a model once.
 *
 * @param json the content of `scores.json`, of which `ranking` is read, and `layers` and `heads` where
 *   they are there
 * @param file how messages name it
 * @returns the heads, best first
 * @throws {InputError} for anything that is no ranking of all heads of this model
 *
 * @example
 * ```ts
 * import { checkRanking } from "./ranking_file.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const grid = { layers: 1, heads: 2 };
 * assertEquals(checkRanking({ ranking: [[0, 1], [0, 0]] }, grid)[0], { layer: 0, head: 1 });
 * assertThrows(() => checkRanking({ ranking: [[0, 1], [0, 1]] }, grid), Error, "L0H1 twice");
 * ```
 */
export function checkRanking(json: unknown, grid: HeadGrid, file = "scores.json"): HeadId[] {
  const wrong = (problem: string) => new InputError(`Cannot use ${file}: ${problem}`);
  const model = `the model has ${grid.layers} layers with ${grid.heads} heads`;
  const found = typeof json === "object" && json !== null ? json as Record<string, unknown> : {};
  const { ranking, layers = grid.layers, heads = grid.heads } = found;
  const isPair = (pair: unknown): pair is [number, number] =>
    Array.isArray(pair) && pair.length === 2 && pair.every(Number.isInteger);
  if (!Array.isArray(ranking) || !ranking.every(isPair)) {
    throw wrong('wanted "ranking", a list of [layer, head]');
  }
  if (layers !== grid.layers || heads !== grid.heads) {
    throw wrong(`it is of ${layers} layers with ${heads} heads, ${model}`);
  }
  const seen = new Set<number>();
  for (const [layer, head] of ranking) {
    const id = { layer, head };
    if (layer < 0 || layer >= grid.layers || head < 0 || head >= grid.heads) {
      throw wrong(`its ranking names head ${headName(id)}, ${model}`);
    }
    const index = headIndex(id, grid.heads);
    if (seen.has(index)) throw wrong(`its ranking names head ${headName(id)} twice`);
    seen.add(index);
  }
  const all = grid.layers * grid.heads;
  if (seen.size < all) throw wrong(`it ranks ${seen.size} heads, the model has ${all}`);
  return ranking.map(([layer, head]) => ({ layer, head }));
}

/**
 * Reads the ranking of a record.
 *
 * @param path `scores.json`, or the folder that holds it
 * @throws {InputError} if it cannot be read, and as {@link checkRanking}
 */
export async function readRanking(path: string, grid: HeadGrid): Promise<HeadId[]> {
  const isFolder = await Deno.stat(path).then((found) => found.isDirectory, () => false);
  if (!isFolder) return checkRanking(await readJsonOf(path), grid, path);
  return checkRanking(await readRecordJson(path, "scores.json"), grid, `${path}/scores.json`);
}
