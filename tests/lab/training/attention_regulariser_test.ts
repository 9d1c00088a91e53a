import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals } from "@std/assert";
import fc from "fast-check";
import { useBackend } from "../../../lib/backend/select.ts";
import { imageGrids } from "../../../lab/training/curriculum.ts";
import { sequenceLayout, sequenceLength } from "../../../lab/training/layout.ts";
import { tokenIds } from "../../../lab/training/token_format.ts";
import { attentionRegulariser } from "../../../lab/training/attention_regulariser.ts";

await useBackend("auto");

const layout = sequenceLayout({ grids: imageGrids(1, 2), format: "images" }, 3, 2);
const length = sequenceLength(layout);
/** One sequence whose second question has a pad token at its end. */
const inputIds = new Int32Array(length).fill(1);
inputIds[length - 1] = tokenIds.pad;
const batch = { layout, count: 1, inputIds };

/** The penalty on heads with `shares[h]` in every counted row, and `elsewhere` in all others. */
function penaltyOf(
  shares: readonly number[],
  elsewhere = 0,
  what: "sharpness" | "mass" = "sharpness",
): number {
  return tf.tidy(() => {
    const data = new Float32Array(shares.length * length).fill(elsewhere);
    shares.forEach((share, head) => {
      for (let t = layout.context; t < length - 1; t++) data[head * length + t] = share;
    });
    const given = tf.tensor(data, [1, shares.length, length]);
    const both = { sharpness: tf.zerosLike(given), mass: tf.zerosLike(given), [what]: given };
    return attentionRegulariser([both], batch, { sharpness: 1, mass: 0, [what]: 1 }).dataSync()[0];
  });
}

Deno.test("a head that attends to one cell alone costs 1, one that never attends costs nothing", () => {
  assertAlmostEquals(penaltyOf([1]), 1, 1e-6);
  assertAlmostEquals(penaltyOf([0]), 0, 1e-6);
  assertAlmostEquals(penaltyOf([1, 0, 1]), 2, 1e-6);
  assertAlmostEquals(penaltyOf([1, 0, 1], 0, "mass"), 2, 1e-6);
});

Deno.test("rows of the context and pad tokens cost nothing", () => {
  assertAlmostEquals(penaltyOf([0.5, 0.2], 1), penaltyOf([0.5, 0.2], 0), 1e-6);
});

Deno.test("one head with all the attention costs less than two that share it", () => {
  fc.assert(fc.property(fc.double({ min: 0.05, max: 0.95, noNaN: true }), (share) => {
    assert(penaltyOf([1, 0]) < penaltyOf([share, 1 - share]));
  }));
});
