/**
 * Conversations to model inputs: the tokenizer, the chat template and a family's rules for images
 * and positions, put together.
 *
 * @module
 */
import type { BoundedCache } from "../common/bounded_cache.ts";
import { InputError } from "../common/errors.ts";
import type { NamedArray } from "../model/model_inputs.ts";
import { type ChatTemplate, loadChatTemplate } from "./chat_template.ts";
import { type Evidence, evidenceTokens } from "./evidence.ts";
import { newValues } from "./media_bounds.ts";
import type { InputRecipe, MediaRecipe, PreparedMedia } from "./media_layout.ts";
import { loadMedia } from "./media_loading.ts";
import {
  type ChatMessage,
  checkConversation,
  parseMessage,
  partsOf,
  questionMessages,
  type QuestionParts,
} from "./messages.ts";
import type { RgbImage } from "./image.ts";
import type { MediaWishes } from "./pixel_wishes.ts";
import { prepareOnce } from "./remembered_media.ts";
import type { Video } from "./video.ts";
import { type ProcessorFiles, readProcessorFiles } from "./processor_files.ts";
import {
  checkOverrides,
  checkUse,
  type ProcessorOverrides,
  withFrames,
} from "./processor_overrides.ts";
import { expandPlaceholders, type Placeholder, renderPrompt } from "./prompt.ts";
import { loadTokenizer, type Tokenizer } from "./tokenizer.ts";
import { findSpans, questionRanges, spansOf, tokensInText } from "./token_spans.ts";
import { gridLength, type PlacedGrid, type VisualGrid } from "./visual_grid.ts";
import { CheckpointRules } from "../weights/checkpoint_rules.ts";
import type { PreparedPrompt, PrepareOptions } from "./prepared_prompt.ts";

export type { PreparedPrompt, PrepareOptions } from "./prepared_prompt.ts";

/** Finds the tokens of each grid. */
function placeGrids(
  ids: Int32Array,
  grids: readonly { readonly token: string; readonly grid: VisualGrid }[],
  tokenizer: Tokenizer,
): PlacedGrid[] {
  let cursor = 0;
  return grids.map(({ token, grid }) => {
    const length = gridLength(grid), id = tokenizer.tokenId(token) ?? -1;
    const start = ids.indexOf(id, cursor);
    cursor = start + length;
    if (start < 0 || ids.subarray(start, cursor).some((other) => other !== id)) {
      throw new InputError(
        `Cannot place ${length} tokens ${token}: the tokenizer does not keep each as one token`,
      );
    }
    return { ...grid, start };
  });
}

/** Prepares one kind of media. */
async function prepareMedia<T extends RgbImage | Video>(
  media: readonly T[],
  wishes: readonly MediaWishes[],
  recipe: MediaRecipe<T> | null,
  kind: string,
  memory?: BoundedCache,
): Promise<{ readonly prepared: PreparedMedia; readonly placeholders: readonly Placeholder[] }> {
  const none = { tensors: {}, layouts: [] };
  if (recipe === null) return { prepared: none, placeholders: [] }; // there are no media then
  const prepared = media.length === 0 ? none : await prepareOnce(recipe, media, wishes, memory);
  const { placeholder } = recipe;
  return { prepared, placeholders: [{ kind, placeholder, layouts: prepared.layouts }] };
}

/** Tensors of images and videos; one that both have is joined in prompt order. */
function joinMedia(
  images: PreparedMedia,
  videos: PreparedMedia,
  grids: readonly VisualGrid[],
): Record<string, NamedArray> {
  const joined = { ...images.tensors, ...videos.tensors };
  for (const [name, tensor] of Object.entries(images.tensors)) {
    const other = videos.tensors[name];
    if (!other) continue;
    const row = tensor.data.length / tensor.shape[0];
    const data = newValues(tensor.data.length + other.data.length);
    const sources = {
      image: { data: tensor.data, rows: images.rows ?? [], next: 0 },
      video: { data: other.data, rows: videos.rows ?? [], next: 0 },
    };
    const order = grids.filter((grid, i) =>
      grid.kind !== grids[i - 1]?.kind || grid.media !== grids[i - 1].media
    );
    let at = 0;
    for (const { kind, media } of order) {
      const source = sources[kind], length = source.rows[media] * row;
      data.set(source.data.subarray(source.next, source.next + length), at);
      source.next += length;
      at += length;
    }
    joined[name] = { data, shape: [data.length / row, ...tensor.shape.slice(1)] };
  }
  return joined;
}

/** A message whose texts are one: templates of text models know no parts. */
function asOneText(message: ChatMessage): ChatMessage {
  if (message.content === undefined || message.content === null) return message;
  const texts = partsOf(message).flatMap((part) => part.type === "text" ? [part.text] : []);
  return { ...message, content: texts.join("") };
}

/** A message that has content, be it empty: templates of multimodal models go through its parts. */
function withContent(message: ChatMessage): ChatMessage {
  return { ...message, content: message.content ?? [] };
}

/**
 * Prepares conversations for one model. Build it with {@link loadProcessor}.
 */
export class Processor {
  /**
   * Puts the parts together.
   *
   * @param tokenizer text to tokens
   * @param template messages to text
   * @param recipe the family's rules
   * @param overrides what the rules were made with in place of what the files say
   */
  constructor(
    readonly tokenizer: Tokenizer,
    readonly template: ChatTemplate,
    readonly recipe: InputRecipe,
    readonly overrides: ProcessorOverrides = {},
  ) {}

  /**
   * Turns a conversation into model inputs.
   *
   * @param messages in Hugging Face's chat format; images as paths, bytes or pixels
   * @throws {InputError} if there is no message, an image cannot be used, a path leaves its folder, or the template
   *   refuses the messages
   */
  async prepare(
    messages: readonly ChatMessage[],
    options: PrepareOptions = {},
  ): Promise<PreparedPrompt> {
    checkConversation(messages);
    const checked = messages.map((message, i) => parseMessage(message, `messages[${i}]`));
    const media = await loadMedia(checked.flatMap(partsOf), this.recipe, options);
    const values = { add_generation_prompt: true, ...options.templateArguments };
    const textOnly = this.recipe.images === null && this.recipe.videos === null;
    const given = checked.map(textOnly ? asOneText : withContent);
    const rendered = renderPrompt(this.template, given, values);
    const { recipe } = this, { memory } = options;
    const image = await prepareMedia(
      media.images,
      media.imageWishes,
      recipe.images,
      "image",
      memory,
    );
    const video = await prepareMedia(
      media.videos,
      media.videoWishes,
      recipe.videos,
      "video",
      memory,
    );
    const kinds = [...image.placeholders, ...video.placeholders];
    const { text, texts, grids: laid } = expandPlaceholders(rendered, kinds, gridLength);
    const addSpecialTokens = this.#addsSpecialTokens(text);
    const { ids, offsets } = this.tokenizer.encodeWithOffsets(text, { addSpecialTokens });
    const grids = placeGrids(ids, laid, this.tokenizer);
    const tokenTypes = new Uint8Array(ids.length);
    for (const grid of grids) {
      const type = grid.kind === "image" ? 1 : 2;
      tokenTypes.fill(type, grid.start, grid.start + gridLength(grid));
    }
    const tensors = joinMedia(image.prepared, video.prepared, grids);
    const question = questionRanges(text, texts, options.question);
    const prompt: PreparedPrompt = {
      inputIds: ids,
      ...this.recipe.positions(ids.length, grids, tensors),
      media: tensors,
      text,
      offsets,
      tokenTypes,
      texts,
      question,
      grids,
      spans: findSpans({ texts, question, offsets, grids }),
    };
    return options.evidence ? withEvidence(prompt, options.evidence) : prompt;
  }

  /**
   * Whether the tokenizer adds its special tokens, as in transformers: not to a text model's prompt,
   * whose template writes all of them, and not where the template wrote the first one.
   */
  #addsSpecialTokens(text: string): boolean {
    const { bos_token: first } = this.tokenizer.specialTokens;
    const textOnly = this.recipe.images === null && this.recipe.videos === null;
    return !textOnly && !(first && text.startsWith(first));
  }

  /**
   * Tokens of another question in the place of a prompt's own: what follows the same context. The
   * question as it stands alone where its first token would reach into the context.
   *
   * @throws {InputError} where the prompt's question has no tokens
   */
  otherQuestion(prompt: PreparedPrompt, question: string): Int32Array {
    const [own] = prompt.spans.question, start = prompt.question.at(0)?.[0];
    const end = prompt.question.at(-1)?.[1];
    if (own === undefined || start === undefined || end === undefined) {
      throw new InputError(
        "Cannot put another question in its place: the prompt's question has no tokens",
      );
    }
    const text = prompt.text.slice(0, start) + question + prompt.text.slice(end);
    const addSpecialTokens = this.#addsSpecialTokens(text);
    const { ids, offsets } = this.tokenizer.encodeWithOffsets(text, { addSpecialTokens });
    const found = tokensInText(offsets, start, start + question.length);
    const [first] = own;
    const sharesContext = found[0] === first &&
      ids.subarray(0, first).every((id, i) => id === prompt.inputIds[i]);
    if (sharesContext) return ids.slice(first, found[found.length - 1] + 1);
    return this.tokenizer.encode(question, { addSpecialTokens: false });
  }

  /**
   * Turns one question on images or a video into model inputs.
   *
   * @throws {InputError} as {@link Processor.prepare}
   */
  async prepareQuestion(
    question: QuestionParts,
    options: PrepareOptions = {},
  ): Promise<PreparedPrompt> {
    const messages = questionMessages(question);
    return await this.prepare(messages, { question: question.question, ...options });
  }
}

/**
 * A prompt with its evidence span filled in.
 *
 * @throws {InputError} as `evidenceTokens`
 */
export function withEvidence(
  prompt: PreparedPrompt,
  evidence: readonly Evidence[],
): PreparedPrompt {
  const spans = { ...prompt.spans, evidence: spansOf(evidenceTokens(prompt, evidence)) };
  return { ...prompt, spans };
}

/**
 * Loads a checkpoint's processor.
 *
 * @param dir checkpoint directory
 * @param recipe the family's rules, made from the settings in the checkpoint's files
 * @param rules how strictly; they gather what there is to warn of
 * @param overrides settings in place of those in the files
 * @throws {InputError} if a file is missing or damaged, or holds settings that are not supported, or
 *   if the model has no use for an override
 */
export async function loadProcessor(
  dir: string,
  recipe: (files: ProcessorFiles) => InputRecipe,
  rules: CheckpointRules = new CheckpointRules(),
  overrides: ProcessorOverrides = {},
): Promise<Processor> {
  checkOverrides(overrides);
  const [tokenizer, files] = await Promise.all([
    loadTokenizer(dir, rules),
    readProcessorFiles(dir, rules),
  ]);
  const template = await loadChatTemplate(dir, tokenizer.specialTokens, rules);
  const video = withFrames(files.video, overrides);
  const made = recipe({ ...files, video, overrides });
  checkUse(made, overrides);
  return new Processor(tokenizer, template, made, overrides);
}
