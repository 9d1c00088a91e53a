import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { answerLoss, choiceWeights } from "../../../lab/training/answer_loss.ts";

const logits = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), {
  minLength: 6,
  maxLength: 6,
});

Deno.test("a loss moves as its gradient says, with choices and without", () => {
  const property = fc.property(logits, fc.boolean(), (values, chosen) => {
    const choices = chosen ? Int32Array.of(4, 1, 3) : undefined;
    const at = (moved: readonly number[]) =>
      answerLoss(Float32Array.from(moved), { id: 1, choices });
    const { gradient } = at(values), step = 0.05;
    values.forEach((_, i) => {
      const [up, down] = [step, -step].map((by) =>
        at(values.map((value, own) => own === i ? value + by : value)).loss
      );
      assertAlmostEquals((up - down) / (2 * step), gradient[i], 2e-3);
    });
  });
  fc.assert(property);
});

Deno.test("what lies outside of the choices counts by the smaller weight only", () => {
  const row = Float32Array.of(0, 0, 9, 0), choices = Int32Array.of(1, 3);
  const plain = answerLoss(row, { id: 1 }).loss, { loss } = answerLoss(row, { id: 1, choices });
  assertAlmostEquals(loss, choiceWeights.all * plain + choiceWeights.chosen * Math.log(2), 1e-5);
  assertEquals(answerLoss(row, { id: 1, choices }).gradient.length, 4);
});
