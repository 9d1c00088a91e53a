/**
 * The messages file of a command, read with its images before any model is loaded.
 *
 * @module
 */
import { parseExactJson } from "../lib/common/exact_json.ts";
import { readJsonOf } from "../lib/common/text_files.ts";
import { loadImage } from "../lib/inputs/media_files.ts";
import { mapTogether } from "../lib/inputs/media_loading.ts";
import { findMedia, type MediaAccess, type MediaFile } from "../lib/inputs/media_source.ts";
import type { ContentPart } from "../lib/inputs/message_parts.ts";
import { type ChatMessage, parseMessages } from "../lib/inputs/messages.ts";
import type { PreparedPrompt, PrepareOptions, Processor } from "../lib/inputs/processor.ts";
import type { Arguments, Options } from "./command.ts";
import { checkVideoFile } from "../lib/inputs/video_file.ts";
import { pixelOptions } from "./pixels.ts";

/** Options of commands that read a messages file. */
export const messagesOptions: Options = {
  messages: { type: "string", value: "FILE", help: "chat messages, as JSON" },
  "media-root": {
    type: "string",
    value: "DIR",
    help: "folder that media paths may not leave (default: the messages file's)",
  },
  ...pixelOptions,
};

/** A conversation whose images are in memory. */
export interface GivenMessages {
  /** The conversation. */
  readonly messages: readonly ChatMessage[];
  /** What the file says beside it. */
  readonly options: PrepareOptions;
}

/** The part with its images in memory; a video file stays one, but must be there. */
async function loadedPart(part: ContentPart, access: MediaAccess): Promise<ContentPart> {
  if (part.type === "image") return { ...part, image: await loadImage(part.image, access) };
  if (part.type !== "video") return part;
  const { video } = part;
  if (Array.isArray(video)) {
    return { ...part, video: await mapTogether(video, (frame) => loadImage(frame, access)) };
  }
  await checkVideoFile(await findMedia(video as MediaFile, access, "video"), access);
  return part;
}

/**
 * Reads `--messages`, with the images that it names.
 *
 * @throws {InputError} for a file that is no conversation, and media that cannot be used
 */
export async function readMessages(args: Arguments): Promise<GivenMessages> {
  const path = args.required("messages");
  const json = await readJsonOf(path, parseExactJson); // tool calls print their numbers as written
  const { messages, templateArguments, fps } = parseMessages(json);
  const mediaDir = path.replace(/[^/\\]*$/, "") || ".";
  const options = { mediaDir, mediaRoot: args.text("media-root") };
  const loaded: ChatMessage[] = [];
  for (const message of messages) {
    const { content } = message;
    if (!Array.isArray(content)) {
      loaded.push(message);
      continue;
    }
    const parts: ContentPart[] = [];
    for (const part of content) parts.push(await loadedPart(part, options));
    loaded.push({ ...message, content: parts });
  }
  return {
    messages: loaded,
    options: { ...options, templateArguments, fps: fps ?? undefined },
  };
}

/** The prompt of a conversation, for a model's processor. */
export function promptOf(
  { messages, options }: GivenMessages,
  processor: Processor,
): Promise<PreparedPrompt> {
  return processor.prepare(messages, options);
}
