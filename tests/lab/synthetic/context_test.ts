import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { generateContext } from "../../../lab/synthetic/context.ts";
import { domainNames } from "../../../lab/synthetic/specs.ts";

const options = { cellsPerSide: [6, 4], images: 2, difficulty: 3, split: "train" } as const;

Deno.test("generateContext: equal for equal seeds, labels in the order of the visual tokens", () => {
  for (const domain of domainNames) {
    const one = generateContext(domain, 5, options);
    assertEquals(one, generateContext(domain, 5, options));
    assertNotEquals(one.labels, generateContext(domain, 6, options).labels);
    assertNotEquals(one.labels, generateContext(domain, 5, { ...options, split: "test" }).labels);
    assertEquals(Array.from(one.labels), one.boards.flatMap((board) => Array.from(board.words)));
    assertEquals(one.labels.length, 6 * 4 * 2);
  }
});

Deno.test("generateContext: images of 16 pixels a cell, or none", () => {
  const { images, labels } = generateContext("scene", 1, options);
  assertEquals(images.map(({ width, height }) => [width, height]), [[96, 64], [96, 64]]);
  const undrawn = generateContext("scene", 1, { ...options, draw: false });
  assertEquals(undrawn.images, []);
  assertEquals(undrawn.labels, labels);
});

Deno.test("generateContext: more questions do not change the images' words", () => {
  const few = generateContext("page", 2, options);
  const many = generateContext("page", 2, { ...options, questions: 5 });
  assertEquals(few.labels, many.labels);
  assertEquals(many.questions.length, 5);
  assertEquals(many.questions[0].keyIds, few.questions[0].keyIds);
});

Deno.test("generateContext: no questions are refused", () => {
  assertThrows(() => generateContext("page", 2, { ...options, questions: 0 }), InputError, "ask 0");
});
