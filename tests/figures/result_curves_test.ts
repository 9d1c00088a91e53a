import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { doseResponse, speedUp } from "../../lib/figures/result_curves.ts";
import type { ScatterTrace } from "../../lib/figures/spec.ts";
import { assertSound } from "./helpers.ts";

const row = { metric: "accuracy", fraction: 0.05 };
const rows = [
  { ...row, condition: "none", fraction: 0, value: 0.98, ci95: [0.96, 1] as const },
  { ...row, condition: "core", fraction: 0.1, value: 0.2, ci95: [0.1, 0.3] as const },
  { ...row, condition: "core", value: 0.4, ci95: [0.3, 0.5] as const },
  { ...row, condition: "random", value: 0.9, ci95: [0.8, 1] as const },
  { ...row, condition: "random", value: 0.96, ci95: null },
];

Deno.test("doses are sorted, start at the whole model, and draws are averaged", () => {
  const figure = doseResponse(rows);
  assertSound(figure);
  const [coreBand, core, randomBand, random] = figure.data as ScatterTrace[];
  assertEquals([core.x, core.y], [[0, 0.05, 0.1], [0.98, 0.4, 0.2]]);
  assertEquals(coreBand.y, [1, 0.5, 0.3, 0.1, 0.3, 0.96]);
  assertEquals(random.y, [0.98, (0.9 + 0.96) / 2]);
  assertEquals(randomBand.y, [1, 0.96, 0.9, 0.96]); // range of the draws, not an interval
  assert(figure.caption.includes("mean and range of 2 draws"));
  assertEquals(figure.layout.shapes[0].y0, 0.98);
});

Deno.test("several metrics need a choice", () => {
  const both = [...rows, { ...row, metric: "log-probability", condition: "core", value: -2 }];
  assertThrows(() => doseResponse(both), InputError, "accuracy, log-probability");
  assertEquals(doseResponse(both, { metric: "log-probability" }).data.length, 1);
  assertThrows(() => doseResponse(rows, { metric: "accuracies" }), InputError, "hold accuracy");
  assertThrows(() => doseResponse([]), InputError, "0 results");
  assertThrows(() => doseResponse([rows[0]]), InputError, "0 ablations");
});

Deno.test("speed-ups are lines by policy over length, on a logarithmic axis", () => {
  const run = (policy: string, fullHeads: number, tokens: number, speedup: number) => ({
    policy,
    fullHeads,
    tokens,
    speedup,
    ci95: [speedup * 0.9, speedup * 1.1] as const,
  });
  const figure = speedUp([
    run("core", 0.05, 4096, 1.8),
    run("core", 0.05, 1024, 1.1),
    run("core", 0.125, 1024, 1.05),
    run("random", 0.05, 1024, 1.1),
  ]);
  assertSound(figure);
  const lines = (figure.data as ScatterTrace[]).filter(({ name }) => name !== undefined);
  assertEquals(lines.map(({ name }) => name), [
    "core, 5% full",
    "core, 12.5% full",
    "random, 5% full",
  ]);
  assertEquals([lines[0].x, lines[0].y], [[1024, 4096], [1.1, 1.8]]);
  assertEquals(figure.layout.axes.xaxis.type, "log");
  assertEquals((speedUp([run("core", 0.05, 1024, 1)]).data[0] as ScatterTrace).name, "core");
  assertThrows(() => speedUp([]), InputError, "0 results");
  const untimed = { ...run("oracle", 0.05, 1024, 1), speedup: null, ci95: null };
  const timed = [run("core", 0.05, 1024, 1)];
  assertEquals(speedUp([untimed, ...timed]).data, speedUp(timed).data);
  assertThrows(() => speedUp([untimed]), InputError, "0 timed results");
});
