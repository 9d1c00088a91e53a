/**
 * Pages of real manuals as pixels, set in lines, with the box of every word as a text layer; and questions about their headings.
 *
 * @module
 */
import type { Box, Evidence, RgbImage, Sample } from "../../lib/data/sample.ts";
import type { Random } from "../../lib/stats/random.ts";
import { sampleRandom, type Split } from "../synthetic/split.ts";
import type { ManualSection } from "./manuals.ts";
import { drawWord, type FontName } from "./stroke_font.ts";
import { pageCell, pageSide } from "./word_page.ts";

/** A word on a page. */
export interface PlacedWord {
  readonly word: string;
  /** In pixels. */
  readonly box: Box;
}

/** A page with its text layer. */
export interface ManualPage {
  readonly image: RgbImage;
  /** Words in reading order. */
  readonly layer: readonly PlacedWord[];
  /** Box of each section's heading. */
  readonly headings: readonly Box[];
}

const edge = pageSide * pageCell, margin = 14;

/** Sets words in lines from a height on, down to another; gives the height below the last line. */
function setWords(
  page: RgbImage,
  words: readonly string[],
  { top, bottom, height, font }: { top: number; bottom: number; height: number; font: FontName },
  layer: PlacedWord[],
): number {
  const line = Math.ceil(height * 1.9);
  let x = margin, y = top;
  for (const word of words) {
    const mask = drawWord(word, { font, height, stroke: height / 9 }, edge - 2 * margin);
    if (x + mask.width > edge - margin) [x, y] = [margin, y + line];
    if (y + line > bottom) break;
    for (let row = 0; row < mask.height; row++) {
      for (let column = 0; column < mask.width; column++) {
        const at = 3 * ((y + row) * edge + x + column), ink = mask.ink[row * mask.width + column];
        for (let c = 0; c < 3; c++) page.data[at + c] *= 1 - 0.9 * ink;
      }
    }
    layer.push({ word, box: [x, y, x + mask.width, y + mask.height] });
    x += mask.width + Math.ceil(height / 2);
  }
  return y + line;
}

/**
 * Sets the beginnings of sections on a page, one below the other.
 *
 * @param font of the text; headings are bold
 */
export function drawManualPage(sections: readonly ManualSection[], font: FontName): ManualPage {
  const image = { width: edge, height: edge, data: new Uint8Array(edge * edge * 3).fill(255) };
  const layer: PlacedWord[] = [], room = (edge - 2 * margin) / sections.length;
  const headings = sections.map(({ number, heading, words }, i) => {
    const top = Math.round(margin + i * room), bottom = Math.round(top + room - 8);
    const first = layer.length, title = [`${number}.`, ...heading.split(" ")];
    const below = setWords(image, title, { top, bottom, height: 13, font: "bold" }, layer);
    const boxes = layer.slice(first).map(({ box }) => box);
    setWords(image, words, { top: below + 3, bottom, height: 8, font }, layer);
    const side = (which: 0 | 1 | 2 | 3, pick: typeof Math.min) =>
      pick(...boxes.map((box) => box[which]));
    return [
      side(0, Math.min),
      side(1, Math.min),
      side(2, Math.max),
      side(3, Math.max),
    ] as const;
  });
  return { image, layer, headings };
}

/** Sections of one page. */
const sectionsOfPage = 4;

/** A question on a page of a manual, and how its answer begins and ends. */
export interface ManualSample {
  readonly sample: Extract<Sample, { readonly images: readonly RgbImage[] }>;
  readonly page: ManualPage;
  /** Which section is asked for. */
  readonly asked: number;
  /** The answer's beginning, to be gone on with. */
  readonly begun: string;
  /** The headings of the page, each with the space before it. */
  readonly candidates: readonly string[];
}

/** Sections of which no two headings begin alike. */
function differentSections(random: Random, sections: readonly ManualSection[]): ManualSection[] {
  const chosen: ManualSection[] = [],
    first = ({ heading }: ManualSection) => heading.slice(0, 3).toLowerCase();
  for (const i of random.permutation(sections.length)) {
    if (chosen.length === sectionsOfPage) break;
    if (chosen.every((other) => first(other) !== first(sections[i]))) chosen.push(sections[i]);
  }
  return chosen;
}

/**
 * One sample: four sections on a page, and what the heading of one of them says. Evidence is the heading, foils are
 * the others; the null query asks for a section that is not there.
 *
 * @param seed any integer
 * @param set name of the manual, part of the sample's id
 */
export function manualSample(
  seed: number,
  sections: readonly ManualSection[],
  set: string,
  split: Split = "test",
): ManualSample {
  const random = sampleRandom(split, `manuals/${set}`, seed);
  const shown = differentSections(random, sections), asked = random.integer(shown.length);
  const page = drawManualPage(shown, (["plain", "serif", "typed"] as const)[random.integer(3)]);
  const at = (i: number): Evidence[] => [{ image: 0, box: page.headings[i] }];
  const question = (number: string) => `What does the heading of section ${number} say?`;
  const others = shown.map((_, i) => i).filter((i) => i !== asked);
  return {
    sample: {
      id: `manuals-${set}-${split}-${seed}`,
      domain: "manuals",
      question: question(shown[asked].number),
      answer: shown[asked].heading,
      choices: shown.map(({ heading }) => heading),
      evidence: at(asked),
      null: question("99.9"),
      unrelated: "How is the weather today?",
      foils: others.map(at),
      foilAnswers: others.map((i) => shown[i].heading),
      chance: 1 / shown.length,
      images: [page.image],
    },
    page,
    asked,
    begun: ` ${shown[asked].number}.`,
    candidates: shown.map(({ heading }) => ` ${heading}`),
  };
}
