/**
 * How the temporal patches of a video stand in the prompt.
 *
 * @module
 */
import type { LayoutPiece } from "./media_layout.ts";
import type { PatchedVideo } from "./native_resolution.ts";
import { oneDecimal } from "./rounding.ts";

/** All temporal patches in a row, without anything between them. */
export function plainLayout({ grids, token }: PatchedVideo): LayoutPiece[] {
  return grids.map((grid) => ({ token, grid }));
}

/**
 * Each temporal patch between markers and after its time, as `<0.3 seconds>`.
 *
 * As transformers 5.23, which leaves the markers that the chat template puts around the whole video
 * where they are, so that markers nest (`processing_qwen3_vl.py` `replace_video_token`).
 *
 * @example
 * ```ts
 * import { timestampedLayout } from "./video_layouts.ts";
 * import { assertEquals } from "@std/assert";
 * const layout = timestampedLayout("<start>", "<end>");
 * const region = [0, 0, 32, 32] as const;
 * const grid = { kind: "video", media: 0, frames: [0, 1], rows: 1, columns: 1 } as const;
 * const grids = [{ ...grid, size: [32, 32], region, newline: "none" } as const];
 * const pieces = layout({ token: "<pad>", grids, seconds: [0.25] });
 * assertEquals(pieces, ["<0.2 seconds><start>", { token: "<pad>", grid: grids[0] }, "<end>"]);
 * ```
 */
export function timestampedLayout(
  start: string,
  end: string,
): (video: PatchedVideo) => LayoutPiece[] {
  return ({ grids, seconds, token }) =>
    grids.flatMap((grid, i) => [
      `<${oneDecimal(seconds[i])} seconds>${start}`,
      { token, grid },
      end,
    ]);
}
