import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { likeliest, probabilities } from "../../lib/model/likeliest.ts";

const logits = fc.array(fc.double({ min: -300, max: 300, noNaN: true }), {
  minLength: 1,
  maxLength: 30,
});

Deno.test("probabilities add up to one, and their ratios are those of the logits", () => {
  fc.assert(fc.property(logits, fc.double({ min: -50, max: 50, noNaN: true }), (values, shift) => {
    const found = probabilities(values);
    assertAlmostEquals(found.reduce((a, b) => a + b), 1, 1e-9);
    const shifted = probabilities(values.map((value) => value + shift));
    found.forEach((value, i) => assertAlmostEquals(value, shifted[i], 1e-9));
    const [a, b] = [values[0], values.at(-1)!];
    if (Math.abs(a - b) < 20 && found[0] > 1e-9) {
      assertAlmostEquals(Math.log(found.at(-1)! / found[0]), b - a, 1e-9);
    }
  }));
});

Deno.test("the likeliest come first, ties by id", () => {
  assertEquals(likeliest([1, 3, 3, 2], 3).map(({ id }) => id), [1, 2, 3]);
  assertEquals(likeliest([1, 3], 9).length, 2);
  assert(likeliest(new Float32Array([0, 1000]), 1)[0].probability === 1);
});
