/**
 * What heads look at in one prompt: their attention from the question to every token, and where that
 * lies on the images.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import {
  checkHeads,
  gridOf,
  headAt,
  type HeadGrid,
  type HeadId,
  headIndex,
  headName,
} from "../common/head_id.ts";
import { massOn } from "../heads/attention_mass.ts";
import type { Hooks } from "../hooks/hook_point.ts";
import { checkInputs } from "../model/check_inputs.ts";
import type { Box, RgbImage } from "../inputs/image.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import { tokensOf } from "../inputs/token_spans.ts";
import { gridToken } from "../inputs/visual_grid.ts";
import { imagesOf, type Sample } from "../data/sample.ts";
import { samplePrompt } from "./samples.ts";

/** Attention of every head from some query rows to every token. */
export class AttentionView {
  /**
   * Made by {@link attentionFrom}.
   *
   * @param shape layers, heads and tokens
   * @param data mean over the query rows, `[L, N, T]`
   * @param rows the query rows
   */
  constructor(
    readonly shape: readonly [layers: number, heads: number, tokens: number],
    readonly data: Float32Array,
    readonly rows: readonly number[],
  ) {}

  /** Layers and heads. */
  get grid(): HeadGrid {
    const [layers, heads] = this.shape;
    return { layers, heads };
  }

  /** Attention of one head that lands on some tokens, 0 to 1. */
  mass(id: HeadId, tokens: readonly number[]): number {
    return massOn(this.head(id), tokens);
  }

  /** Attention of one head to every token, `[T]`; adds up to 1. */
  head(id: HeadId): Float32Array {
    const [layers, heads, tokens] = this.shape;
    checkHeads([id], { layers, heads }, "show");
    const start = headIndex(id, heads) * tokens;
    return this.data.subarray(start, start + tokens);
  }

  /**
   * The heads that look hardest at a single one of some tokens, hardest first: a view of one prompt
   * whose evidence is not known.
   */
  sharpest(tokens: readonly number[], count: number): HeadId[] {
    const [layers, heads, length] = this.shape;
    const peak = (i: number) =>
      Math.max(0, ...tokens.map((token) => this.data[i * length + token]));
    const peaks = Array.from({ length: layers * heads }, (_, i) => peak(i));
    return [...peaks.keys()].sort((a, b) => peaks[b] - peaks[a] || a - b).slice(0, count)
      .map((i) => headAt(i, heads));
  }

  /** Attention of every head that lands on some tokens, `[L, N]` row by row: RAM for evidence. */
  massOn(tokens: readonly number[]): Float32Array {
    const [layers, heads, length] = this.shape;
    return Float32Array.from(
      { length: layers * heads },
      (_, i) => massOn(this.data.subarray(i * length, (i + 1) * length), tokens),
    );
  }
}

/**
 * Runs a prompt once and keeps the attention that leaves some of its tokens.
 *
 * Only those rows of the pattern are ever computed, so long prompts cost no more memory.
 *
 * @param rows query tokens whose attention is averaged: the question's by default, or the last token
 *   of a prompt without a question
 * @param options hooks that run along, for example an intervention
 * @throws {InputError} for rows outside the prompt
 *
 * @example
 * ```ts
 * import { attentionFrom } from "./attention_view.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/qwen3_vl");
 * const prompt = await model.prepare([{ role: "user", content: "How many?" }]);
 * const view = await attentionFrom(model, prompt);
 * assertAlmostEquals(view.head({ layer: 3, head: 1 }).reduce((a, b) => a + b), 1, 1e-5);
 * ```
 */
export async function attentionFrom(
  model: PretrainedModel,
  prompt: PreparedPrompt,
  rows?: readonly number[],
  options: { readonly hooks?: Hooks } = {},
): Promise<AttentionView> {
  checkInputs(prompt, model.config);
  const { layers, heads } = gridOf(model.config.text);
  const tokens = prompt.inputIds.length;
  const asked = rows ?? tokensOf(prompt.spans.question);
  const chosen = asked.length > 0 ? [...new Set(asked)].sort((a, b) => a - b) : [tokens - 1];
  for (const row of chosen) {
    if (Number.isInteger(row) && row >= 0 && row < tokens) continue;
    throw new InputError(
      `Cannot take attention from token ${row}: the prompt has 0 to ${tokens - 1}`,
    );
  }
  const data = new Float32Array(layers * heads * tokens);
  await model.forward(prompt, {
    logits: "none",
    hooks: options.hooks,
    patternRows: {
      rows: chosen,
      onPattern: (layer, pattern, k) => {
        const mean = k.scale(k.sum(pattern, 2), 1 / chosen.length); // [1, N, rows, T] -> [1, N, T]
        data.set(k.readSync(mean), layer * heads * tokens);
      },
    },
  });
  return new AttentionView([layers, heads, tokens], data, chosen);
}

/** Values on one grid of visual tokens. */
export interface TokenGridValues {
  /** Rows of tokens. */
  readonly rows: number;
  /** Columns of tokens. */
  readonly columns: number;
  /** `[rows * columns]`, row by row. */
  readonly values: Float32Array;
  /** What the grid shows, in pixels of the image. */
  readonly box: Box;
}

/** An image with the values of the tokens that stand for it, as `attentionOverlay` draws it. */
export interface ImageView {
  /** The image. */
  readonly image: RgbImage;
  /** Its grids of tokens. */
  readonly grids: readonly TokenGridValues[];
  /** Rectangles to outline, in pixels. */
  readonly boxes: readonly Box[];
  /** Line above the image. */
  readonly title?: string;
}

/** How {@link attentionPanels} draws. */
export interface PanelOptions {
  /** Line above the images, such as the head's name. */
  readonly title?: string;
  /** Tokens to outline, such as the evidence; by default the prompt's evidence. */
  readonly outlined?: readonly number[];
}

/**
 * Lays values of visual tokens on the images that they stand for: input of `attentionOverlay`.
 *
 * @param images the prompt's images in order, or the frames of its video
 * @param values one value per token of the prompt, `[T]`
 * @returns one panel per image that the prompt shows (per temporal patch of a video)
 * @throws {InputError} if an image is missing
 */
export function attentionPanels(
  prompt: PreparedPrompt,
  images: readonly RgbImage[],
  values: ArrayLike<number>,
  options: PanelOptions = {},
): ImageView[] {
  const outlined = new Set(options.outlined ?? tokensOf(prompt.spans.evidence));
  const panels = new Map<number, { grids: TokenGridValues[]; boxes: Box[] }>();
  for (const grid of prompt.grids) {
    const index = grid.kind === "image" ? grid.media : grid.frames[0];
    const panel = panels.get(index) ?? { grids: [], boxes: [] };
    panels.set(index, panel);
    const own = new Float32Array(grid.rows * grid.columns);
    const [x0, y0, x1, y1] = grid.region;
    const width = (x1 - x0) / grid.columns, height = (y1 - y0) / grid.rows;
    own.forEach((_, i) => {
      const row = Math.floor(i / grid.columns), column = i % grid.columns;
      const token = gridToken(grid, row, column);
      own[i] = values[token];
      if (!outlined.has(token)) return;
      const [left, top] = [x0 + column * width, y0 + row * height];
      panel.boxes.push([left, top, left + width, top + height]);
    });
    panel.grids.push({ rows: grid.rows, columns: grid.columns, values: own, box: grid.region });
  }
  return [...panels].sort(([a], [b]) => a - b).map(([index, { grids, boxes }]) => {
    const image = images[index];
    if (!image) {
      throw new InputError(`Cannot draw image ${index}: ${images.length} images were given`);
    }
    return { image, grids, boxes: joinedBoxes(boxes), title: options.title };
  });
}

/** Neighbouring token boxes of one row as one box, then equal spans of neighbouring rows. */
function joinedBoxes(boxes: readonly Box[]): Box[] {
  const near = (a: number, b: number) => Math.abs(a - b) < 1e-6;
  const merge = (list: readonly Box[], joins: (a: Box, b: Box) => boolean) =>
    list.reduce<Box[]>((done, box) => {
      const at = done.findIndex((other) => joins(other, box));
      if (at < 0) return [...done, box];
      const [x0, y0] = done[at];
      done[at] = [x0, y0, box[2], box[3]];
      return done;
    }, []);
  const rows = merge(boxes, (a, b) => near(a[1], b[1]) && near(a[3], b[3]) && near(a[2], b[0]));
  return merge(rows, (a, b) => near(a[0], b[0]) && near(a[2], b[2]) && near(a[3], b[1]));
}

/**
 * What one head looks at on several samples: for each the image that shows the evidence (or the
 * first), titled with head and question.
 *
 * @throws {InputError} naming a sample that cannot be used, or for a head that does not exist
 */
export async function headPanels(
  model: PretrainedModel,
  samples: readonly Sample[],
  head: HeadId,
): Promise<ImageView[]> {
  const panels: ImageView[] = [];
  for (const sample of samples) {
    const prompt = await samplePrompt(model, sample);
    const view = await attentionFrom(model, prompt);
    const title = `${headName(head)}, ${sample.domain}: ${sample.question}`;
    const all = attentionPanels(prompt, imagesOf(sample), view.head(head), { title });
    panels.push(all.find(({ boxes }) => boxes && boxes.length > 0) ?? all[0]);
  }
  return panels;
}
