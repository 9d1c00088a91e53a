import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../lib/stats/random.ts";
import { sharedMembers } from "../../lib/stats/shared_members.ts";

Deno.test("a member that all chosen sets have is found, with its hypergeometric probability", () => {
  // of 6 sets, 3 hold member 7 and just these are chosen: 1 of 20 ways
  const sets = [[7, 1], [7, 2], [7, 3], [1, 2], [2, 3], [1, 3]];
  const [first] = sharedMembers(sets, [true, true, true, false, false, false]);
  assertEquals([first.member, first.among, first.ofAll, first.expected], [7, 3, 3, 1.5]);
  assertAlmostEquals(first.pValue, Math.min(1, 4 / 20), 1e-9); // Holm: smallest of four members
});

Deno.test("a planted cause is found, and where there is none, rarely anything", () => {
  const random = new Random(5);
  const draw = () => [...random.choice(96, 5)];
  let wrongly = 0;
  for (let repeat = 0; repeat < 40; repeat++) {
    const sets = Array.from({ length: 200 }, draw);
    const [byChance] = sharedMembers(sets, sets.map(() => random.uniform() < 0.3));
    if (byChance.pValue < 0.05) wrongly++;
    const caused = sets.map((set) => set.includes(17) || random.uniform() < 0.05);
    const [first, second] = sharedMembers(sets, caused);
    assert(first.member === 17 && first.pValue < 1e-3 && second.pValue > 0.01);
  }
  assert(wrongly <= 6, `${wrongly} of 40`);
  assertThrows(() => sharedMembers([[1]], []), Error, "1 sets with 0 marks");
});
