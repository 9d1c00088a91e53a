import { assert, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { checkArrow } from "../../lib/heads/arrow_check.ts";
import { arrowCountProblem } from "../../lib/heads/arrow_counts.ts";
import { headScoresToArrow } from "../../lib/heads/head_scores_file.ts";
import { inflatedFooters } from "./inflated_footers.ts";

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

Deno.test("a footer that claims more than the file holds is refused before it is read", async () => {
  let refused = 0, read = 0;
  for (const changed of inflatedFooters(scores())) {
    if (arrowCountProblem(changed) !== null) {
      await assertRejects(() => checkArrow(changed, "x.arrow"), InputError, "its counts");
      refused++;
    } else if (read++ < 8) { // a worker each: the loops that the counts show are not among them
      const answer = await checkArrow(changed, "x.arrow").catch((error) => error);
      assert(answer === undefined || answer instanceof InputError, String(answer));
      assert(!answer?.message.includes("does not end"), "a footer makes the reader loop");
    }
  }
  assert(refused > 0, "no change was refused: the test has lost its point");
});
