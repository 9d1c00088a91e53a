/**
 * Positions of the tokens of a prompt: counted, or on three axes (time, height, width).
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Media } from "../model/model_inputs.ts";
import { gridLength, type PlacedGrid } from "./visual_grid.ts";

/** Positions of a prompt of T tokens. */
export interface Positions {
  /** `[axes, T]` row by row; 3 axes (time, height, width) or 1. */
  readonly positionIds: Int32Array;
  /** Position of the first generated token, on every axis. */
  readonly nextPosition: number;
}

/**
 * A family's rule: positions of a prompt of `tokens` tokens with these grids of visual tokens and
 * these media tensors.
 */
export type PositionRule = (
  tokens: number,
  grids: readonly PlacedGrid[],
  media: Media,
) => Positions;

/**
 * Positions 0, 1, 2, … on one axis: a {@link PositionRule} that looks at the number of tokens only.
 *
 * @example
 * ```ts
 * import { countedPositions } from "./position_ids.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(countedPositions(3, [], {}), {
 *   positionIds: Int32Array.of(0, 1, 2),
 *   nextPosition: 3,
 * });
 * ```
 */
export function countedPositions(
  tokens: number,
  _grids: readonly PlacedGrid[],
  _media: Media,
): Positions {
  return {
    positionIds: Int32Array.from({ length: tokens }, (_, i) => i),
    nextPosition: tokens,
  };
}

/**
 * Positions of a prompt whose images are seen both ways: counted on the first axis; on the second where
 * the token's image begins, for text its own position.
 *
 * @example
 * ```ts
 * import { blockPositions } from "./position_ids.ts";
 * import { assertEquals } from "@std/assert";
 * const grid = { kind: "image", media: 0, size: [2, 1], frames: [], newline: "none" } as const;
 * const image = { ...grid, rows: 1, columns: 2, region: [0, 0, 2, 1], start: 1 } as const;
 * assertEquals([...blockPositions(4, [image], {}).positionIds], [0, 1, 2, 3, 0, 1, 1, 3]);
 * ```
 */
export function blockPositions(
  tokens: number,
  grids: readonly PlacedGrid[],
  _media: Media,
): Positions {
  const positionIds = Int32Array.from({ length: 2 * tokens }, (_, i) => i % tokens);
  for (const grid of grids) {
    const from = tokens + grid.start;
    positionIds.fill(grid.start, from, from + gridLength(grid));
  }
  return { positionIds, nextPosition: tokens };
}

/** What differs between families with three axes. */
export interface MropeOptions {
  /**
   * Time of the `index`-th temporal patch of an image or video, relative to its first; `index`
   * itself by default.
   */
  readonly time?: (grid: PlacedGrid, index: number, media: Media) => number;
}

/**
 * The rule of positions on three axes: text advances all of them; an image that starts at position s has time s
 * (plus the time of its temporal patch), heights from s and widths from s, and text goes on at s plus
 * the longer side of its grid, whatever its times. Generated tokens go on where the prompt's text would,
 * so that decoding with a cache and one pass over prompt and answer see the same positions.
 *
 * Temporal patches that follow each other without text between are one image. Source: transformers
 * 5.23 `get_rope_index` (`modeling_qwen3_vl.py`, `modeling_qwen2_vl.py`) and, for the tokens after the
 * prompt, `_update_model_kwargs_for_generation` (the last position plus one; the `rope_deltas` that
 * `get_rope_index` returns besides mean the largest one plus one and are not used there).
 *
 * @example
 * ```ts
 * import { mropePositions } from "./position_ids.ts";
 * import { assertEquals } from "@std/assert";
 * const grid = { kind: "image", media: 0, size: [2, 1], frames: [], newline: "none" } as const;
 * const placed = { ...grid, rows: 1, columns: 2, region: [0, 0, 2, 1], start: 1 } as const;
 * const rule = mropePositions();
 * const { positionIds, nextPosition } = rule(4, [placed], {}); // text, 2 visual tokens, text
 * assertEquals([...positionIds], [0, 1, 1, 3, 0, 1, 1, 3, 0, 1, 2, 3]);
 * assertEquals(nextPosition, 4);
 * ```
 *
 * @returns a rule that throws an `InputError` if grids overlap or do not fit into the prompt
 */
export function mropePositions({ time = (_, index) => index }: MropeOptions = {}): PositionRule {
  return (tokens, grids, media) => place(tokens, grids, (grid, index) => time(grid, index, media));
}

function place(
  tokens: number,
  grids: readonly PlacedGrid[],
  time: (grid: PlacedGrid, index: number) => number,
): Positions {
  const positionIds = new Int32Array(3 * tokens);
  let token = 0, position = 0;
  const text = (end: number) => {
    for (; token < end; token++, position++) {
      for (let axis = 0; axis < 3; axis++) positionIds[axis * tokens + token] = position;
    }
  };
  for (let i = 0; i < grids.length;) {
    const first = grids[i];
    if (first.start < token || first.start + gridLength(first) > tokens) {
      throw new InputError(
        `Cannot place an image at token ${first.start}: its ${gridLength(first)} tokens must fit ` +
          `between tokens ${token} and ${tokens}`,
      );
    }
    text(first.start);
    for (let index = 0; i < grids.length && grids[i].start === token; i++, index++) {
      const { rows, columns } = grids[i];
      if (grids[i].media !== first.media || grids[i].kind !== first.kind) break;
      const t = position + time(grids[i], index);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, token++) {
          positionIds[token] = t;
          positionIds[tokens + token] = position + row;
          positionIds[2 * tokens + token] = position + column;
        }
      }
    }
    position += Math.max(first.rows, first.columns);
  }
  text(tokens);
  return { positionIds, nextPosition: position };
}
