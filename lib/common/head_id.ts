/**
 * Attention heads by name: layer and query head, printed `L12H3`; and the grid of all heads of a
 * decoder. The one type, parser, check and printed form of the whole library.
 *
 * @module
 */
import { InputError } from "./errors.ts";
import { quoted } from "./text.ts";
import { isRecord, kindOf } from "./values.ts";

/** A query head of the text decoder; both numbers count from 0. */
export interface HeadId {
  /** Decoder layer. */
  readonly layer: number;
  /** Query head within the layer. */
  readonly head: number;
}

/** How many heads a decoder has. */
export interface HeadGrid {
  /** L, decoder layers. */
  readonly layers: number;
  /** N, query heads of a layer. */
  readonly heads: number;
}

/**
 * The grid of a decoder's heads from its configuration, such as `model.config.text`.
 *
 * @example
 * ```ts
 * import { gridOf } from "./head_id.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(gridOf({ numHiddenLayers: 2, numAttentionHeads: 4 }), { layers: 2, heads: 4 });
 * ```
 */
export function gridOf(
  text: { readonly numHiddenLayers: number; readonly numAttentionHeads: number },
): HeadGrid {
  return { layers: text.numHiddenLayers, heads: text.numAttentionHeads };
}

/**
 * The head's name.
 *
 * @example
 * ```ts
 * import { headName } from "./head_id.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(headName({ layer: 12, head: 3 }), "L12H3");
 * ```
 */
export function headName({ layer, head }: HeadId): string {
  return `L${layer}H${head}`;
}

/**
 * A head from `L12H3`, or from `12:3` as the command line writes it.
 *
 * @throws {InputError} if the text is neither
 *
 * @example
 * ```ts
 * import { parseHead } from "./head_id.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(parseHead("L12H3"), { layer: 12, head: 3 });
 * assertEquals(parseHead("12:3"), { layer: 12, head: 3 });
 * ```
 */
export function parseHead(text: string): HeadId {
  const match = /^\s*(?:L(\d{1,6})H(\d{1,6})|(\d{1,6}):(\d{1,6}))\s*$/i.exec(text);
  if (!match) {
    throw new InputError(
      `Cannot read head ${quoted(text)}: wanted a layer and a query head, as in L12H3 or 12:3`,
    );
  }
  return { layer: Number(match[1] ?? match[3]), head: Number(match[2] ?? match[4]) };
}

/**
 * Heads from a list with commas, `0:3,12:5` or `L0H3, L12H5`.
 *
 * @throws {InputError} if a part is no head; an empty list gives no heads
 *
 * @example
 * ```ts
 * import { parseHeads } from "./head_id.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(parseHeads("0:3,12:5").length, 2);
 * ```
 */
export function parseHeads(text: string): HeadId[] {
  return text.trim() === "" ? [] : text.split(",").map(parseHead);
}

/** Order by layer, then by head; for `sort`. */
export function compareHeads(a: HeadId, b: HeadId): number {
  return a.layer - b.layer || a.head - b.head;
}

/** All heads of a decoder, by layer, then by head. */
export function allHeads({ layers, heads }: HeadGrid): HeadId[] {
  return Array.from({ length: layers * heads }, (_, index) => headAt(index, heads));
}

/** The head at a place of a `[layers, heads]` map that is laid out row by row. */
export function headAt(index: number, heads: number): HeadId {
  return { layer: Math.floor(index / heads), head: index % heads };
}

/** The place of a head in a `[layers, heads]` map that is laid out row by row. */
export function headIndex({ layer, head }: HeadId, heads: number): number {
  return layer * heads + head;
}

/** Whether somebody passed a head. */
function isHead(value: unknown): value is HeadId {
  return isRecord(value) && typeof value.layer === "number" && typeof value.head === "number";
}

/**
 * Throws unless every head exists and none is named twice.
 *
 * @param action what was to be done, for the message
 * @throws {InputError} naming the first wrong head and the heads that there are
 *
 * @example
 * ```ts
 * import { checkHeads } from "./head_id.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(() => checkHeads([{ layer: 2, head: 0 }], { layers: 2, heads: 4 }, "ablate"));
 * ```
 */
export function checkHeads(heads: readonly HeadId[], grid: HeadGrid, action: string): void {
  if (!Array.isArray(heads)) {
    throw new InputError(
      `Cannot ${action} ${kindOf(heads)}: wanted a list of heads, such as [{ layer: 3, head: 1 }]`,
    );
  }
  const seen = new Set<number>();
  for (const id of heads) {
    if (!isHead(id)) {
      throw new InputError(
        `Cannot ${action} ${
          kindOf(id as unknown)
        }: wanted a head, { layer: 3, head: 1 } or parseHead("L3H1")`,
      );
    }
    const inside = (value: number, count: number) =>
      Number.isInteger(value) && value >= 0 && value < count;
    if (!inside(id.layer, grid.layers) || !inside(id.head, grid.heads)) {
      throw new InputError(
        `Cannot ${action} head ${headName(id)}: layers are 0 to ${grid.layers - 1}, heads 0 to ` +
          `${grid.heads - 1}`,
      );
    }
    const index = headIndex(id, grid.heads);
    if (seen.has(index)) {
      throw new InputError(`Cannot ${action} head ${headName(id)} twice: wanted each head once`);
    }
    seen.add(index);
  }
}
