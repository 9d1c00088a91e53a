/**
 * Where the tokens of a training sequence stand: one shared context and several question blocks,
 * each of which is, in tokens and positions, the continuation that inference would see.
 *
 * @module
 */
import type { PatchGrid } from "../../lib/model/vision_grid.ts";

/** Rows and columns of the visual tokens of one image. */
export type TokenGrid = readonly [rows: number, columns: number];

/** The parts of a sequence `[context | block | block | …]`. */
export interface BlockLayout {
  /** Tokens of the context that all blocks see. */
  readonly context: number;
  /** Tokens of one question block. */
  readonly block: number;
  readonly blocks: number;
}

/** T, the length of a sequence of this layout. */
export function sequenceLength(layout: BlockLayout): number {
  return layout.context + layout.block * layout.blocks;
}

/** Where images stand in a context. */
export interface ImageLayout {
  /** Grids of the images, in order. */
  readonly grids: readonly TokenGrid[];
  /**
   * `images`: each between its own markers; `video`: a time stamp of six tokens before each image,
   * and markers around all of them, as Qwen3-VL's processor writes frames.
   */
  readonly format: "images" | "video";
  /** Positions left free before each image; none by default. Only for training. */
  readonly gaps?: readonly number[];
}

/** Tokens of a time stamp: `< 1 . 2 seconds >`. */
export const stampTokens = 6;

/** Text tokens before the first image, before each further one, and after the last. */
function textAround(format: "images" | "video") {
  return format === "images"
    ? { first: 0, each: 0, last: 0 }
    : { first: 1, each: stampTokens, last: 1 };
}

/** A context's layout with the places of its images. */
export interface SequenceLayout extends BlockLayout {
  /** Grids of the images, in order. */
  readonly grids: readonly TokenGrid[];
  /** Places of the visual tokens in the context, in order. */
  readonly visual: Int32Array;
  /** Positions `[3, T]` (time, height, width), row by row. */
  readonly positionIds: Int32Array;
}

/**
 * The layout of `<|im_start|> user (<|vision_start|> image <|vision_end|>)… | block | …`.
 *
 * Positions are Qwen3-VL's: text advances all three axes; an image at position s has time s, height
 * s + row and width s + column, and what follows goes on at s + max(rows, columns). Every block
 * starts at the position right after the context, as it does at inference.
 *
 * @example
 * ```ts
 * import { sequenceLayout } from "./layout.ts";
 * import { assertEquals } from "@std/assert";
 * const layout = sequenceLayout({ grids: [[1, 2]], format: "images" }, 2, 2);
 * assertEquals(layout.context, 2 + 4); // im_start user | start image image end
 * assertEquals([...layout.positionIds.subarray(0, 10)], [0, 1, 2, 3, 3, 5, 6, 7, 6, 7]);
 * ```
 */
export function sequenceLayout(
  { grids, format, gaps = [] }: ImageLayout,
  block: number,
  blocks: number,
): SequenceLayout {
  const around = textAround(format);
  const cells = grids.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  const context = 2 + cells + (2 + around.each) * grids.length + around.first + around.last;
  const length = context + block * blocks;
  const positionIds = new Int32Array(3 * length);
  const visual = new Int32Array(cells);
  let token = 0, position = 0, seen = 0;
  const put = (t: number, h: number, w: number) => {
    positionIds[token] = t;
    positionIds[length + token] = h;
    positionIds[2 * length + token++] = w;
  };
  const text = (count: number) => {
    for (let i = 0; i < count; i++, position++) put(position, position, position);
  };
  text(2 + around.first);
  grids.forEach(([rows, columns], i) => {
    position += gaps[i] ?? 0;
    text(around.each + 1);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        visual[seen++] = token;
        put(position, position + row, position + column);
      }
    }
    position += Math.max(rows, columns);
    text(1);
  });
  text(around.last);
  const start = position;
  for (let b = 0; b < blocks; b++) {
    position = start;
    text(block);
  }
  return { context, block, blocks, grids, visual, positionIds };
}

/** Patch grids of the images of `count` sequences, for the vision encoder. */
export function patchGridsOf(
  grids: readonly TokenGrid[],
  merge: number,
  count: number,
): PatchGrid[] {
  const one = grids.map(([rows, columns]): PatchGrid => [1, rows * merge, columns * merge]);
  return Array.from({ length: count }, () => one).flat();
}
