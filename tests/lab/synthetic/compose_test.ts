import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Random } from "../../../lib/stats/random.ts";
import { type Board, freeCell, type Slot } from "../../../lab/synthetic/board.ts";
import { compose } from "../../../lab/synthetic/compose.ts";
import {
  type DomainName,
  resolveOptions,
  type TaskOptions,
} from "../../../lab/synthetic/options.ts";
import { domainNames, domainSpec } from "../../../lab/synthetic/specs.ts";
import { categoryOf, drawableCount } from "../../../lab/synthetic/vocabulary.ts";

function composed(domain: DomainName, seed: number, options: Partial<TaskOptions>) {
  const random = new Random(seed);
  const filled = { cellsPerSide: 8, images: 4, difficulty: 0, split: "train", ...options } as const;
  const plan = resolveOptions(domain, filled, random);
  return { plan, ...compose(domainSpec(domain), plan, random) };
}

const wordsAt = (boards: readonly Board[], { image, row, column }: Slot, count: number) => {
  const start = row * boards[image].columns + column;
  return Array.from(boards[image].words.subarray(start, start + count));
};

Deno.test("compose: every cell has a word that can be drawn, every fact stands where it says", () => {
  fc.assert(fc.property(
    fc.nat(),
    fc.constantFrom(...domainNames),
    fc.integer({ min: 0, max: 4 }),
    (seed, domain, difficulty) => {
      const { boards, facts, plan } = composed(domain, seed, { difficulty });
      for (const { words } of boards) {
        for (const word of words) assert(word !== freeCell && word < drawableCount);
      }
      for (const { places, slot, keys, answers, labelSlot } of facts) {
        assertEquals(places[0], slot);
        for (const place of places) assertEquals(wordsAt(boards, place, keys.length), keys);
        if (labelSlot) assertEquals(wordsAt(boards, labelSlot, 1), answers);
        else if (plan.variety.label === "beside") {
          const words = [...keys, ...answers];
          for (const place of places) assertEquals(wordsAt(boards, place, words.length), words);
        }
      }
    },
  ));
});

Deno.test("compose: a one-word key of the domain stands nowhere but at its fact", () => {
  fc.assert(fc.property(fc.nat(), fc.constantFrom(...domainNames), (seed, domain) => {
    const { boards, facts } = composed(domain, seed, { difficulty: { clutter: 0.9 } });
    const section = categoryOf(facts[0].keys[0]);
    const there = boards.flatMap(({ words }) =>
      Array.from(words).filter((word) => categoryOf(word) === section)
    );
    assertEquals(there.sort(), facts.map(({ keys }) => keys[0]).sort());
  }));
});

Deno.test("compose: clutter stands in half of the contexts, and takes its share of the cells", () => {
  let cluttered = 0;
  const shares: number[] = [];
  for (let seed = 0; seed < 80; seed++) {
    const { boards, facts } = composed("scene", seed, { difficulty: { clutter: 0.5 }, pairs: 4 });
    const words = boards.flatMap((board) => Array.from(board.words));
    const loose = words.filter((word) => categoryOf(word) !== "fillers").length - 2 * facts.length;
    if (loose === 0) continue;
    cluttered++;
    shares.push(loose / (words.length - 2 * facts.length));
  }
  assert(cluttered > 24 && cluttered < 56, `${cluttered} of 80`);
  for (const share of shares) assert(Math.abs(share - 0.5) < 0.2, `${share}`);
});

Deno.test("compose: moving facts go on in the next frames, a cell at a time", () => {
  let moved = 0;
  for (let seed = 0; seed < 20; seed++) {
    const { facts } = composed("video", seed, { difficulty: { motion: true, layout: "free" } });
    for (const { places } of facts) {
      places.slice(1).forEach((place, i) => {
        const before = places[i];
        assertEquals(place.image, before.image + 1);
        assert(
          Math.abs(place.row - before.row) <= 1 && Math.abs(place.column - before.column) <= 1,
        );
        if (place.row !== before.row || place.column !== before.column) moved++;
      });
    }
  }
  assert(moved > 0);
});

Deno.test("compose: frames of a video share what lies behind the facts", () => {
  const { boards, facts } = composed("long-video", 3, { pairs: 4 });
  const taken = new Set(facts.map(({ slot }) => slot.row * 8 + slot.column));
  for (const start of [...taken]) taken.add(start + 1);
  for (let i = 0; i < 64; i++) {
    if (taken.has(i)) continue;
    for (const board of boards) assertEquals(board.words[i], boards[0].words[i]);
  }
});
