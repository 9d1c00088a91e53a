import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { qualityAndTime, qualityByBudget } from "../../lib/figures/sparse_results.ts";
import { qualityAndSpeed } from "../../lib/figures/speed_quality.ts";

const base = { tokens: 1000, denseMs: [10, 12, 11], samples: 40, denseValue: 0.9 };
const difference95 = [-0.1, 0.05] as const;
const rows = [
  { ...base, policy: "core", fullHeads: 0.25, sparseMs: [7, 9, 8], sparseValue: 0.9, difference95 },
  { ...base, policy: "core", fullHeads: 0.05, sparseMs: [5, 6, 7], sparseValue: 0.8, difference95 },
  { ...base, policy: "random", fullHeads: 0.05, sparseMs: [6], sparseValue: 0.1, difference95 },
  { ...base, policy: "local", fullHeads: 0, sparseMs: [4], sparseValue: 0.05, difference95 },
  {
    ...base,
    policy: "core",
    tokens: 100,
    fullHeads: 0.05,
    sparseMs: [1],
    sparseValue: 1,
    difference95,
  },
];

Deno.test("every policy's line begins where no head is full, and only the longest prompts count", () => {
  const spec = qualityByBudget(rows).toSpec();
  const lines = (spec.data as { name?: string; x: number[]; y: number[] }[])
    .filter(({ name, x }) => name === "core" && x.length === 3);
  assert(lines.length > 0);
  const last = lines.at(-1)!;
  assertEquals([last.x, last.y], [[0, 0.05, 0.25], [5, 80, 90]]);
  assert(qualityByBudget(rows).caption.includes("1000 tokens"));
});

Deno.test("the Pareto plot has dense attention and each policy at its median time", () => {
  const { data } = qualityAndTime(rows).toSpec();
  const points = (data as { x: number[]; y: number[] }[]).flatMap(({ x, y }) =>
    x.map((v, i) => `${v} ${y[i]}`)
  );
  for (const wanted of ["11 90", "8 90", "6 80", "4 5"]) {
    assert(points.includes(wanted), wanted);
  }
  assert(!points.some((point) => point.startsWith("1 ")));
});

Deno.test("speed and quality have both intervals; the oracle is a line, no point", () => {
  const ends = { dense95: [0.8, 0.95], ci95: [0.7, 0.9] } as const;
  const row = { tokens: 4000, samples: 40, metric: "accuracy", denseValue: 0.9, ...ends };
  const figure = qualityAndSpeed([
    {
      ...row,
      policy: "core",
      fullHeads: 0.05,
      sparseValue: 0.8,
      speedup: 2,
      speedup95: [1.6, 2.5],
    },
    {
      ...row,
      policy: "oracle",
      fullHeads: 0.05,
      sparseValue: 0.85,
      speedup: null,
      speedup95: null,
    },
  ]);
  const data = figure.toSpec().data as {
    name?: string;
    x: number[];
    y: number[];
    error_x?: { array: number[] };
    error_y?: { array: number[] };
  }[];
  const core = data.find(({ name }) => name === "core")!;
  assertEquals([core.x, core.y], [[0.5], [80]]);
  assertAlmostEquals(core.error_x!.array[0], 1 / 1.6 - 0.5);
  assertAlmostEquals(core.error_y!.array[0], 10);
  const oracle = data.find(({ name }) => name?.startsWith("oracle"))!;
  assertEquals(oracle.y, [85, 85]);
});

Deno.test("no rows, no figure", () => {
  assertThrows(() => qualityByBudget([]), Error, "Cannot draw");
  assertThrows(() => qualityAndTime([]), Error, "Cannot draw");
});
