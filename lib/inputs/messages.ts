/**
 * Conversations in Hugging Face's chat format, and files that hold one.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { kindOf } from "../common/values.ts";
import type { RgbImage } from "./image.ts";
import type { TemplateArguments } from "./chat_template.ts";

/** A picture: a path, the bytes of a picture file, or pixels. */
export type ImageSource = string | Uint8Array | RgbImage;

/** A piece of a message. */
export type ContentPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly image: ImageSource }
  | {
    readonly type: "video";
    /** Its frames in order. */
    readonly video: readonly ImageSource[];
    /** Frames per second, where they differ from the prompt's. */
    readonly fps?: number;
  };

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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(where: string, value: unknown, wanted: string): InputError {
  const shown = quoted(JSON.stringify(value) ?? "nothing", 60);
  return new InputError(`Cannot read ${where}: found ${shown}; wanted ${wanted}`);
}

function parsePart(part: unknown, where: string): ContentPart {
  if (!isObject(part)) throw wrong(where, part, "an object with a type");
  const { type } = part;
  if (type === "text") {
    if (typeof part.text === "string") return { type, text: part.text };
    throw wrong(`${where}.text`, part.text, "a text");
  }
  if (type === "image") {
    const image = part.image ?? part.path ?? part.url;
    if (typeof image === "string") return { type, image };
    throw wrong(`${where}.image`, image, "a path");
  }
  if (type === "video") {
    const { video, fps } = part;
    if (!Array.isArray(video) || !video.every((frame) => typeof frame === "string")) {
      throw wrong(`${where}.video`, video, "a list of paths, one for each frame");
    }
    if (fps === undefined) return { type, video };
    if (typeof fps === "number") return { type, video, fps };
    throw wrong(`${where}.fps`, fps, "a number");
  }
  throw wrong(`${where}.type`, type, '"text", "image" or "video"');
}

/** Whether a message without content says something: it calls tools, or holds its thoughts. */
function speaksOtherwise(message: Readonly<Record<string, unknown>>): boolean {
  const calls = message["tool_calls"];
  return (Array.isArray(calls) && calls.length > 0) || isObject(message["function_call"]) ||
    typeof message["reasoning_content"] === "string";
}

function parseMessage(message: unknown, where: string): ChatMessage {
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
  const parts = content.map((part, i) => parsePart(part, `${where}.content[${i}]`));
  return { ...message, role, content: parts };
}

/**
 * Reads the content of a messages file: a list of messages, or an object with that list under
 * `messages` and optionally `template_kwargs` and `video: {"fps": 4}`; other keys have no meaning.
 *
 * @param json parsed JSON
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
export function parseMessages(json: unknown): MessagesFile {
  const file = Array.isArray(json) ? { messages: json } : json;
  if (!isObject(file) || !Array.isArray(file.messages)) {
    throw wrong("messages", json, "a list of messages, or an object with one under messages");
  }
  const { template_kwargs: given, video } = file;
  if (given !== undefined && given !== null && !isObject(given)) {
    throw wrong("template_kwargs", given, "an object");
  }
  const fps = isObject(video) ? video.fps ?? null : null;
  if (fps !== null && typeof fps !== "number") throw wrong("video.fps", fps, "a number");
  return {
    messages: file.messages.map((message, i) => parseMessage(message, `messages[${i}]`)),
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

/** A question on pictures or a video. */
export interface QuestionParts {
  /** Pictures in order. */
  readonly images?: readonly ImageSource[];
  /** A video. */
  readonly video?: { readonly frames: readonly ImageSource[]; readonly fps?: number };
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
export function questionMessages(
  { images, video, context, question, system }: QuestionParts,
): ChatMessage[] {
  const content: ContentPart[] = (images ?? []).map((image) => ({ type: "image", image }));
  if (video) {
    const { frames, fps } = video;
    content.push({ type: "video", video: frames, ...(fps === undefined ? {} : { fps }) });
  }
  content.push({ type: "text", text: userText(question, context) });
  const user = { role: "user", content };
  if (system === undefined) return [user];
  return [{ role: "system", content: [{ type: "text", text: system }] }, user];
}
