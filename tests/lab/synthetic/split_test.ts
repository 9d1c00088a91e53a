import { assert, assertEquals } from "@std/assert";
import {
  heldOutPairRatio,
  isHeldOutObject,
  isHeldOutPair,
  sampleRandom,
  splits,
} from "../../../lab/synthetic/split.ts";
import { objectParts } from "../../../lab/synthetic/vocabulary.ts";

Deno.test("sampleRandom: splits, domains and seeds have streams of their own", () => {
  const starts = new Set<string>();
  let streams = 0;
  for (const split of splits) {
    for (const domain of ["scene", "page"]) {
      for (const seed of [-1, 0, 1, 2 ** 40]) {
        const random = sampleRandom(split, domain, seed);
        starts.add([random.uint32(), random.uint32()].join());
        streams++;
      }
    }
  }
  assertEquals(starts.size, streams);
  assertEquals(sampleRandom("test", "page", 3).uint32(), sampleRandom("test", "page", 3).uint32());
});

Deno.test("isHeldOutPair: an eighth of the answers of every key, and of the keys of every answer", () => {
  const all = Array.from({ length: 64 }, (_, i) => i);
  for (const fixed of all) {
    const answers = all.filter((answer) => isHeldOutPair(fixed, answer));
    const keys = all.filter((key) => isHeldOutPair(key, fixed));
    assertEquals([answers.length, keys.length], [64 / heldOutPairRatio, 64 / heldOutPairRatio]);
  }
  // Also among the 16 words that training begins with.
  const few = all.slice(0, 16).flatMap((key) => all.slice(0, 16).map((answer) => [key, answer]));
  const held = few.filter(([key, answer]) => isHeldOutPair(key, answer)).length;
  assert(held > 0 && held < few.length / 4);
});

Deno.test("isHeldOutObject: one object of each colour and of each shape", () => {
  const held = Array.from({ length: 64 }, (_, i) => i).filter(isHeldOutObject).map(objectParts);
  assertEquals(held.length, 8);
  assertEquals(new Set(held.map(({ colour }) => colour)).size, 8);
  assertEquals(new Set(held.map(({ shape }) => shape)).size, 8);
});
