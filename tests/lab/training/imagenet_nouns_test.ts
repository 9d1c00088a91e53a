import { assert, assertEquals } from "@std/assert";
import { classIndices, imageNetNouns } from "../../../lab/training/imagenet_nouns.ts";

Deno.test("every class is one of ImageNet's and has one noun", () => {
  const all = Object.values(imageNetNouns).flatMap(classIndices);
  assertEquals(new Set(all).size, all.length);
  assert(all.every((index) => Number.isInteger(index) && index >= 0 && index < 1000));
});

Deno.test("classes stand under the nouns that ILSVRC's order gives them", () => {
  assertEquals(classIndices(imageNetNouns.zebra), [340]);
  assertEquals(classIndices(imageNetNouns.cat), [281, 282, 283, 284, 285]);
  assertEquals(classIndices(imageNetNouns.dog).length, 118);
  assertEquals(classIndices(imageNetNouns.banana), [954]);
});
