/**
 * The text of a prompt: where each part of the messages stands in it, and what replaces the
 * placeholders of images.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { ChatTemplate, TemplateArguments } from "./chat_template.ts";
import type { LayoutPiece } from "./media_layout.ts";
import { type ChatMessage, partsOf } from "./messages.ts";
import type { VisualGrid } from "./visual_grid.ts";

/** Where a text of the messages stands in the prompt. */
export interface PlacedText {
  /** Index of its message. */
  readonly message: number;
  /** Its message's role. */
  readonly role: string;
  /** First character, as string index into the prompt. */
  readonly start: number;
  /** End (exclusive). */
  readonly end: number;
}

export interface RenderedPrompt {
  /** The prompt's text. */
  readonly text: string;
  /** The texts of the messages in order of their place; those the template dropped are left out. */
  readonly texts: readonly PlacedText[];
}

/** A character of the private use area, which templates leave alone. */
const marker = "\ue000";

/** Names under which a message's thoughts are given; templates read the first. */
const reasoningKeys = ["reasoning_content", "thinking", "reasoning"];

/**
 * A message in the form in which transformers hands it to a template: keys without a value are left
 * out, thoughts stand under the name that templates read.
 */
function normalised(message: ChatMessage): ChatMessage {
  const given = Object.entries(message).filter(([, value]) => value !== null);
  const kept = Object.fromEntries(given) as ChatMessage;
  const key = reasoningKeys.find((name) => kept[name] !== undefined);
  if (key === undefined) return kept;
  return { thinking: kept[key], ...kept, reasoning_content: kept[key] } as ChatMessage;
}

/** Messages with every text replaced by `replace`, and media by bare parts. */
function withTexts(
  messages: readonly ChatMessage[],
  replace: (text: string) => string,
): Record<string, unknown>[] {
  return messages.map(normalised).map((message) => {
    const { content } = message;
    if (content === undefined || content === null) return { ...message };
    if (typeof content === "string") return { ...message, content: replace(content) };
    return {
      ...message,
      content: content.map((part) =>
        part.type === "text"
          ? { type: "text", text: replace(part.text) }
          : { type: part.type, [part.type]: "" }
      ),
    };
  });
}

/** Messages whose plain texts are lists of one part. */
function inParts(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.map((message) =>
    typeof message.content === "string" ? { ...message, content: partsOf(message) } : message
  );
}

/**
 * The messages in a form that the template takes: as they are, or, where it fails on them, with plain
 * texts as lists of one part, which templates such as LLaVA's want.
 */
function inTakenForm(
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  values: TemplateArguments,
): { readonly messages: readonly ChatMessage[]; readonly text: string } {
  const render = (form: readonly ChatMessage[]) => ({
    messages: form,
    text: template.render(withTexts(form, (part) => part), values),
  });
  try {
    return render(messages);
  } catch (error) {
    if (!messages.some(({ content }) => typeof content === "string")) throw error;
    try {
      return render(inParts(messages));
    } catch {
      throw error;
    }
  }
}

/**
 * Renders messages and finds where their texts went.
 *
 * A second rendering with a marker in place of each text shows the places, in whichever order the
 * template puts them; if that does not add up (a template that looks at the texts), each text is
 * searched for in order. Plain texts become lists of one part if the template takes nothing else.
 *
 * @throws {InputError} if the template refuses the messages
 *
 * @example
 * ```ts
 * import { ChatTemplate } from "./chat_template.ts";
 * import { renderPrompt } from "./prompt.ts";
 * import { assertEquals } from "@std/assert";
 * const template = new ChatTemplate("{% for m in messages %}user: {{ m.content }}\n{% endfor %}");
 * const { text, texts } = renderPrompt(template, [{ role: "user", content: "user" }]);
 * assertEquals(text, "user: user\n");
 * assertEquals(texts, [{ message: 0, role: "user", start: 6, end: 10 }]);
 * ```
 */
export function renderPrompt(
  template: ChatTemplate,
  given: readonly ChatMessage[],
  values: TemplateArguments = {},
): RenderedPrompt {
  const { messages, text } = inTakenForm(template, given, values);
  const sources = messages.flatMap((message, index) =>
    partsOf(message).flatMap((part) =>
      part.type === "text" ? [{ message: index, role: message.role, text: part.text }] : []
    )
  );
  let count = 0;
  const marked = template.render(withTexts(messages, () => `${marker}${count++}${marker}`), values);
  const pieces = marked.split(new RegExp(`${marker}(\\d+)${marker}`)); // text, number, text, …
  for (const shorten of [(part: string) => part, (part: string) => part.trim()]) {
    const texts: PlacedText[] = [];
    let rebuilt = pieces[0];
    for (let i = 1; i < pieces.length; i += 2) {
      const source = sources[Number(pieces[i])];
      const part = shorten(source.text);
      const { message, role } = source;
      texts.push({ message, role, start: rebuilt.length, end: rebuilt.length + part.length });
      rebuilt += part + pieces[i + 1];
    }
    if (rebuilt === text) return { text, texts };
  }
  let cursor = 0;
  const texts = sources.flatMap(({ message, role, text: source }) => {
    const part = text.includes(source, cursor) ? source : source.trim();
    const start = text.indexOf(part, cursor);
    if (start < 0) return [];
    cursor = start + part.length;
    return [{ message, role, start, end: cursor }];
  });
  return { text, texts };
}

/** One kind of placeholder and what replaces each of them in turn. */
export interface Placeholder {
  /** Its text. */
  readonly placeholder: string;
  /** What stands for them in messages to the user: `image` or `video`. */
  readonly kind: string;
  /** What replaces the first, second, … of them. */
  readonly layouts: readonly (readonly LayoutPiece[])[];
}

/** A prompt whose placeholders are replaced. */
export interface ExpandedPrompt extends RenderedPrompt {
  /** The grids of visual tokens in prompt order, with the text of their token. */
  readonly grids: readonly { readonly token: string; readonly grid: VisualGrid }[];
}

/**
 * Replaces the placeholders of a prompt.
 *
 * @param length number of tokens of a grid
 * @throws {InputError} if a text of the messages holds a placeholder, or if the prompt has more or
 *   fewer placeholders than images
 */
export function expandPlaceholders(
  prompt: RenderedPrompt,
  kinds: readonly Placeholder[],
  length: (grid: VisualGrid) => number,
): ExpandedPrompt {
  for (const { start, end } of prompt.texts) {
    const text = prompt.text.slice(start, end);
    const found = kinds.find(({ placeholder }) => text.includes(placeholder));
    if (!found) continue;
    throw new InputError(
      `Cannot use the text ${quoted(text)}: it holds ${found.placeholder}, which stands for ` +
        `${found.kind === "image" ? "an" : "a"} ${found.kind}; give that as a part of the message`,
    );
  }
  const escaped = kinds.map(({ placeholder }) => placeholder.replace(/[^\w]/g, "\\$&"));
  const pattern = new RegExp(kinds.length > 0 ? escaped.join("|") : "(?!)", "g");
  const used = kinds.map(() => 0);
  const grids: { token: string; grid: VisualGrid }[] = [];
  const shifts: { readonly from: number; readonly by: number }[] = [];
  let text = "", at = 0;
  for (const { 0: found, index } of prompt.text.matchAll(pattern)) {
    const kind = kinds.findIndex(({ placeholder }) => placeholder === found);
    text += prompt.text.slice(at, index);
    for (const piece of kinds[kind].layouts[used[kind]++] ?? []) {
      if (typeof piece === "string") text += piece;
      else {
        grids.push(piece);
        text += piece.token.repeat(length(piece.grid));
      }
    }
    at = index + found.length;
    shifts.push({ from: at, by: text.length - at });
  }
  text += prompt.text.slice(at);
  kinds.forEach(({ kind, placeholder, layouts }, i) => {
    if (used[i] === layouts.length) return;
    throw new InputError(
      `Cannot place ${layouts.length} ${kind}s: the chat template wrote ${used[i]} placeholders ` +
        placeholder,
    );
  });
  const moved = (index: number) => index + (shifts.findLast(({ from }) => from <= index)?.by ?? 0);
  return {
    text,
    grids,
    texts: prompt.texts.map((part) => ({
      ...part,
      start: moved(part.start),
      end: moved(part.end),
    })),
  };
}
