import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/common/errors.ts";
import { Random } from "../../../lib/stats/random.ts";
import { placeSlots } from "../../../lab/synthetic/board.ts";
import { drawFacts, type Facts } from "../../../lab/synthetic/facts.ts";
import {
  type DomainName,
  resolveOptions,
  type TaskOptions,
} from "../../../lab/synthetic/options.ts";
import { domainNames, domainSpec } from "../../../lab/synthetic/specs.ts";
import { isHeldOutObject, isHeldOutPair } from "../../../lab/synthetic/split.ts";
import { categoryOf, categoryStart, objectParts } from "../../../lab/synthetic/vocabulary.ts";

function draw(domain: DomainName, seed: number, options: Partial<TaskOptions>): Facts {
  const random = new Random(seed);
  const filled = { cellsPerSide: 8, images: 3, difficulty: 0, split: "train", ...options } as const;
  const plan = resolveOptions(domain, filled, random);
  return drawFacts(
    domainSpec(domain).sections(plan.variety),
    plan,
    placeSlots(plan, random),
    random,
  );
}

/** Index of a word in its section. */
const indexOf = (id: number): number => id - categoryStart[categoryOf(id)];

const anyDomain = fc.constantFrom(...domainNames);
const level = fc.integer({ min: 0, max: 4 });

Deno.test("drawFacts: keys differ, and come with their answers from the domain's sections", () => {
  fc.assert(fc.property(fc.nat(), anyDomain, level, (seed, domain, difficulty) => {
    const { facts } = draw(domain, seed, { difficulty });
    assertEquals(new Set(facts.map((fact) => fact.keys.join())).size, facts.length);
    const section = domain === "page" || domain === "document" ? "keys" : "objects";
    for (const { keys } of facts) assertEquals(categoryOf(keys[0]), section);
  }));
});

Deno.test("drawFacts: training shows no held-out pair and marks nothing as held out", () => {
  fc.assert(fc.property(fc.nat(), anyDomain, level, (seed, domain, difficulty) => {
    for (const { keys, answers, heldOut } of draw(domain, seed, { difficulty }).facts) {
      if (answers.length > 0) assert(!isHeldOutPair(indexOf(keys[0]), indexOf(answers[0])));
      assert(!heldOut);
    }
  }));
});

Deno.test("drawFacts: a test shows held-out pairs as often as chance has it", () => {
  let held = 0;
  let all = 0;
  for (let seed = 0; seed < 100; seed++) {
    for (const fact of draw("document", seed, { split: "test" }).facts) {
      assertEquals(fact.heldOut, isHeldOutPair(indexOf(fact.keys[0]), indexOf(fact.answers[0])));
      if (fact.heldOut) held++;
      all++;
    }
  }
  assert(Math.abs(held / all - 1 / 8) < 0.03, `${held} of ${all}`);
});

Deno.test("drawFacts: objects held out by name are keys of tests, and of one-token training", () => {
  const heldKeys = (options: Partial<TaskOptions>) => {
    let count = 0;
    for (let seed = 0; seed < 20; seed++) {
      for (const { keys } of draw("scene", seed, options).facts) {
        if (isHeldOutObject(indexOf(keys[0]))) count++;
      }
    }
    return count;
  };
  assertEquals(heldKeys({ difficulty: { keyStyle: "words" } }), 0);
  assert(heldKeys({ difficulty: { keyStyle: "words" }, split: "test" }) > 0);
  assert(heldKeys({ difficulty: { keyStyle: "one-token" } }) > 0);
});

Deno.test("drawFacts: times and page numbers rise in reading order", () => {
  for (const domain of ["video", "page"] as const) {
    for (const answerWords of [1, 2] as const) {
      const { facts } = draw(domain, 5, { difficulty: { answerWords } });
      const numbers = facts.flatMap((fact) => fact.answers);
      assertEquals(numbers, [...new Set(numbers)].sort((a, b) => a - b));
    }
  }
});

Deno.test("drawFacts: shared labels are those of the image", () => {
  const { facts, labels } = draw("page", 2, { difficulty: { label: "shared" } });
  assertEquals(labels.length, 3);
  for (const fact of facts) assertEquals(fact.answers, [labels[fact.slot.image]]);
  assertEquals(draw("page", 2, {}).labels, []);
});

Deno.test("drawFacts: near keys share a colour or a shape more often than chance", () => {
  const share = (nearKeys: boolean) => {
    let near = 0;
    for (let seed = 0; seed < 50; seed++) {
      const { facts } = draw("scene", seed, { pairs: 4, difficulty: { nearKeys } });
      const [first, ...rest] = facts.map(({ keys }) => objectParts(indexOf(keys[0])));
      if (rest.some((o) => o.colour === first.colour || o.shape === first.shape)) near++;
    }
    return near;
  };
  assert(share(true) > share(false) + 10, `${share(true)} against ${share(false)}`);
});

Deno.test("drawFacts: two-word keys share single words, so that both are needed", () => {
  const { facts } = draw("document", 1, { difficulty: { keyWords: 2 }, pairs: 12 });
  for (const word of [0, 1]) {
    const own = new Set(facts.map((fact) => fact.keys[word]));
    assert(own.size < facts.length);
  }
  const video = draw("video", 1, { difficulty: { keyWords: 2 }, pairs: 12 });
  for (const { keys, slot } of video.facts) assertEquals(keys[1], video.labels[slot.image]);
  assert(new Set(video.facts.map(({ keys }) => keys[0])).size < 12);
});

Deno.test("drawFacts: a plan that cannot do without held-out pairs is refused", () => {
  // One label for all of 64 keys, eight of which are held out for it.
  const options = {
    images: 1,
    pairs: 64,
    cellsPerSide: 16,
    difficulty: { label: "shared" },
  } as const;
  assertThrows(() => draw("page", 0, options), InputError, "without held-out pairs");
  assertEquals(draw("page", 0, { ...options, split: "test" }).facts.length, 64);
});
