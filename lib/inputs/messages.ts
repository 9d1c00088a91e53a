/**
 * Conversations in Hugging Face's chat format, and files that hold one.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { plainNumbers } from "../common/exact_json.ts";
import { kindOf } from "../common/values.ts";
import type { TemplateArguments } from "./chat_template.ts";
import { type ImageSource, imageSourceForms, isMediaFile, isPixels } from "./media_files.ts";
import type { MediaFile } from "./media_source.ts";
import {
  type ContentPart,
  type FrameWishes,
  isObject,
  type OnUnknownKey,
  parsePart,
  wrongPart as wrong,
} from "./message_parts.ts";

/** One message. */
export interface ChatMessage {
  /** `system`, `user`, `assistant` or `tool`. */
  readonly role: string;
  /** A text, or pieces in order; null or absent in a message that calls tools or only thinks. */
  readonly content?: string | readonly ContentPart[] | null;
  /** What else the chat template takes, such as `tool_calls`. */
  readonly [key: string]: unknown;
}

/** What a messages file says. */
export interface MessagesFile {
  /** The conversation. */
  readonly messages: readonly ChatMessage[];
  /** Values for the chat template. */
  readonly templateArguments: TemplateArguments;
  /** Frames per second of its videos, or null if it does not say. */
  readonly fps: number | null;
}

/** Tells on the console. */
const tell: OnUnknownKey = (line) => console.warn(line);

/** Whether a message without content says something: it calls tools, or holds its thoughts. */
function speaksOtherwise(message: Readonly<Record<string, unknown>>): boolean {
  const calls = message["tool_calls"];
  return (Array.isArray(calls) && calls.length > 0) || isObject(message["function_call"]) ||
    ["reasoning_content", "reasoning", "thinking"].some((key) => typeof message[key] === "string");
}

/**
 * One message, checked, its parts in one form.
 *
 * @param where its place, for messages
 * @param onUnknown told of keys of parts that mean nothing; the console by default
 * @throws {InputError} that names the place of the first mistake
 */
export function parseMessage(
  message: unknown,
  where: string,
  onUnknown: OnUnknownKey = tell,
): ChatMessage {
  if (!isObject(message)) throw wrong(where, message, "an object with role and content");
  const { role, content } = message;
  if (typeof role !== "string") throw wrong(`${where}.role`, role, "a text such as user");
  if (typeof content === "string") return { ...message, role, content };
  if ((content === null || content === undefined) && speaksOtherwise(message)) {
    return { ...message, role } as ChatMessage; // null stays null: templates tell it from no content
  }
  if (!Array.isArray(content)) {
    throw wrong(`${where}.content`, content, "a text or a list of parts");
  }
  const parts = content.map((part, i) => parsePart(part, `${where}.content[${i}]`, onUnknown));
  return { ...message, role, content: parts };
}

/** A message whose content has plain numbers; those of tool calls stay exact. */
function plainContent(message: unknown): unknown {
  if (!isObject(message) || !Object.hasOwn(message, "content")) return message;
  return { ...message, content: plainNumbers(message.content) };
}

/**
 * Reads the content of a messages file: a list of messages, or an object with that list under
 * `messages` and optionally `template_kwargs` and `video: {"fps": 4}`; other keys have no meaning.
 *
 * @param json parsed JSON; what `parseExactJson` gives keeps the numbers of tool calls and arguments as
 *   they are written
 * @param onUnknown told of keys of parts that mean nothing; the console by default
 * @throws {InputError} that names the place of the first mistake
 *
 * @example
 * ```ts
 * import { parseMessages } from "./messages.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const { messages, fps } = parseMessages({
 *   messages: [{ role: "user", content: [{ type: "video", video: ["f0.png", "f1.png"] }] }],
 *   video: { fps: 4 },
 * });
 * assertEquals([messages.length, fps], [1, 4]);
 * assertThrows(() => parseMessages([{ role: "user" }]), Error, "messages[0].content");
 * ```
 */
export function parseMessages(json: unknown, onUnknown: OnUnknownKey = tell): MessagesFile {
  const file = Array.isArray(json) ? { messages: json } : json;
  if (!isObject(file) || !Array.isArray(file.messages)) {
    throw wrong("messages", json, "a list of messages, or an object with one under messages");
  }
  const { template_kwargs: given } = file;
  const video = plainNumbers(file.video);
  if (given !== undefined && given !== null && !isObject(given)) {
    throw wrong("template_kwargs", given, "an object");
  }
  const fps = isObject(video) ? video.fps ?? null : null;
  if (fps !== null && typeof fps !== "number") throw wrong("video.fps", fps, "a number");
  return {
    messages: file.messages.map(plainContent)
      .map((message, i) => parseMessage(message, `messages[${i}]`, onUnknown)),
    templateArguments: isObject(given) ? given : {},
    fps,
  };
}

/** The pieces of a message, a plain text being one piece. */
export function partsOf({ content }: ChatMessage): readonly ContentPart[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content ?? [];
}

/**
 * Refuses what is no conversation, for callers without types.
 *
 * @throws {InputError} for anything but a list of messages, and for an empty one
 */
export function checkConversation(messages: unknown): void {
  const example = '[{ role: "user", content: "Hello" }]';
  if (!Array.isArray(messages)) {
    throw new InputError(
      `Cannot prepare ${kindOf(messages)}: wanted a list of messages such as ${example}`,
    );
  }
  if (messages.length === 0) {
    throw new InputError(
      `Cannot prepare an empty conversation: wanted at least one message, such as ${example}`,
    );
  }
  messages.forEach((message: unknown, i) => {
    if (isObject(message) && typeof message["role"] === "string") return;
    throw new InputError(
      `Cannot prepare messages[${i}]: found ${kindOf(message)}; wanted an object with role and ` +
        "content",
    );
  });
}

/** A video as a list of frames. */
export interface VideoFrames extends FrameWishes {
  /** In order. */
  readonly frames: readonly ImageSource[];
  /** Frames per second of the list. */
  readonly fps?: number;
}

/** A video as a file. */
export interface VideoFile extends FrameWishes {
  /** The file; ffmpeg reads it, animated GIF and WebP files are read without. */
  readonly file: MediaFile;
  /** Frames per second that the model is to see. */
  readonly fps?: number;
}

/** A question on images or a video. */
export interface QuestionParts {
  /** Images in order. */
  readonly images?: readonly ImageSource[];
  /** A video: a file, its frames, or a file with wishes. */
  readonly video?: MediaFile | VideoFrames | VideoFile;
  /** What is to be read before the question; a blank line stands between the two. */
  readonly context?: string;
  /** What is asked. */
  readonly question: string;
  /** A system message before it. */
  readonly system?: string;
}

/**
 * The text of a user turn: the context, a blank line, the question; characters of evidence count from
 * its start.
 */
export function userText(question: string, context?: string): string {
  return context === undefined ? question : `${context}\n\n${question}`;
}

/**
 * The conversation that asks one question: one user turn with the media in order, then the context,
 * then the question.
 *
 * @throws {InputError} for values of another kind, such as one image in place of a list
 *
 * @example
 * ```ts
 * import { questionMessages } from "./messages.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(questionMessages({ images: ["a.png"], question: "What is it?" }), [{
 *   role: "user",
 *   content: [{ type: "image", image: "a.png" }, { type: "text", text: "What is it?" }],
 * }]);
 * ```
 */
export function questionMessages(parts: QuestionParts): ChatMessage[] {
  checkQuestion(parts);
  const { images, video, context, question, system } = parts;
  const content: ContentPart[] = (images ?? []).map((image) => ({ type: "image", image }));
  if (video !== undefined) {
    const { frames, file, ...rest }: Partial<VideoFrames & VideoFile> = isMediaFile(video)
      ? { file: video }
      : video;
    content.push(parsePart({ type: "video", video: frames ?? file, ...rest }, "the question"));
  }
  content.push({ type: "text", text: userText(question, context) });
  const user = { role: "user", content };
  if (system === undefined) return [user];
  return [{ role: "system", content: [{ type: "text", text: system }] }, user];
}

/** Names that are easily taken for those of {@link QuestionParts}. */
const mistaken: Readonly<Record<string, string>> = {
  image: "images",
  picture: "images",
  pictures: "images",
  videos: "video",
  frames: "video",
  prompt: "question",
};

/** Throws for a question of another kind: programs without type checks ask such. */
function checkQuestion(parts: QuestionParts): void {
  const example = '{ images: ["page.png"], question: "What is the total?" }';
  if (!isObject(parts)) throw wrong("the question", parts, `an object such as ${example}`);
  const { images, question, context, system } = parts;
  for (const [key, meant] of Object.entries(mistaken)) {
    if (parts[key as keyof typeof parts] === undefined) continue;
    throw new InputError(`Cannot use "${key}" in a question: it is called "${meant}"`);
  }
  for (const [name, value] of [["context", context], ["system", system]] as const) {
    if (value !== undefined && typeof value !== "string") throw wrong(name, value, "a text");
  }
  if (typeof question !== "string") throw wrong("question", question, "a text");
  if (images === undefined) return;
  if (!Array.isArray(images)) {
    const wanted = isMediaFile(images) || isPixels(images) ? "a list of it: [image]" : "a list";
    throw wrong("images", images, wanted);
  }
  images.forEach((image, i) => {
    if (isMediaFile(image) || isPixels(image)) return;
    throw wrong(`images[${i}]`, image, imageSourceForms);
  });
}
