import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { flowCurves, type FlowRow } from "../../lib/figures/flow_curves.ts";

const row = (from: string, first: number, estimate: number): FlowRow => ({
  from,
  to: "last",
  layers: [first, first + 1],
  samples: 12,
  logProb: { drop: { estimate, low: estimate - 1, high: estimate + 1 } },
  accuracy: { drop: { estimate: estimate / 10, low: 0, high: 1 } },
});

Deno.test("one line per flow, at the middle of each window", () => {
  const rows = [row("evidence", 0, 1), row("evidence", 1, 3), row("question", 0, 0)];
  const lines = flowCurves(rows).data;
  const drawn = (name: string, y: number[]) =>
    lines.some((one) => one.name === name && JSON.stringify(one.y) === JSON.stringify(y));
  assert(drawn("evidence to last", [1, 3]) && drawn("question to last", [0]));
  const own = lines.find((one) => JSON.stringify(one.y) === "[1,3]")!;
  assertEquals(own.x, [0.5, 1.5]);
  const shares = flowCurves(rows, { metric: "accuracy" }).data;
  assert(shares.some(({ y }) => JSON.stringify(y) === "[10,30]"));
});

Deno.test("without rows there is nothing to draw", () => {
  assertThrows(() => flowCurves([]), InputError, "rows");
});
