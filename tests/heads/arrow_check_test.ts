import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { checkArrow } from "../../lib/heads/arrow_check.ts";
import { headScoresToArrow } from "../../lib/heads/head_scores_file.ts";

/** A file of scores; the reader loops for ever over it when its footer claims too many batches. */
function scores(): Uint8Array {
  const shape = [2, 3, 4] as const;
  const data = Float32Array.from({ length: 24 }, (_, i) => i / 24);
  return headScoresToArrow([{
    rule: "ram",
    sampleIds: ["a", "b"],
    domains: ["x", "x"],
    shape,
    data,
  }]);
}

Deno.test("a whole Arrow file passes, cut and foreign ones are told", async () => {
  const bytes = scores();
  await checkArrow(bytes, "x.arrow");
  for (
    const damaged of [bytes.slice(0, bytes.length - 30), new TextEncoder().encode("{}".repeat(99))]
  ) {
    await assertRejects(() => checkArrow(damaged, "x.arrow"), InputError, "x.arrow");
  }
});

Deno.test("whatever a changed footer makes the reader do, an answer comes in time", async () => {
  const bytes = scores();
  const length = new DataView(bytes.buffer).getInt32(bytes.length - 10, true);
  const footer = bytes.length - 10 - length;
  let ended = 0;
  for (let at = footer; at < bytes.length - 12 && ended < 1; at += 4) {
    const view = new DataView(bytes.slice().buffer);
    const value = view.getInt32(at, true);
    if (value < 0 || value > 8) continue; // counts and small offsets
    view.setInt32(at, 0x7fffff00, true);
    const start = performance.now();
    const answer = await checkArrow(new Uint8Array(view.buffer), "x.arrow", 200).catch((e) => e);
    assert(answer === undefined || answer instanceof InputError, String(answer));
    assert(performance.now() - start < 10_000);
    if (answer?.message.includes("does not end")) ended++;
  }
  assertEquals(ended > 0, true, "no change made the reader loop: the test has lost its point");
});
