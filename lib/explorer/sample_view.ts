/**
 * One sample as the head explorer shows it: images, tokens, and rows of attention that fit.
 *
 * @module
 */
import { headAt, type HeadId } from "../common/head_id.ts";
import { answersOf, imagesOf, type Sample } from "../data/sample.ts";
import { loadSample } from "../data/folder_data_set.ts";
import { answerSamples } from "../experiments/answers.ts";
import { type AnySample, samplePrompt } from "../experiments/samples.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import { tokensOf } from "../inputs/token_spans.ts";
import { gridToken, type PlacedGrid } from "../inputs/visual_grid.ts";
import { type AnsweredPrompt, attentionRows, sinksOf, withAnswer } from "./attention_rows.ts";
import type { ExplorerGrid, ExplorerPanel, ExplorerQuery, ExplorerSample } from "./data.ts";
import { packFloats } from "./pack.ts";
import { packedRows, plannedRows } from "./row_budget.ts";
import type { ImageStore } from "./images.ts";

/** Query rows that can be chosen at most: the last of the question, and the first of the answer. */
const mostQueries = { question: 24, answer: 12 };

/** What a sample may take, and what it is shown with. */
export interface SampleViewOptions {
  /** Heads whose attention is wanted, the most wanted first. */
  readonly kept: readonly number[];
  /** Score of every head on this sample, or null. */
  readonly scores: ArrayLike<number> | null;
  /** Characters for its attention. */
  readonly attention: number;
  /** Characters for its images. */
  readonly images: number;
  /** Tokens of an answer at most; by default what the sample needs. */
  readonly maxNewTokens?: number;
}

/** The text of each token of a prompt with its answer. */
function tokenTexts(model: PretrainedModel, prompt: AnsweredPrompt): string[] {
  const { inputIds, offsets, text, promptTokens } = prompt;
  return Array.from(inputIds, (id, token) => {
    const piece = token < promptTokens
      ? text.slice(offsets[2 * token], offsets[2 * token + 1])
      : "";
    return piece !== "" ? piece : model.processor.tokenizer.decode([id]);
  });
}

/** Tokens that are no visual ones, in runs. */
function textRuns(
  texts: readonly string[],
  { tokenTypes }: AnsweredPrompt,
): { start: number; pieces: string[] }[] {
  const runs: { start: number; pieces: string[] }[] = [];
  texts.forEach((piece, token) => {
    if (tokenTypes[token] !== 0) return;
    const run = runs.at(-1);
    if (run && run.start + run.pieces.length === token) run.pieces.push(piece);
    else runs.push({ start: token, pieces: [piece] });
  });
  return runs;
}

/** The query rows that can be chosen. */
function queriesOf(texts: readonly string[], prompt: AnsweredPrompt): ExplorerQuery[] {
  const { spans, promptTokens, inputIds } = prompt;
  const query = (kind: ExplorerQuery["kind"]) => (token: number): ExplorerQuery => ({
    token,
    text: texts[token],
    kind,
  });
  const answer = Array.from(inputIds.subarray(promptTokens), (_, i) => promptTokens + i);
  const question = tokensOf(spans.question).slice(-mostQueries.question);
  const last = question.includes(promptTokens - 1) ? [] : [promptTokens - 1];
  return [
    ...question.map(query("question")),
    ...last.map(query("last")),
    ...answer.slice(0, mostQueries.answer).map(query("answer")),
  ];
}

function gridOf(grid: PlacedGrid): ExplorerGrid {
  const { rows, columns, region, start } = grid;
  return {
    rows,
    columns,
    box: region.map((value) => Number(value.toFixed(2))),
    start,
    stride: gridToken(grid, 1, 0) - gridToken(grid, 0, 0),
  };
}

/** What a image is called. */
function labelOf(sample: Sample, { kind, media, frames }: PlacedGrid, images: number): string {
  if (kind === "video") {
    const seconds = sample.video ? (frames[0] / sample.video.fps).toFixed(1) : String(frames[0]);
    return sample.video ? `${seconds} s` : `frame ${seconds}`;
  }
  return images > 1 ? `image ${media + 1} of ${images}` : "image";
}

/** The images that a prompt shows, with their grids. */
async function panelsOf(
  sample: Sample,
  files: { readonly folder: string; readonly paths: readonly string[] } | null,
  prompt: AnsweredPrompt,
  store: ImageStore,
  room: number,
): Promise<ExplorerPanel[]> {
  const images = imagesOf(sample), byImage = new Map<number, PlacedGrid[]>();
  for (const grid of prompt.grids) {
    const index = grid.kind === "image" ? grid.media : grid.frames[0];
    byImage.set(index, [...byImage.get(index) ?? [], grid]);
  }
  const panels: ExplorerPanel[] = [];
  for (const [index, grids] of [...byImage].sort(([a], [b]) => a - b)) {
    const pixels = images[index];
    const file = files ? { folder: files.folder, path: files.paths[index] } : undefined;
    const image = await store.add({ image: pixels, file }, room / byImage.size);
    const label = labelOf(sample, grids[0], images.length);
    panels.push({
      image,
      width: pixels.width,
      height: pixels.height,
      label,
      grids: grids.map(gridOf),
    });
  }
  return panels;
}

/**
 * Looks at one sample: answers it, runs it once more with the answer, and keeps what fits.
 *
 * @throws {UnusableSampleError} that names the sample, if it cannot be used
 */
export async function sampleView(
  model: PretrainedModel,
  given: AnySample,
  store: ImageStore,
  options: SampleViewOptions,
): Promise<ExplorerSample> {
  const files = "folder" in given
    ? { folder: given.folder, paths: given.images ?? given.video.frames }
    : null;
  const sample = files ? await loadSample(given as never) : given as Sample;
  const { maxNewTokens } = options;
  const [{ answer: said, correct, tokenIds }] = await answerSamples(model, [sample], {
    maxNewTokens,
  });
  const plain = await samplePrompt(model, sample);
  const prompt = withAnswer(model, plain, tokenIds.slice(0, mostQueries.answer));
  const texts = tokenTexts(model, prompt), queries = queriesOf(texts, prompt);
  const tokens = prompt.inputIds.length, perLayer = model.grid.heads;
  const { kept } = options;
  const plan = plannedRows(options.attention, tokens, kept.length, queries.length);
  const wanted: HeadId[] = kept.slice(0, plan.singles).map((index) => headAt(index, perLayer));
  const rows = await attentionRows(model, prompt, wanted, queries.map(({ token }) => token));
  const size = queries.length * tokens;
  const packed = await packedRows(
    (i) => rows.means.subarray(kept[i] * tokens, (kept[i] + 1) * tokens),
    (i) => rows.singles.subarray(i * size, (i + 1) * size),
    plan,
    options.attention,
  );
  return {
    id: sample.id,
    domain: sample.domain,
    question: sample.question,
    answers: answersOf(sample),
    said,
    correct,
    tokens,
    evidence: prompt.spans.evidence,
    visual: prompt.spans.visual,
    sinks: sinksOf(rows.means, tokens),
    panels: await panelsOf(sample, files, prompt, store, options.images),
    texts: textRuns(texts, prompt),
    queries,
    scores: options.scores ? await packFloats(options.scores) : null,
    ...packed,
  };
}
