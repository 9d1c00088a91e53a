/**
 * Needles on page images: who owns what, said once on pages of other sentences. In documents the thing
 * is a word; in scenes it is an image, in its sentence and in others. For SmolLM2 with its vision tower;
 * the visual counterpart of `text_needles.ts`.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { Random } from "../../lib/stats/random.ts";
import { drawnObjects } from "./drawn_objects.ts";
import {
  blank,
  objectFillers,
  ownerSentence,
  pageFillers,
  pageNames,
  pageThings,
} from "./page_words.ts";
import type { Box, Evidence, Sample } from "../../lib/data/sample.ts";
import { sampleRandom, type Split } from "../synthetic/split.ts";
import { drawPage, type PageCell, pageCell, pageCells, pageSide } from "./word_page.ts";

/** What a sample is to be like. */
export interface PageNeedleOptions {
  /** Words only, or pictured things. */
  readonly kind: "document" | "scene";
  /** Pages of 64 cells; 1 to 16. */
  readonly pages: number;
  /** Owned things, each on a page of its choice, of which one is asked for; 1 to 6, 1 by default. */
  readonly owners?: number;
  /** Which random stream: samples of one split never meet those of the other. */
  readonly split: Split;
  /** How varied pages are drawn, 0 to 1; 1 by default. */
  readonly level?: number;
}

/** A sample, and what its pages say. */
export interface PageNeedle {
  /** The sample with its pages as images. */
  readonly sample: Sample;
  /** The cells of each page, `pageCells` each. */
  readonly pages: readonly (readonly PageCell[])[];
}

type Sentence = readonly PageCell[];

/** A sentence as cells, with a thing for `*` and a name for `@`. */
function cellsOf(text: string, thing = "", name = "", pictured = false): Sentence {
  return text.split(" ").map((word): PageCell =>
    word === "*" ? { word: thing, pictured } : { word: word === "@" ? name : word }
  );
}

/** Sentences about other things: no sentence again before all have been used. */
function* others(random: Random, kind: PageNeedleOptions["kind"], owned: readonly string[]) {
  const objects = drawnObjects.filter((name) => !owned.includes(name));
  while (true) {
    const plain = [...random.permutation(pageFillers.length)].map((i) => cellsOf(pageFillers[i]));
    for (const sentence of plain) {
      yield sentence;
      if (kind === "document" || random.integer(2) === 0) continue;
      const about = objectFillers[random.integer(objectFillers.length)];
      yield cellsOf(about, objects[random.integer(objects.length)], "", true);
    }
  }
}

/** Fills a page with whole sentences; the rest stays blank. Also says where the first ones begin. */
function fillPage(source: Iterator<Sentence>, needles: readonly Sentence[], random: Random) {
  const sentences: Sentence[] = [...needles];
  let room = pageCells - needles.flat().length;
  while (true) {
    const next = source.next().value as Sentence;
    if (next.length > room) break;
    room -= next.length;
    sentences.push(next);
  }
  const order = [...random.permutation(sentences.length)].map((i) => sentences[i]);
  const starts = needles.map((needle) => order.slice(0, order.indexOf(needle)).flat().length);
  const cells: PageCell[] = order.flat();
  while (cells.length < pageCells) cells.push({ word: blank });
  return { cells, starts };
}

/** Boxes of a run of cells, one for each row that it touches. */
function boxesOf(start: number, length: number): Box[] {
  const boxes: Box[] = [];
  for (let at = start; at < start + length;) {
    const row = Math.floor(at / pageSide);
    const end = Math.min(start + length, (row + 1) * pageSide);
    const [top, left] = [row * pageCell, at % pageSide * pageCell];
    boxes.push([left, top, left + (end - at) * pageCell, top + pageCell]);
    at = end;
  }
  return boxes;
}

/** Things and names besides the one that is asked for, and the page of each. */
function otherOwners(
  random: Random,
  count: number,
  [things, thing]: readonly [readonly string[], string],
  [names, name]: readonly [readonly string[], string],
  pages: number,
) {
  const free = things.filter((other) => other !== thing);
  const people = names.filter((other) => other !== name);
  const owned = [...random.choice(free.length, count)].map((i) => free[i]);
  const owners = [...random.choice(people.length, count)].map((i) => people[i]);
  return owned.map((other, i) => ({
    thing: other,
    name: owners[i],
    page: random.integer(pages),
  }));
}

/** The right answers on a thing: the name alone and the whole sentence. */
function answersFor(thing: string, name: string): string[] {
  return [name, `The owner of the ${thing} is ${name}.`];
}

/**
 * One sample: pages, and the question who the owner of one thing is. Its evidence are the boxes of the
 * sentence that says so. The name alone and the whole sentence are right answers. The null query asks
 * for the owner of a thing that is on no page; foils are the sentences on other owners, where there are
 * any.
 *
 * @param seed any integer
 * @throws {InputError} for an impossible number of pages or owners
 *
 * @example
 * ```ts
 * import { pageNeedle } from "./page_needles.ts";
 * import { assertEquals } from "@std/assert";
 * const { sample, pages } = pageNeedle(1, { kind: "document", pages: 2, split: "test" });
 * assertEquals([sample.images!.length, pages[0].length], [2, 64]);
 * ```
 */
export function pageNeedle(seed: number, options: PageNeedleOptions): PageNeedle {
  const { kind, pages: count, split, level = 1, owners = 1 } = options;
  if (!Number.isInteger(count) || count < 1 || count > 16) {
    throw new InputError(`Cannot draw ${count} pages: wanted 1 to 16`);
  }
  if (!Number.isInteger(owners) || owners < 1 || owners > 6) {
    throw new InputError(`Cannot draw pages with ${owners} owners: wanted 1 to 6`);
  }
  const domain = owners === 1 ? `${kind}-needle` : `${kind}-needles-${owners}`;
  const random = sampleRandom(split, `${domain}/${count}`, seed);
  const candidates = kind === "scene" ? drawnObjects : pageThings;
  const thing = candidates[random.integer(candidates.length)];
  const name = pageNames[random.integer(pageNames.length)];
  const sentence = (own: string, by: string) => cellsOf(ownerSentence, own, by, kind === "scene");
  const needle = sentence(thing, name);
  const further = otherOwners(
    random.fork("other owners"),
    owners - 1,
    [candidates, thing],
    [pageNames, name],
    count,
  ).map((other) => ({ ...other, needle: sentence(other.thing, other.name) }));
  const source = others(random, kind, [thing, ...further.map((other) => other.thing)]);
  const asked = random.integer(count);
  const filled = Array.from({ length: count }, (_, page) => {
    const own = further.filter((other) => other.page === page).map((other) => other.needle);
    return fillPage(source, page === asked ? [needle, ...own] : own, random);
  });
  const drawing = random.fork("drawing");
  const images = filled.map(({ cells }) => drawPage(cells, { level }, drawing));
  /** Where the n-th needle of a page stands. */
  const standsAt = (page: number, n: number): Evidence[] =>
    boxesOf(filled[page].starts[n], needle.length).map((box) => ({ image: page, box }));
  const foils = filled.flatMap(({ starts }, page) => {
    const own = page === asked ? 1 : 0; // the needle that is asked for comes first on its page
    const there = further.filter((other) => other.page === page);
    return starts.slice(own).map((_, n) => ({
      places: standsAt(page, own + n),
      answers: answersFor(there[n].thing, there[n].name),
    }));
  });
  const seen = new Set(filled.flatMap(({ cells }) => cells.map(({ word }) => word)));
  const absent = candidates.filter((other) => !seen.has(other));
  const missed = absent[random.fork("null query").integer(absent.length)];
  const sample: Sample = {
    id: `${domain}-${count}-${split}-${seed}`,
    domain,
    question: `Who is the owner of the ${thing}?`,
    answer: answersFor(thing, name),
    evidence: standsAt(asked, 0),
    null: `Who is the owner of the ${missed}?`,
    unrelated: "What do the pages say about the weather?",
    ...(foils.length === 0 ? {} : {
      foils: foils.map(({ places }) => places),
      foilAnswers: foils.map(({ answers }) => answers),
    }),
    ...(owners > 1 ? { chance: 1 / owners } : {}),
    images,
  };
  return { sample, pages: filled.map(({ cells }) => cells) };
}
