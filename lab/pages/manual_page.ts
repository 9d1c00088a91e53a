/**
 * Pages of real manuals as pixels, headings set in columns and text in lines, with the box of every word as a text
 * layer; and questions about their headings.
 *
 * @module
 */
import type { Box, Evidence, RgbImage, Sample } from "../../lib/data/sample.ts";
import type { Random } from "../../lib/stats/random.ts";
import { sampleRandom, type Split } from "../synthetic/split.ts";
import type { HeadedSection } from "./headed_sections.ts";
import { blank } from "./page_words.ts";
import { drawWord, type FontName } from "./stroke_font.ts";
import { drawPage, type PageCell, pageCell, pageCells, pageSide } from "./word_page.ts";

/** A word on a page. */
export interface PlacedWord {
  readonly word: string;
  /** In pixels: of a heading's word its column, of the text's words their ink. */
  readonly box: Box;
}

/** A page with its text layer. */
export interface ManualPage {
  readonly image: RgbImage;
  /** Words in reading order. */
  readonly layer: readonly PlacedWord[];
  /** Box of each section's heading, its number included. */
  readonly headings: readonly Box[];
  /**
   * What the vision tower is to give the language model for each cell: a heading's digit, a full stop, its words;
   * the line's end for all else.
   */
  readonly words: readonly string[];
}

const edge = pageSide * pageCell, margin = 10;

/** Sections of one page: each has a row of cells for its heading, and one for the beginning of its text. */
export const sectionsOfPage: number = pageSide / 2;

/** Height of the text's capitals and distance of its lines, in pixels. */
const small = { height: 8, line: 15 };

/** How light a page is at a place, 0 to 1. */
const lightness = ({ data }: RgbImage, at: number) =>
  (data[at] + data[at + 1] + data[at + 2]) / 765;

/** Sets words in lines from a height on, down to another. */
function setText(
  page: RgbImage,
  words: readonly string[],
  { top, bottom, font }: { top: number; bottom: number; font: FontName },
  layer: PlacedWord[],
): void {
  const style = { font, height: small.height, stroke: small.height / 9 };
  const dark = lightness(page, 3 * (top * edge + 2)) < 0.5; // then the text is light
  let x = margin, y = top;
  for (const word of words) {
    const mask = drawWord(word, style, edge - 2 * margin);
    if (x + mask.width > edge - margin) [x, y] = [margin, y + small.line];
    if (y + small.line > bottom) break;
    for (let row = 0; row < mask.height; row++) {
      for (let column = 0; column < mask.width; column++) {
        const at = 3 * ((y + row) * edge + x + column), ink = mask.ink[row * mask.width + column];
        for (let c = 0; c < 3; c++) {
          const own = page.data[at + c];
          page.data[at + c] = own + 0.8 * ink * ((dark ? 255 : 0) - own);
        }
      }
    }
    layer.push({ word, box: [x, y, x + mask.width, y + mask.height] });
    x += mask.width + Math.ceil(small.height / 2);
  }
}

/**
 * Sets the beginnings of sections on a page, one below the other: a row with number and heading, each word in a
 * column of its own, and two lines of text.
 *
 * @param sections at most {@link sectionsOfPage}
 * @param level 0: black on white; 1: everything that pages of words may have
 */
export function drawManualPage(
  sections: readonly HeadedSection[],
  level: number,
  random: Random,
): ManualPage {
  const cells: PageCell[] = Array.from({ length: pageCells }, () => ({ word: blank }));
  const words = cells.map(({ word }) => word);
  sections.forEach(({ digit, heading, captions }, i) => {
    const drawn = [`${digit}.`, blank, ...heading.split(" ")], first = 2 * i * pageSide;
    drawn.forEach((word, column) => cells[first + column] = { word });
    const read = [digit, ".", ...captions.map((caption) => caption ?? blank)];
    words.splice(first, read.length, ...read);
  });
  const image = drawPage(cells, { level }, random), layer: PlacedWord[] = [];
  const font = (["plain", "serif", "typed"] as const)[random.integer(3)];
  const headings = sections.map(({ digit, heading, words: text }, i): Box => {
    const top = 2 * i * pageCell, below = top + pageCell;
    [`${digit}.`, ...heading.split(" ")].forEach((word, at) => {
      const column = at === 0 ? 0 : at + 1;
      layer.push({ word, box: [column * pageCell, top, (column + 1) * pageCell, below] });
    });
    setText(image, text, { top: below + 6, bottom: below + pageCell, font }, layer);
    return [0, top, (2 + heading.split(" ").length) * pageCell, below];
  });
  return { image, layer, headings, words };
}

/** A question on a page of a manual, and how its answer begins and ends. */
export interface ManualSample {
  readonly sample: Extract<Sample, { readonly images: readonly RgbImage[] }>;
  readonly page: ManualPage;
  /** What each visual token stands for. */
  readonly captions: readonly string[];
  /** Which section is asked for. */
  readonly asked: number;
  /** The answer's beginning, to be gone on with. */
  readonly begun: string;
  /** The first token of each heading of the page, as text with the space before it. */
  readonly candidates: readonly string[];
}

/** Sections of which no two have the same digit or begin with the same token, by their digits. */
export function differentSections(
  random: Random,
  sections: readonly HeadedSection[],
): HeadedSection[] {
  const chosen: HeadedSection[] = [];
  for (const i of random.permutation(sections.length)) {
    if (chosen.length === sectionsOfPage) break;
    const { digit, captions } = sections[i];
    const clash = (other: HeadedSection) =>
      other.digit === digit || other.captions[0] === captions[0];
    if (!chosen.some(clash)) chosen.push(sections[i]);
  }
  return chosen.sort((a, b) => Number(a.digit) - Number(b.digit));
}

/**
 * One sample: four sections on a page, and what the heading of one of them says. Evidence is the heading, foils are
 * the others; the null query asks for a section that is not there.
 *
 * @param seed any integer
 * @param set name of the set of sections, part of the sample's id
 * @param level how varied pages are drawn, 0 to 1
 */
export function manualSample(
  seed: number,
  sections: readonly HeadedSection[],
  set: string,
  { split = "test", level = 1 }: { readonly split?: Split; readonly level?: number } = {},
): ManualSample {
  const random = sampleRandom(split, `manuals/${set}`, seed);
  const shown = differentSections(random, sections), asked = random.integer(shown.length);
  const page = drawManualPage(shown, level, random);
  const at = (i: number): Evidence[] => [{ image: 0, box: page.headings[i] }];
  const question = (number: string) => `What does the heading of section ${number} say?`;
  const others = shown.map((_, i) => i).filter((i) => i !== asked);
  const missing = [..."123456789"].find((digit) => shown.every((own) => own.digit !== digit))!;
  return {
    sample: {
      id: `manuals-${set}-${split}-${seed}`,
      domain: "manuals",
      question: question(shown[asked].digit),
      answer: shown[asked].heading,
      choices: shown.map(({ heading }) => heading),
      evidence: at(asked),
      null: question(missing),
      unrelated: "How is the weather today?",
      foils: others.map(at),
      foilAnswers: others.map((i) => shown[i].heading),
      chance: 1 / shown.length,
      images: [page.image],
    },
    page,
    captions: page.words,
    asked,
    begun: ` ${shown[asked].digit}.`,
    candidates: shown.map(({ captions }) => ` ${captions[0]}`),
  };
}
