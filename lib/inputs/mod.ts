/**
 * From conversations with images and videos to model inputs, equal to transformers' processors, and
 * from pixels and frames to the tokens that show them.
 *
 * @module
 */
export { ChatTemplate, loadChatTemplate, type TemplateArguments } from "./chat_template.ts";
export { type Evidence, type EvidenceSources, evidenceTokens, tokensInBox } from "./evidence.ts";
export {
  type Box,
  decodeImage,
  type DecodeOptions,
  maxImagePixels,
  type RgbImage,
} from "./image.ts";
export { type ImageSource, loadImage } from "./media_files.ts";
export type { MediaAccess, MediaFile } from "./media_source.ts";
export type {
  InputRecipe,
  LayoutPiece,
  MediaRecipe,
  PreparedMedia,
  VideoRecipe,
} from "./media_layout.ts";
export type { MediaWishes } from "./pixel_wishes.ts";
export {
  type ChatMessage,
  type MessagesFile,
  parseMessages,
  partsOf,
  questionMessages,
  type QuestionParts,
  type VideoFile,
  type VideoFrames,
} from "./messages.ts";
export type {
  ContentPart,
  FrameWishes,
  ImagePart,
  OnUnknownKey,
  PixelWishes,
  VideoPart,
} from "./message_parts.ts";
export {
  countedPositions,
  type MropeOptions,
  mropePositions,
  type PositionRule,
  type Positions,
} from "./position_ids.ts";
export {
  loadProcessor,
  type PreparedPrompt,
  type PrepareOptions,
  Processor,
  withEvidence,
} from "./processor.ts";
export { type ProcessorFiles, readProcessorFiles, type SettingsFile } from "./processor_files.ts";
export type { ProcessorOverrides } from "./processor_overrides.ts";
export type { PlacedText } from "./prompt.ts";
export { type ResizeFilter, resizeImage } from "./resize.ts";
export {
  findSpans,
  type SpanName,
  spansOf,
  type SpanSources,
  type TextRange,
  tokensInText,
  tokensOf,
  type TokenSpan,
  type TokenSpans,
} from "./token_spans.ts";
export { type EncodeOptions, type Encoding, loadTokenizer, Tokenizer } from "./tokenizer.ts";
export type { Video } from "./video.ts";
export type { BoundedCache, Kept, Lease } from "../common/bounded_cache.ts";
export {
  gridBox,
  gridLength,
  gridToken,
  type PlacedGrid,
  type VisualGrid,
  type VisualToken,
  visualTokens,
} from "./visual_grid.ts";
