/**
 * What is shown as HTML alone: tables, contact sheets, token strips.
 *
 * @module
 */

import { type Displayable, jupyterDisplay, type MimeBundle } from "./figure.ts";
import { escapeHtml } from "./text.ts";
import { fontFamily, ink } from "./theme.ts";

/**
 * HTML with a title and a caption in the common look. It brings its own light background, so that
 * it reads the same in a dark notebook.
 *
 * @example
 * ```ts
 * import { table } from "./table.ts";
 * import { assert } from "@std/assert";
 * assert(table([{ head: "L3H1", ram: 0.61 }]).toHtml().includes("L3H1"));
 * ```
 */
export class HtmlBlock implements Displayable {
  /** Heading, plain text. */
  readonly title: string;
  /** What is shown, plain text. */
  readonly caption: string;
  readonly #body: string;
  readonly #text: string;

  /**
   * Takes finished content.
   *
   * @param parts title and caption as plain text, `body` as HTML whose data is escaped already, and
   * the same as `text`
   */
  constructor(parts: {
    readonly title?: string;
    readonly caption?: string;
    readonly body: string;
    readonly text: string;
  }) {
    this.title = parts.title ?? "";
    this.caption = parts.caption ?? "";
    this.#body = parts.body;
    this.#text = parts.text;
  }

  /** Title, content, caption. */
  toHtml(): string {
    const title = this.title === ""
      ? ""
      : `<div style="font-size:15px;font-weight:500;color:${ink.strong};margin:0 0 8px">` +
        `${escapeHtml(this.title)}</div>`;
    const caption = this.caption === "" ? "" : `<figcaption style="font-size:11px;` +
      `color:${ink.muted};margin-top:8px">${escapeHtml(this.caption)}</figcaption>`;
    return `<figure class="corelens-block" style="margin:0 0 1em;padding:12px;max-width:1000px;` +
      `background:${ink.paper};color:${ink.text};font-family:${escapeHtml(fontFamily)};` +
      `font-size:13px;line-height:1.4">${title}${this.#body}${caption}</figure>`;
  }

  /** Title, content, caption as plain text. */
  toText(): string {
    return [this.title, this.#text, this.caption].filter((part) => part !== "").join("\n");
  }

  /** HTML, or plain text where that is not shown. */
  [jupyterDisplay](): MimeBundle {
    return { "text/html": this.toHtml(), "text/plain": this.toText() };
  }
}
