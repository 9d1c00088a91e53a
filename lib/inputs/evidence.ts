/**
 * From where the answer stands (boxes, frames, pages, text) to tokens, and back.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { isRecord, kindOf } from "../common/values.ts";
import type { Box } from "./image.ts";
import type { PlacedText } from "./prompt.ts";
import { questionRanges, type TextRange, tokensInText } from "./token_spans.ts";
import { gridBox, gridToken, type PlacedGrid } from "./visual_grid.ts";

/**
 * Where an answer can be read: a box of an image or a whole image (a page), frames of the video
 * (both ends included) with or without a box, or characters of the question's context, which is the
 * text of the last user message. Boxes are in pixels of the original image, half-open; characters
 * count code points, half-open.
 */
export type Evidence =
  | { readonly image: number; readonly box?: Box }
  | { readonly frames: readonly [first: number, last: number]; readonly box?: Box }
  | { readonly text: TextRange };

/** The model sees nothing of the evidence: its frames lie between sampled ones, its box is cropped away. */
export class UnseenEvidenceError extends InputError {}

/** What evidence is looked up in: a prepared prompt. */
export interface EvidenceSources {
  /** Its text. */
  readonly text: string;
  /** Characters of each token, `[T, 2]`. */
  readonly offsets: Int32Array;
  /** Grids of visual tokens. */
  readonly grids: readonly PlacedGrid[];
  /** The messages' texts in it. */
  readonly texts: readonly PlacedText[];
}

/** Shares of a token's area that differ by less than this are equal: rounding of coordinates. */
const tolerance = 1e-9;

/** Length of the overlap of two intervals. */
function overlap(a0: number, a1: number, b0: number, b1: number): number {
  return Math.max(0, Math.min(a1, b1) - Math.max(a0, b0));
}

/**
 * Tokens of some grids of one image that lie in a box: those with at least half of their area in
 * it; where no token reaches half, the one with the largest share (the first in prompt order on a
 * tie). Tokens that only end lines never count.
 *
 * @returns token indices, ascending; none if the box shows nothing of what the grids show
 */
export function tokensInBox(grids: readonly PlacedGrid[], box: Box): number[] {
  const found: number[] = [];
  let best = tolerance, largest = -1;
  for (const grid of grids) {
    for (let row = 0; row < grid.rows; row++) {
      for (let column = 0; column < grid.columns; column++) {
        const [x0, y0, x1, y1] = gridBox(grid, row, column);
        const share = overlap(x0, x1, box[0], box[2]) / (x1 - x0) *
          overlap(y0, y1, box[1], box[3]) / (y1 - y0);
        if (share >= 0.5 - tolerance) found.push(gridToken(grid, row, column));
        else if (share > best * (1 + tolerance)) {
          best = share;
          largest = gridToken(grid, row, column);
        }
      }
    }
  }
  if (found.length > 0) return found.sort((a, b) => a - b);
  return largest >= 0 ? [largest] : [];
}

/** Throws unless a box has an area and touches the image. */
function checkBox(box: Box, [width, height]: readonly [number, number]): void {
  const [x0, y0, x1, y1] = box;
  const valid = box.length === 4 && box.every(Number.isFinite) && x0 < x1 && y0 < y1;
  if (valid && x0 < width && y0 < height && x1 > 0 && y1 > 0) return;
  throw new InputError(
    `Cannot use box [${box.join(", ")}] in an image of ${width} x ${height} pixels: wanted ` +
      `[x0, y0, x1, y1] with x0 < x1 and y0 < y1, within the image`,
  );
}

/** Tokens of the image parts that one piece of evidence names, before any box. */
function gridsOf(evidence: Evidence, grids: readonly PlacedGrid[]): PlacedGrid[][] {
  if ("image" in evidence) {
    const found = grids.filter(({ kind, media }) => kind === "image" && media === evidence.image);
    if (found.length > 0) return [found];
    const images = new Set(grids.flatMap(({ kind, media }) =>
      kind === "image" ? [media] : []
    )).size;
    throw new InputError(
      `Cannot find image ${evidence.image} of the evidence: the prompt has ${images} images, ` +
        `counted from 0`,
    );
  }
  if ("text" in evidence) return [];
  const { frames } = evidence;
  if (!Array.isArray(frames) || frames.length !== 2) {
    throw new InputError(
      `Cannot use frames ${kindOf(frames)} of the evidence: wanted [first, last]`,
    );
  }
  const [first, last] = frames;
  const video = grids.filter(({ kind }) => kind === "video");
  if (video.length === 0) {
    throw new InputError(
      `Cannot find frames ${first} to ${last} of the evidence: the prompt has no video`,
    );
  }
  if (!(Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last)) {
    throw new InputError(
      `Cannot use frames ${first} to ${last}: wanted two frame numbers from 0 on, in order`,
    );
  }
  const total = video[0].frameCount;
  if (total !== undefined && last >= total) {
    throw new InputError(
      `Cannot find frames ${first} to ${last} of the evidence: the video has ${total} frames, ` +
        `counted from 0`,
    );
  }
  const found = video.filter(({ frames }) =>
    frames.some((frame) => first <= frame && frame <= last)
  );
  if (found.length > 0) return found.map((grid) => [grid]);
  throw new UnseenEvidenceError(
    `Cannot find frames ${first} to ${last} of the evidence: the model sees frames ` +
      `${someOf(video.flatMap(({ frames }) => frames))} only; sample more of them (fps, nframes)`,
  );
}

/** The beginning of a list of frames, without repetition. */
function someOf(frames: readonly number[]): string {
  const different = [...new Set(frames)];
  return different.slice(0, 8).join(", ") +
    (different.length > 8 ? `, … (${different.length} in all)` : "");
}

/** What some grids of one image show of it: the smallest box around all. */
function shownBox(grids: readonly PlacedGrid[]): Box {
  const side = (index: 0 | 1 | 2 | 3, choose: (...values: number[]) => number) =>
    choose(...grids.map(({ region }) => Math.round(region[index])));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

/** String index of the `count`-th code point. */
function codePointIndex(text: string, count: number): number {
  let index = 0;
  for (const character of text) {
    if (count-- <= 0) break;
    index += character.length;
  }
  return index;
}

/** Tokens that hold characters of the last user message, counted through all of its texts. */
function tokensOfCharacters([start, end]: TextRange, sources: EvidenceSources): number[] {
  const { text, texts, offsets } = sources;
  const found: number[] = [];
  let before = 0;
  for (const [from, to] of questionRanges(text, texts)) {
    const part = text.slice(from, to), length = Array.from(part).length;
    const low = Math.max(start - before, 0), high = Math.min(end - before, length);
    if (low < high) {
      const index = (count: number) => from + codePointIndex(part, count);
      found.push(...tokensInText(offsets, index(low), index(high)));
    }
    before += length;
  }
  if (!(start >= 0 && start < end && end <= before)) {
    throw new InputError(
      `Cannot use characters ${start} to ${end} of the last user message: its texts have ${before}`,
    );
  }
  return found;
}

/**
 * Tokens that hold the evidence.
 *
 * A visual token is evidence when at least half of its area lies inside the box; where no token of
 * the image (or of one temporal patch) reaches half, the one with the largest overlap, the first on
 * a tie. A temporal patch counts when any of its frames is in the range.
 *
 * @param sources a prepared prompt
 * @param evidence everything that the answer needs
 * @returns token indices, ascending, without repetition
 * @throws {InputError} if an image, a frame range, a box or a text range does not exist, or if the
 *   model sees nothing of all the evidence: frames between the sampled ones, boxes that are cropped
 *   away (of several pieces, some may be unseen)
 *
 * @example
 * ```ts
 * import { evidenceTokens } from "./evidence.ts";
 * import { assertEquals } from "@std/assert";
 * const grid = { kind: "image", media: 0, size: [60, 20], frames: [], newline: "none" } as const;
 * const placed = { ...grid, rows: 1, columns: 3, region: [0, 0, 60, 20], start: 4 } as const;
 * const prompt = { text: "", offsets: new Int32Array(0), texts: [], grids: [placed] };
 * // Half of the first token, all of the second, a quarter of the third.
 * assertEquals(evidenceTokens(prompt, [{ image: 0, box: [10, 0, 45, 20] }]), [4, 5]);
 * ```
 */
export function evidenceTokens(
  sources: EvidenceSources,
  evidence: readonly Evidence[],
): number[] {
  if (!Array.isArray(evidence)) throw notEvidence(evidence, "a list of");
  const unseen: UnseenEvidenceError[] = [];
  const tokens = evidence.flatMap((piece) => {
    try {
      return tokensOfPiece(piece, sources);
    } catch (error) {
      if (!(error instanceof UnseenEvidenceError)) throw error;
      unseen.push(error);
      return [];
    }
  });
  if (tokens.length === 0 && unseen.length > 0) throw unseen[0];
  return [...new Set(tokens)].sort((a, b) => a - b);
}

/** The error for what is no evidence. */
function notEvidence(found: unknown, wanted: string): InputError {
  return new InputError(
    `Cannot use ${
      kindOf(found)
    } as evidence: wanted ${wanted} { image: 0, box: [0, 0, 10, 10] }, ` +
      "{ frames: [0, 3] } or { text: [0, 12] }",
  );
}

/** @throws {UnseenEvidenceError} where the model sees nothing of it */
function tokensOfPiece(piece: Evidence, sources: EvidenceSources): number[] {
  if (!isRecord(piece) || !["image", "frames", "text"].some((key) => key in piece)) {
    throw notEvidence(piece, "one of");
  }
  if ("text" in piece) return tokensOfCharacters(piece.text, sources);
  return gridsOf(piece, sources.grids).flatMap((grids) => {
    const [width, height] = grids[0].size;
    if (piece.box) checkBox(piece.box, [width, height]);
    const tokens = tokensInBox(grids, piece.box ?? [0, 0, width, height]);
    if (tokens.length > 0) return tokens;
    throw new UnseenEvidenceError(
      `Cannot find box [${(piece.box ?? []).join(", ")}] of the evidence: of the image of ` +
        `${width} x ${height} pixels the model sees [${shownBox(grids).join(", ")}] only`,
    );
  });
}
