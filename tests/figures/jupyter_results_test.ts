import { assert, assertEquals } from "@std/assert";
import { keepResultsInPlace } from "../../lib/figures/jupyter_results.ts";

/** A kernel that notes what is asked of it. */
function kernel(events: string[]) {
  const internal = Symbol("internal");
  const jupyter = {
    broadcastResult: async (count: number, value: unknown) => {
      await Promise.resolve();
      events.push(`result ${count} ${value}`);
    },
  };
  return { scope: { Deno: { internal, [internal]: { jupyter } } }, jupyter };
}

Deno.test("a cell ends only after its result and the wait", async () => {
  const events: string[] = [];
  const { scope, jupyter } = kernel(events);
  const wait = async () => {
    await Promise.resolve();
    events.push("waited");
  };
  assert(keepResultsInPlace(scope, wait));
  await jupyter.broadcastResult(3, "figure");
  events.push("next cell");
  assertEquals(events, ["result 3 figure", "waited", "next cell"]);
});

Deno.test("called twice, it waits once", async () => {
  const events: string[] = [];
  const { scope, jupyter } = kernel(events);
  const wait = () => Promise.resolve(void events.push("waited"));
  keepResultsInPlace(scope, wait);
  assert(keepResultsInPlace(scope, wait));
  await jupyter.broadcastResult(1, 2);
  assertEquals(events, ["result 1 2", "waited"]);
});

Deno.test("where there is no kernel, nothing is changed", () => {
  assertEquals(keepResultsInPlace({}), false);
  assertEquals(keepResultsInPlace({ Deno: {} }), false);
  assertEquals(keepResultsInPlace({ Deno: { internal: "i", i: {} } }), false);
});
