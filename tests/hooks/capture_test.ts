import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Capture } from "../../lib/hooks/capture.ts";
import { hookNames } from "../../lib/hooks/hook_point.ts";
import { RunHooks } from "../../lib/hooks/run_hooks.ts";
import { testKernels } from "../suites/golden.ts";

const names = hookNames(2, 1);

Deno.test("captures chosen rows of the token axis and frees its tensors", async () => {
  const k = await testKernels();
  const before = k.tensorCount();
  const capture = new Capture({ names: ["embed", "blocks.0.attn.pattern"], rows: [0, 2] }, names);
  const hooks = new RunHooks(capture.hooks, names, k);
  k.scope(() => {
    hooks.apply("embed", k.tensor(Float32Array.of(1, 2, 3), [1, 3, 1]));
    hooks.apply("blocks.0.attn.pattern", k.tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 1, 3, 2]));
  });
  const captured = await capture.finish();
  assertEquals(captured.get("embed"), [{ data: Float32Array.of(1, 3), shape: [1, 2, 1] }]);
  assertEquals(captured.get("blocks.0.attn.pattern"), [
    { data: Float32Array.of(1, 2, 5, 6), shape: [1, 1, 2, 2] },
  ]);
  assertEquals(k.tensorCount(), before);
});

Deno.test("a point that never fired is an error, and so is an impossible row", async () => {
  const k = await testKernels();
  const capture = new Capture({ names: ["vision.embed"] }, names);
  await assertRejects(() => capture.finish(), Error, "never reached");
  const beyond = new Capture({ names: ["embed"], rows: [3] }, names);
  const hooks = new RunHooks(beyond.hooks, names, k);
  assertThrows(() => k.scope(() => hooks.apply("embed", k.zeros([1, 3, 1]))), Error, "rows 0 to 2");
  assertThrows(() => new Capture({ names: ["nothing"] }, names), Error, "no such hook point");
});
