/**
 * Scores from lists that name heads one by one, perhaps not all of a model.
 *
 * @module
 */
import { headIndex, headName } from "../../common/head_id.ts";
import { quoted } from "../../common/text.ts";
import { type HeadScores, headScores } from "../head_scores.ts";
import { badList, type ListSizes } from "./format.ts";

/** Most layers, and most heads of a layer, that a list may name. */
const mostLayers = 1024;
/** Most scores that a list may stand for, unlisted heads included. */
const mostScores = 1 << 27;

export interface ListedHead {
  /** Layer, from 0. */
  readonly layer: number;
  /** Query head, from 0. */
  readonly head: number;
  /** Its scores, one per sample. */
  readonly scores: readonly number[];
}

/**
 * A head's name as `LAYER-HEAD`.
 *
 * @throws {InputError} for anything else
 */
export function dashedHead(name: unknown, file: string): { layer: number; head: number } {
  const [, layer, head] = /^(\d{1,4})-(\d{1,4})$/.exec(typeof name === "string" ? name : "") ?? [];
  if (layer !== undefined) return { layer: Number(layer), head: Number(head) };
  throw badList(file, `it names ${quoted(String(name), 40)}; wanted LAYER-HEAD, such as "12-3"`);
}

/**
 * Scores of every head from those that are listed.
 *
 * @param rule name of the rule
 * @returns also how many heads are listed
 * @throws {InputError} for no heads, one twice or outside of the model, or scores that are no numbers
 */
export function fromListed(
  rule: string,
  listed: readonly ListedHead[],
  file: string,
  sizes: ListSizes = {},
): { readonly scores: HeadScores; readonly listed: number } {
  if (listed.length === 0) throw badList(file, "it lists no heads");
  const samples = listed[0].scores.length;
  let layers = 1, heads = 1, lowest = 0;
  for (const { layer, head, scores } of listed) {
    const name = headName({ layer, head });
    layers = Math.max(layers, layer + 1);
    heads = Math.max(heads, head + 1);
    if (scores.length === 0 || scores.length !== samples) {
      const found = `${name} has ${scores.length} scores`;
      throw badList(file, samples === 0 ? found : `${found}, the first head has ${samples}`);
    }
    for (const score of scores) {
      if (!Number.isFinite(Math.fround(score))) {
        throw badList(file, `a score of ${name} is ${quoted(String(score), 40)}, no number`);
      }
      lowest = Math.min(lowest, score);
    }
  }
  const grid = { layers: sizes.layers ?? layers, heads: sizes.heads ?? heads };
  if (layers > grid.layers || heads > grid.heads) {
    throw badList(
      file,
      `it names heads of ${layers} layers with ${heads} heads, the model has ${grid.layers} layers ` +
        `with ${grid.heads} heads`,
    );
  }
  const size = grid.layers * grid.heads;
  if (Math.max(grid.layers, grid.heads) > mostLayers || size * samples > mostScores) {
    throw badList(
      file,
      `it is of ${grid.layers} layers with ${grid.heads} heads and ${samples} samples: too many`,
    );
  }
  const maps = Array.from({ length: samples }, () => new Float32Array(size).fill(lowest));
  const seen = new Uint8Array(size);
  for (const { layer, head, scores } of listed) {
    const index = headIndex({ layer, head }, grid.heads);
    if (seen[index]++) throw badList(file, `it names ${headName({ layer, head })} twice`);
    scores.forEach((score, i) => maps[i][index] = score);
  }
  const rows = maps.map((map, i) => ({ id: `imported-${i + 1}`, domain: "imported", map }));
  return { scores: headScores(rule, grid, rows), listed: listed.length };
}
