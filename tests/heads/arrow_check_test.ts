import { assert, assertThrows } from "@std/assert";
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

/** Passes or is refused with an {@link InputError}; true if it is refused before it is read. */
function isRefused(bytes: Uint8Array): boolean {
  try {
    checkArrow(bytes, "x.arrow");
  } catch (error) {
    assert(error instanceof InputError, String(error));
  }
  return arrowCountProblem(bytes) !== null;
}

Deno.test("a whole Arrow file passes, cut and foreign ones are told", () => {
  const bytes = scores();
  checkArrow(bytes, "x.arrow");
  for (
    const damaged of [bytes.slice(0, bytes.length - 30), new TextEncoder().encode("{}".repeat(99))]
  ) {
    assertThrows(() => checkArrow(damaged, "x.arrow"), InputError, "x.arrow");
  }
});

Deno.test("a footer that claims more than the file holds is refused before it is read", () => {
  const refused = [...inflatedFooters(scores())].filter(isRefused);
  assert(refused.length > 0, "no change was refused: the test has lost its point");
});

Deno.test("a block that points to no batch is refused: the reader would ask for it for ever", () => {
  const bytes = scores();
  let refused = 0;
  for (let at = 8; at < bytes.length - 12; at += 4) {
    for (const value of [-1, 0, 1, 255, 0x7fffff00]) {
      const view = new DataView(bytes.slice().buffer);
      view.setInt32(at, value, true);
      const changed = new Uint8Array(view.buffer);
      if (isRefused(changed) && arrowCountProblem(changed)!.includes("points to no batch")) {
        refused++;
      }
    }
  }
  assert(refused > 0, "no change was refused: the test has lost its point");
});
