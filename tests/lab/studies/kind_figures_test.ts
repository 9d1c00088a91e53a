import { assert, assertEquals } from "@std/assert";
import type { HeadKindRow, HeadKindsResult } from "../../../lab/studies/head_kinds.ts";
import {
  againstNull,
  calibratedMap,
  kindCounts,
  kindLabel,
  kindsProfile,
  ownerAnswerRows,
} from "../../../lab/studies/kind_figures.ts";
import { assertSound } from "../../figures/helpers.ts";

const scores = {
  ...{ selectivity: 0.5, chance: 0.25, unrelatedRam: 0, valueWeighted: 1, promptEnd: 0.2 },
  ...{ previous: 0, sink: 0.1, distance: 0.5, attribution: 0.3, effect: -0.1 },
};
const row = (head: number, kind: HeadKindRow["kind"], induction: number, duplicate: number) => ({
  ...{ layer: 0, head, kind, induction, duplicate, ...scores },
  ...{ ram: 0.1 * head, nullRam: 0.05, calibrated: 0.1 * head - 0.05 },
});
const rows: HeadKindRow[] = [
  row(3, "retrieval", 0.3, 0.31),
  row(2, "retrieval", 0.29, 0),
  row(1, "sink", 0.9, 0.9),
  row(0, "sink", 0, 0),
];

Deno.test("a retrieval head says what it is besides, others are what they are", () => {
  assertEquals(rows.map(kindLabel), [
    "retrieval, induction, duplicate",
    "retrieval",
    "sink",
    "sink",
  ]);
  assertEquals(kindCounts(rows), "sink 2; retrieval, induction, duplicate 1; retrieval 1");
});

Deno.test("figures of a record: points, map and profile name the heads and n", () => {
  const found: HeadKindsResult = {
    ...{
      layers: 1,
      heads: 4,
      samples: { scores: 9, effects: 5 },
      right: 4,
      rows: rows.toReversed(),
    },
    retrievalHeads: ["L0H3", "L0H2"],
    top: { ram: ["L0H3"], calibrated: ["L0H3", "L0H2"], induction: ["L0H1"] },
    agreement: { names: [], spearman: [], overlap: [], top: 1 },
  };
  for (const draw of [againstNull, calibratedMap, kindsProfile]) assertSound(draw(found, "Title"));
  assert(againstNull(found, "").toText().includes("2 heads move by more than 0.1 for sure"));
  const text = kindsProfile(found, "").toText();
  assert(text.includes("L0H3, retrieval, induction") && text.includes("L0H1, sink"));
  assert(!text.includes("L0H0"), text);
});

Deno.test("rows of answers are shares with intervals", () => {
  const [shown] = ownerAnswerRows("m", [{
    ...{ form: "chat", needles: 4, sentences: 8, samples: 40, tokens: 100, chance: 0.25 },
    ...{ free: 0.5, free95: [0.4, 0.6], chosen: 0.75, chosen95: [0.6, 0.9] },
  }]);
  assertEquals([shown.free, shown.chosen, shown.guessing], [
    "50% (40% to 60%)",
    "75% (60% to 90%)",
    "25%",
  ]);
});
