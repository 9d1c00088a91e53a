import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { secondsOfUnits, unitsToTry } from "../../lib/cluster/cost.ts";

const units = fc.array(
  fc.record({ media: fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 3 }) }),
  { minLength: 1, maxLength: 30 },
);

Deno.test("few units are tried, each once, and one that reuses media right after its fellow", () => {
  fc.assert(fc.property(units, (given) => {
    const tries = unitsToTry(given);
    assert(tries.length >= 1 && tries.length <= 5);
    assertEquals(new Set(tries.map(({ place }) => place)).size, tries.length);
    assertEquals(tries[0].says, "warm-up");
    for (const [i, { place, says }] of tries.entries()) {
      if (says === "reusing") assertEquals(given[place].media, given[tries[i - 1].place].media);
    }
    const shared = given.some(({ media }, i) =>
      media.length > 0 && given.some((other, j) => i !== j && `${other.media}` === `${media}`)
    );
    assertEquals(tries.some(({ says }) => says === "reusing"), shared);
  }));
});

Deno.test("the estimate is the sum of what units take, where that goes by weight and reuse", () => {
  fc.assert(fc.property(units, fc.double({ min: 0.1, max: 1, noNaN: true }), (given, share) => {
    const seen = new Set<string>();
    const truth = given.map(({ media }) => {
      const alone = 2 + 3 * media.length, again = media.length > 0 && seen.has(`${media}`);
      seen.add(`${media}`);
      return alone * (again ? share : 1);
    });
    const tried = unitsToTry(given).map(({ place, says }) => ({
      place,
      says,
      seconds: (2 + 3 * given[place].media.length) *
        ({ alone: 1, reusing: share, "warm-up": 9 })[says],
    }));
    if (!tried.some(({ says }) => says === "alone")) return; // nothing but units that warm up
    const { seconds, saved } = secondsOfUnits(given, tried);
    const weights = new Set(
      tried.filter(({ says }) => says === "alone").map(({ place }) => given[place].media.length),
    );
    for (const [i, { media }] of given.entries()) {
      if (weights.has(media.length) || weights.size > 1) {
        assertAlmostEquals(seconds[i], truth[i], 1e-6);
      }
    }
    assert(saved >= 0);
  }));
});
