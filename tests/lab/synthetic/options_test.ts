import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import {
  maxDifficulty,
  pairWidth,
  resolveOptions,
  type TaskOptions,
  varietyOf,
} from "../../../lab/synthetic/options.ts";
import { domainNames } from "../../../lab/synthetic/specs.ts";
import { Random } from "../../../lib/stats/random.ts";

const options: TaskOptions = { cellsPerSide: 8, images: 2, difficulty: 0, split: "train" };
const resolve = (domain: (typeof domainNames)[number], changed: Partial<TaskOptions>) =>
  resolveOptions(domain, { ...options, ...changed }, new Random(1));

Deno.test("varietyOf: level 0 is the plain form in every domain", () => {
  for (const domain of domainNames) {
    const { choices, ...rest } = varietyOf(domain, 0, new Random(0));
    assertEquals(choices, domain === "long-video" ? "hidden" : "none");
    assertEquals(rest, {
      keyStyle: "one-token",
      questionStyle: "key",
      layout: "even",
      clutter: 0,
      nearKeys: false,
      keyWords: 1,
      answerWords: 1,
      place: "beside",
      label: "beside",
      motion: false,
    });
  }
});

Deno.test("varietyOf: the highest level has each hard feature of its domain at some seed", () => {
  const features = (domain: (typeof domainNames)[number]) => {
    const found = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const one = varietyOf(domain, maxDifficulty, new Random(seed));
      if (one.keyWords === 2) found.add("keys");
      if (one.answerWords === 2) found.add("answers");
      if (one.place !== "beside") found.add(one.place);
      if (one.label !== "beside") found.add(one.label);
      if (one.choices === "letters") found.add("letters");
    }
    return [...found].sort();
  };
  assertEquals(domainNames.map(features), [
    ["answers", "coordinates", "keys"],
    ["answers", "keys", "once", "shared"],
    ["keys", "once", "shared"],
    ["answers", "keys"],
    ["answers", "keys", "letters"],
  ]);
  assertThrows(() => varietyOf("scene", 5, new Random(0)), InputError, "level must be 0 to 4");
  assertThrows(() => varietyOf("scene", 0.5, new Random(0)), InputError, "level must be 0 to 4");
});

Deno.test("resolveOptions: defaults, and sizes as columns and rows", () => {
  const plan = resolve("document", { cellsPerSide: [6, 9] });
  assertEquals([plan.columns, plan.rows, plan.images, plan.words], [6, 9, 2, 64]);
  assertEquals(plan.pairs, 24);
  assert(plan.noise >= 0 && plan.noise <= 0.08);
  assertEquals(resolve("document", { cellsPerSide: 2, images: 1 }).pairs, 2); // all that fit
});

Deno.test("resolveOptions: what is out of range is refused by name", () => {
  const cases: readonly (readonly [Partial<TaskOptions>, string])[] = [
    [{ cellsPerSide: 1 }, "cells per side 1"],
    [{ cellsPerSide: [8, 65] }, "cells per side 65"],
    [{ images: 0 }, "number of images 0"],
    [{ words: 3 }, "words per section 3"],
    [{ noise: -0.1 }, "noise -0.1"],
    [{ pairs: 65 }, "number of pairs 65"],
    [{ pairs: 5, words: 4 }, "from 1 to 4"],
    [{ frameRepeat: 2 }, "no videos"],
    [{ difficulty: { clutter: 2 } }, "clutter 2"],
    [{ difficulty: { keyWords: 2, answerWords: 2 }, cellsPerSide: 3 }, "pairs of 4 cells"],
    [{ difficulty: { label: "once" } }, "only video and page"],
    [{ difficulty: { motion: true } }, "only video and long-video"],
    [{ difficulty: { place: "coordinates", answerWords: 2 } }, "answers of 2 words"],
  ];
  for (const [changed, message] of cases) {
    assertThrows(() => resolve("scene", changed), InputError, message);
  }
  assertThrows(
    () => resolve("page", { difficulty: { place: "coordinates" } }),
    InputError,
    "only scene",
  );
  assertThrows(
    () => resolve("video", { difficulty: { keyWords: 2, motion: true } }),
    InputError,
    "nothing moves",
  );
  assertThrows(
    () => resolve("page", { difficulty: { label: "shared" }, images: 9, words: 8 }),
    InputError,
    "with a label each 9",
  );
});

Deno.test("pairWidth: key and answer cells side by side", () => {
  const width = (changed: object) => pairWidth({ ...resolve("page", {}).variety, ...changed });
  assertEquals(width({}), 2);
  assertEquals(width({ keyWords: 2, answerWords: 2 }), 4);
  assertEquals(width({ label: "once" }), 1);
  assertEquals(width({ label: "shared", keyWords: 2 }), 3);
  assertEquals(width({ place: "coordinates" }), 1);
});
