/**
 * Where a prompt's images and its question are, for masks that go by them.
 *
 * @module
 */
import type { ModelInputs } from "../model/model_inputs.ts";
import type { TokenSpans } from "../inputs/token_spans.ts";
import { gridLength, type PlacedGrid } from "../inputs/visual_grid.ts";
import type { PromptLayout } from "../sparse/patterns/pattern.ts";

/** What a layout is read off. */
interface LaidOut {
  readonly inputs: ModelInputs & { readonly grids?: readonly PlacedGrid[] };
  readonly spans: Pick<TokenSpans, "visual" | "question">;
}

/**
 * The layout of a prompt. Tiles of one image that touch are one image; where the prompt has no grids,
 * each run of visual tokens is one.
 *
 * @example
 * ```ts
 * import { layoutOf } from "./prompt_layout.ts";
 * import { assertEquals } from "@std/assert";
 * const spans = { visual: [[1, 5], [7, 11]] as const, question: [[12, 14]] as const };
 * const inputs = {
 *   inputIds: new Int32Array(14),
 *   positionIds: new Int32Array(14),
 *   nextPosition: 14,
 *   media: {},
 * };
 * assertEquals(layoutOf({ inputs, spans }), { images: [[1, 5], [7, 11]], question: 12 });
 * ```
 */
export function layoutOf({ inputs: { grids }, spans }: LaidOut): PromptLayout {
  const question = spans.question[0]?.[0] ?? null;
  if (!grids) return { images: spans.visual, question };
  const images: { media: string; span: [number, number] }[] = [];
  for (const grid of grids) {
    const end = grid.start + gridLength(grid), last = images.at(-1);
    const media = grid.kind === "image" ? `image ${grid.media}` : `frames ${grid.start}`;
    if (last?.media === media && last.span[1] === grid.start) last.span[1] = end;
    else images.push({ media, span: [grid.start, end] });
  }
  return { images: images.map(({ span }) => span), question };
}
