/**
 * An image whose places can be chosen: what the model answers when heads are steered there, by bias.
 *
 * The page in the frame has no script: places and biases are radio buttons, and the style sheet shows
 * the answer that belongs to the two that are chosen. Nothing in it can load or run anything.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { checkNotEmpty } from "./check.ts";
import type { PixelBox } from "./attention_overlay.ts";
import { type Displayable, jupyterDisplay, type MimeBundle } from "./figure.ts";
import { imageUrl, type OverlayImage } from "./overlay_image.ts";
import { escapeHtml, formatNumber } from "./text.ts";
import { accent, evidenceColour, fontFamily, ink } from "./theme.ts";

/** A place that can be chosen. */
export interface SteeringPlace {
  /** Where it is, in pixels of the image; null cannot be drawn. */
  readonly box: PixelBox | null;
  /** What it answers to its own question. */
  readonly says: string;
}

/** What a steering panel shows. */
export interface SteeringPanelData {
  /** The image. */
  readonly image: OverlayImage;
  /** The question. */
  readonly question: string;
  /** The places; the first is that of the evidence. */
  readonly places: readonly SteeringPlace[];
  /** The biases, in the order of the buttons. */
  readonly biases: readonly number[];
  /** The model's answer for each place and bias. */
  readonly answers: readonly {
    readonly place: number;
    readonly bias: number;
    readonly answer: string;
  }[];
}

/** Options of {@link steeringPanel}. */
export interface SteeringPanelOptions {
  /** Heading. */
  readonly title?: string;
  /** Sentences below. */
  readonly caption?: string;
  /** Width of the image in pixels; 320 by default. */
  readonly width?: number;
}

/** The style that never changes. */
const look = `*{box-sizing:border-box}body{margin:0;padding:12px;background:${ink.paper};` +
  `color:${ink.text};font:14px/1.4 ${fontFamily}}h1{font-size:15px;font-weight:500;` +
  `color:${ink.strong};margin:0 0 8px}input{position:absolute;opacity:0}.image{position:relative;` +
  "background-size:100% 100%}.image label{position:absolute;cursor:pointer;" +
  `outline:1px solid ${ink.muted};outline-offset:-1px}.image label:hover{background:#fff6}` +
  `.image label.own{outline:2px dashed ${evidenceColour}}.bias{display:flex;margin:10px 0}` +
  `.bias label{flex:1;text-align:center;padding:3px 0;cursor:pointer;border:1px solid ${ink.axis}}` +
  `.answers p{display:none;margin:0;font-size:16px}.answers b{color:${ink.strong}}` +
  `p.note{font-size:11px;color:${ink.muted};margin:8px 0 0}`;

/** A panel in which place and bias are chosen; shown by Jupyter as a cell's value. */
export class SteeringPanel implements Displayable {
  /** What is shown. */
  readonly data: SteeringPanelData;
  /** Heading, plain text. */
  readonly title: string;
  /** What is shown, plain text. */
  readonly caption: string;
  readonly #width: number;

  /** Takes what {@link steeringPanel} checked. */
  constructor(data: SteeringPanelData, options: SteeringPanelOptions) {
    this.data = data;
    this.title = options.title ?? "Look there, and answer";
    this.caption = options.caption ?? "";
    this.#width = options.width ?? 320;
  }

  #height(): number {
    const { width, height } = this.data.image;
    return Math.round(this.#width * height / width);
  }

  /** The whole page, without scripts. */
  toPage(): string {
    const { image, question, places, biases, answers } = this.data;
    const width = this.#width, height = this.#height();
    const share = (value: number, whole: number) => `${(100 * value / whole).toFixed(3)}%`;
    const strongest = biases.length - 1;
    const radios = [
      ...places.map((_, i) => `<input type=radio name=p id=p${i}${i === 0 ? " checked" : ""}>`),
      ...biases.map((_, i) =>
        `<input type=radio name=b id=b${i}${i === strongest ? " checked" : ""}>`
      ),
    ].join("");
    const labels = places.map(({ box, says }, i) => [box!, says, i] as const).map((
      [[x0, y0, x1, y1], says, i],
    ) =>
      `<label for=p${i} title="${escapeHtml(says)}"${i === 0 ? " class=own" : ""} style="` +
      `left:${share(x0, image.width)};top:${share(y0, image.height)};` +
      `width:${share(x1 - x0, image.width)};height:${share(y1 - y0, image.height)}"></label>`
    ).join("");
    const steps = biases.map((bias, i) => `<label for=b${i}>${formatNumber(bias)}</label>`).join(
      "",
    );
    const said = answers.map(({ place, bias, answer }) => {
      const follows = answer === places[place].says, stays = answer === places[0].says;
      const what = follows && place > 0
        ? "the answer of the place it looks at"
        : stays
        ? "the right answer to the question"
        : "neither that place's answer nor the right one";
      return `<p class="a${place}-${biases.indexOf(bias)}">It answers <b>${
        escapeHtml(answer || "(nothing)")
      }</b>: ${what}.</p>`;
    }).join("");
    const chosen = [
      ...places.map((_, i) =>
        `#p${i}:checked~.image label[for=p${i}]{outline:3px solid ${accent};background:#fff3}`
      ),
      ...biases.map((_, i) =>
        `#b${i}:checked~.bias label[for=b${i}]{background:${accent};color:#fff}`
      ),
      ...places.flatMap((_, p) =>
        biases.map((_, b) => `#p${p}:checked~#b${b}:checked~.answers .a${p}-${b}{display:block}`)
      ),
    ].join("");
    return `<!doctype html><meta charset=utf-8><title>${escapeHtml(this.title)}</title>` +
      `<style>${look}${chosen}</style><h1>${escapeHtml(this.title)}</h1>` +
      `<p style="margin:0 0 8px">“${escapeHtml(question)}” Click a place, then a bias; the ` +
      `dashed box is what the question asks about.</p>${radios}` +
      `<div class=image style="width:${width}px;height:${height}px;background-image:url(` +
      `${
        imageUrl(image)
      })">${labels}</div><div class=bias style="width:${width}px">${steps}</div>` +
      `<div class=answers>${said}</div><p class=note>${escapeHtml(this.caption)}</p>`;
  }

  /** The page in a frame in which no script runs. */
  toHtml(): string {
    return `<iframe title="${escapeHtml(this.title)}" sandbox style="width:100%;max-width:` +
      `${this.#width + 120}px;height:${this.#height() + 190}px;border:1px solid ${ink.grid};` +
      `border-radius:6px" srcdoc="${escapeHtml(this.toPage())}"></iframe>`;
  }

  /** Question, places, and the answers under the strongest bias. */
  toText(): string {
    const { question, places, biases, answers } = this.data, most = biases.at(-1)!;
    const lines = places.map(({ says }, i) => {
      const found = answers.find(({ place, bias }) => place === i && bias === most)!;
      return `steered to the place of ${says}: ${found.answer}`;
    });
    return [this.title, `${question} (bias ${formatNumber(most)})`, ...lines, this.caption]
      .filter((line) => line !== "").join("\n");
  }

  /** The frame, or plain text where that is not shown. */
  [jupyterDisplay](): MimeBundle {
    return { "text/html": this.toHtml(), "text/plain": this.toText() };
  }
}

/**
 * A panel in which a reader chooses a place of an image and a bias, and sees what the model answers
 * with its heads steered there. All answers are computed before; `steerAnswers` gives them.
 *
 * @throws {InputError} without places or biases, for a box outside of the image, and where an answer is
 * missing
 *
 * @example
 * ```ts
 * import { steeringPanel } from "./steering_panel.ts";
 * import { assert } from "@std/assert";
 * const panel = steeringPanel({
 *   image: { width: 4, height: 2, data: new Uint8Array(24) },
 *   question: "where is the key?",
 *   places: [{ box: [0, 0, 2, 2], says: "left" }, { box: [2, 0, 4, 2], says: "right" }],
 *   biases: [0, 8],
 *   answers: [0, 1].flatMap((place) =>
 *     [0, 8].map((bias) => ({ place, bias, answer: place * bias > 0 ? "right" : "left" }))
 *   ),
 * });
 * assert(panel.toText().includes("steered to the place of right: right"));
 * ```
 */
export function steeringPanel(
  data: SteeringPanelData,
  options: SteeringPanelOptions = {},
): SteeringPanel {
  const { image: { width, height }, places, biases, answers } = data;
  checkNotEmpty("the steering panel", "places", places);
  checkNotEmpty("the steering panel", "biases", biases);
  for (const { box } of places) {
    if (box === null) throw new InputError("Cannot draw a place that is no box of an image");
    const [x0, y0, x1, y1] = box;
    if (x0 >= 0 && y0 >= 0 && x0 < x1 && y0 < y1 && x1 <= width && y1 <= height) continue;
    throw new InputError(
      `Cannot draw the place [${x0}, ${y0}, ${x1}, ${y1}] on an image of ${width} x ${height} ` +
        "pixels: wanted [x0, y0, x1, y1] with x0 < x1 and y0 < y1, within it",
    );
  }
  places.forEach((_, place) => {
    for (const bias of biases) {
      if (answers.some((one) => one.place === place && one.bias === bias)) continue;
      throw new InputError(
        `Cannot draw the steering panel: there is no answer for place ${place} and bias ${bias}`,
      );
    }
  });
  return new SteeringPanel(data, options);
}
