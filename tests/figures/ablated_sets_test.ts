import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { type AblatedSetRow, ablatedSets } from "../../lib/figures/ablated_sets.ts";
import { assertSound, hostile } from "./helpers.ts";

const about = { domain: "all", metric: "accuracy", samples: 40 } as const;
const rows: AblatedSetRow[] = [
  { ...about, condition: "none", heads: [], value: 0.9, ci95: [0.8, 0.95] },
  {
    ...about,
    ...{ condition: "core", heads: [[3, 1], [3, 2]], value: 0.1, ci95: [0.02, 0.2] },
    againstControls: {
      bottom: { draws: 1, value: 0.85, valueCi95: [0.7, 0.9], range: [0.85, 0.85] },
      random: { draws: 200, value: 0.8, valueCi95: [0.75, 0.85], range: [0.2, 1] },
    },
  },
  { ...about, condition: "random", heads: [[0, 0]], value: 0.7, ci95: [0, 1] },
  { ...about, condition: "set", set: "both", heads: [[3, 1]], value: 0.5, ci95: [0.4, 0.6] },
  { ...about, condition: "set", set: "empty", heads: [], value: 0.9, ci95: [0.8, 0.95] },
  {
    ...about,
    domain: "one",
    condition: "set",
    set: "both",
    heads: [[3, 1]],
    value: 0,
    ci95: [0, 1],
  },
];

Deno.test("sets stand above their controls, whose draws are summed up; empty sets are left out", () => {
  const figure = ablatedSets(rows, { title: "Removed", core: "top 5%", chance: 0.125 });
  assertSound(figure);
  assertEquals(figure.data[0].x.map((share) => Math.round(Number(share))), [90, 10, 85, 80, 50]);
  const text = figure.toText();
  for (
    const wanted of [
      "1. top 5%, 2 heads",
      "1. bottom",
      "1. random (20% to 100%)",
      "2. both, 1 head",
      "n = 40",
      "lowest and highest of 200 draws",
    ]
  ) assert(text.includes(wanted), `${wanted}: ${text}`);
});

Deno.test("hostile names are drawn, rows without a set refused", () => {
  assertSound(
    ablatedSets([{ ...rows[3], set: hostile }], { title: hostile, caption: hostile }),
  );
  assertThrows(() => ablatedSets([rows[0]], { title: "" }), InputError, "no row of core");
});
