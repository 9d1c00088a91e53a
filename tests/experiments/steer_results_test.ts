import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { steerResults } from "../../lib/experiments/steer_results.ts";
import { wilsonInterval } from "../../lib/stats/proportion.ts";

const heads = [{ layer: 0, head: 0 }];
const set = (condition: "core" | "random", draw: number) => ({
  condition,
  fraction: 0.5,
  draw,
  heads,
});

Deno.test("shares by condition and bias: core over samples, draws pooled, excess against core", () => {
  const plan = [set("core", 0), set("random", 0), set("random", 1)];
  // unsteered; core at biases 2, 4; random 0 at 2, 4; random 1 at 2, 4
  const followed = [[0, 1, 1, 0, 0, 0, 1], [0, 0, 1, 0, 1, 0, 0]];
  const rows = followed.map((own, i) => ({
    id: `${i}`,
    domain: "a",
    target: 0,
    followed: Float32Array.from(own),
    stayed: Float32Array.from(own, (value) => 1 - value),
  }));
  const results = steerResults(rows, plan, [2, 4], { draws: 200, seed: 1 });
  assertEquals(
    results.map(({ condition, bias, draws, followed, stayed }) =>
      [condition, bias, draws, followed, stayed] as const
    ),
    [
      ["none", 0, 1, 0, 1],
      ["core", 2, 1, 0.5, 0.5],
      ["core", 4, 1, 1, 0],
      ["random", 2, 2, 0, 1],
      ["random", 4, 2, 0.5, 0.5],
    ],
  );
  const { low, high } = wilsonInterval(1, 2);
  assertEquals(results[1].followedCi95, [low, high]);
  assertEquals([results[1].coreExcess, results[2].coreExcess], [undefined, undefined]);
  assertAlmostEquals(results[4].coreExcess!, 0.5);
  const [from, to] = results[4].coreExcessCi95!;
  assert(from <= 0.5 && to >= 0.5 && to <= 1);
});
