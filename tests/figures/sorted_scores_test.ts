import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { sortedScores } from "../../lib/figures/sorted_scores.ts";
import type { ScatterTrace } from "../../lib/figures/spec.ts";
import { assertSound, hostile } from "./helpers.ts";

const record = {
  shape: [2, 2] as const,
  values: [0.1, 0.7, 0.1, 0.3],
  low: [0, 0.6, 0, 0.2],
  high: [0.2, 0.8, 0.2, 0.4],
  samples: 9,
};

Deno.test("heads stand in descending order, ties by index, with their own intervals", () => {
  const figure = sortedScores(record, { top: 1 });
  assertSound(figure);
  const [band, top, rest] = figure.data as ScatterTrace[];
  assertEquals(top.y, [0.7]);
  assertEquals(rest.y, [0.3, 0.1, 0.1]);
  assertEquals(rest.text?.map((text) => text.slice(3, 7)), ["L1H1", "L0H0", "L1H0"]);
  assertEquals(band.y, [0.8, 0.4, 0.2, 0.2, 0, 0, 0.2, 0.6]);
});

Deno.test("the top share is written beside the top heads", () => {
  const topShare = { estimate: 0.583, low: 0.5, high: 0.66 };
  const figure = sortedScores(record, { top: 1, topShare });
  assertEquals(
    figure.layout.annotations[0].text,
    "top 1 of 4 heads: 58.3% of the total<br>[50%, 66%]",
  );
  assert(figure.toText().includes("58.3% of the total"));
});

Deno.test("records without intervals, with no top or all top, are drawn", () => {
  assertSound(sortedScores({ shape: [1, 3], values: [0, 0, 0] }));
  assertSound(sortedScores(record, { top: 4 }));
  assertSound(sortedScores(record, { title: hostile, quantity: hostile, caption: hostile }));
});

Deno.test("records that cannot be drawn are refused", () => {
  assertThrows(() => sortedScores({ shape: [1, 0], values: [] }), InputError, "0 heads");
  assertThrows(
    () => sortedScores({ shape: [1, 1], values: [Infinity] }),
    InputError,
    "value 0 of values is Infinity",
  );
});
