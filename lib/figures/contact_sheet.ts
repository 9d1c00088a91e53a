/**
 * A sheet of samples: pictures with their questions, answers and evidence.
 *
 * @module
 */

import { checkNotEmpty } from "./check.ts";
import type { PixelBox } from "./attention_overlay.ts";
import { HtmlBlock } from "./html_block.ts";
import { type Picture, pictureUrl } from "./picture.ts";
import { escapeHtml } from "./text.ts";
import { evidenceColour, ink } from "./theme.ts";

/** One sample of a sheet. */
export interface SheetEntry {
  /** Its pictures: images, pages or frames, at least one. */
  readonly pictures: readonly Picture[];
  /** Rectangles to outline by picture index, e.g. the evidence, in pixels of the picture. */
  readonly boxes?: readonly { readonly picture: number; readonly box: PixelBox }[];
  /** Small line above the question, e.g. id and domain. */
  readonly label?: string;
  /** The question. */
  readonly question?: string;
  /** The right answer. */
  readonly answer?: string;
  /** What a model answered, by a name such as `whole model` or `without core heads`. */
  readonly given?: readonly {
    readonly name: string;
    readonly answer: string;
    readonly right?: boolean;
  }[];
}

/** Options of {@link contactSheet}. */
export interface ContactSheetOptions {
  /** Heading. */
  readonly title?: string;
  /** Width of a sample in pixels, 220 by default. */
  readonly entryWidth?: number;
  /** Sentences for the caption. */
  readonly caption?: string;
}

/** One picture with its outlines. */
function drawPicture(entry: SheetEntry, index: number, share: number, side: number): string {
  const picture = entry.pictures[index];
  const { width, height } = picture;
  const percent = (value: number, size: number): string =>
    `${Math.round(10000 * Math.min(1, Math.max(0, value / size))) / 100}%`;
  const outlines = (entry.boxes ?? [])
    .filter((box) => box.picture === index)
    .map(({ box: [x0, y0, x1, y1] }) =>
      `<div style="position:absolute;box-sizing:border-box;border:2px solid ${evidenceColour};` +
      `outline:1px solid #fff;left:${percent(x0, width)};top:${percent(y0, height)};` +
      `width:${percent(x1 - x0, width)};height:${percent(y1 - y0, height)}"></div>`
    ).join("");
  const alt = escapeHtml(`${entry.label ?? "sample"}, picture ${index + 1}`);
  return `<div style="position:relative;width:calc(${share}% - 4px);line-height:0">` +
    `<img src="${pictureUrl(picture, side)}" alt="${alt}" ` +
    `style="width:100%;height:auto;margin:0;image-rendering:auto">${outlines}</div>`;
}

/** Question and answers of a sample. */
function drawWords(entry: SheetEntry): string {
  const line = (content: string, style: string): string => `<div style="${style}">${content}</div>`;
  const parts: string[] = [];
  if (entry.label !== undefined) {
    parts.push(line(escapeHtml(entry.label), `font-size:11px;color:${ink.muted};margin-top:4px`));
  }
  if (entry.question !== undefined) {
    parts.push(line(escapeHtml(entry.question), `color:${ink.strong};margin-top:2px`));
  }
  if (entry.answer !== undefined) {
    parts.push(line(`answer: <b>${escapeHtml(entry.answer)}</b>`, "margin-top:2px"));
  }
  for (const { name, answer, right } of entry.given ?? []) {
    const [mark, colour] = right === undefined
      ? ["", ink.text]
      : right
      ? ["✓ ", "#00664a"]
      : ["✗ ", "#b03a00"];
    parts.push(line(
      `${escapeHtml(name)}: <span style="color:${colour}">${mark}${escapeHtml(answer)}</span>`,
      "margin-top:2px",
    ));
  }
  return parts.join("");
}

/**
 * A grid of samples: their pictures with the evidence outlined, question, right answer and the
 * answers given.
 *
 * @param entries at least one, each with at least one picture
 * @param options title, width of a sample, caption
 * @throws {InputError} when there is no sample, a sample has no picture, or a picture's sizes and
 * data do not fit
 *
 * @example
 * ```ts
 * import { contactSheet } from "../../lib/figures/contact_sheet.ts";
 * import { assert } from "@std/assert";
 * const picture = { width: 2, height: 2, data: new Uint8Array(12).fill(90) };
 * const sheet = contactSheet([{
 *   pictures: [picture],
 *   question: "What is left of the cup?",
 *   answer: "key",
 *   given: [{ name: "without core heads", answer: "cup", right: false }],
 * }]);
 * assert(sheet.toText().includes("without core heads: ✗ cup"));
 * ```
 */
export function contactSheet(
  entries: readonly SheetEntry[],
  options: ContactSheetOptions = {},
): HtmlBlock {
  checkNotEmpty("the contact sheet", "samples", entries);
  const width = options.entryWidth ?? 220;
  const cards = entries.map((entry) => {
    checkNotEmpty("a sample of the contact sheet", "pictures", entry.pictures);
    const across = Math.min(4, Math.ceil(Math.sqrt(entry.pictures.length)));
    const side = Math.ceil(2 * width / across); // sharp on screens with two pixels per point
    const pictures = entry.pictures.map((_, i) => drawPicture(entry, i, 100 / across, side));
    return `<div style="width:${width}px">` +
      `<div style="display:flex;flex-wrap:wrap;gap:4px;align-items:flex-start">` +
      `${pictures.join("")}</div>${drawWords(entry)}</div>`;
  });
  const text = entries.map(({ label, question, answer, given = [] }) =>
    [
      label,
      question,
      answer === undefined ? undefined : `answer: ${answer}`,
      ...given.map((each) =>
        `${each.name}: ${each.right === undefined ? "" : each.right ? "✓ " : "✗ "}${each.answer}`
      ),
    ].filter((part) => part !== undefined).join(" | ")
  );
  return new HtmlBlock({
    title: options.title,
    caption: options.caption,
    body: `<div style="display:flex;flex-wrap:wrap;gap:18px;align-items:flex-start">` +
      `${cards.join("")}</div>`,
    text: text.join("\n"),
  });
}
