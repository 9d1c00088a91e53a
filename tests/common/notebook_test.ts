import { assert, assertEquals, assertThrows } from "@std/assert";
import { breather, Interrupts, notebookKernel, stopSignal } from "../../lib/common/notebook.ts";

Deno.test("a stop ends what had begun, not what begins after it", () => {
  const interrupts = new Interrupts();
  const first = interrupts.signal;
  assertEquals(first, interrupts.signal);
  interrupts.stop();
  assertThrows(() => first.throwIfAborted(), Error, "What was defined before is still there");
  const second = interrupts.signal;
  second.throwIfAborted();
  interrupts.stop();
  assert(second.aborted && !interrupts.signal.aborted);
});

Deno.test("outside of notebooks nothing listens", () => {
  assertEquals(notebookKernel(globalThis), undefined);
  assertEquals(notebookKernel({ Deno: { internal: "i", i: { jupyter: {} } } }), undefined);
  assertEquals(stopSignal().aborted, false);
});

Deno.test("a breath lets waiting events through, at most every 50 milliseconds", async () => {
  let time = 0;
  const breathe = breather(() => time);
  let events = 0;
  const count = () => setTimeout(() => events++, 0);
  count();
  await breathe();
  assertEquals(events, 0);
  time = 51;
  await breathe();
  assertEquals(events, 1);
  count();
  await breathe();
  assertEquals(events, 1);
  await new Promise((resolve) => setTimeout(resolve, 1));
});
