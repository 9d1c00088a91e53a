import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  discordantPairs,
  mcnemarTest,
  pairedDifferenceInterval,
} from "../../lib/stats/paired_proportions.ts";
import { Random } from "../../lib/stats/random.ts";

Deno.test("Tango's interval inverts the score test with the constrained likelihood", () => {
  // right values: the likelihood under each difference maximised numerically (scipy), test inverted
  const cases = [
    [1, 7, 21, -0.5172322772711974, -0.026003031927620306],
    [12, 3, 40, 0.03888297096622475, 0.4018093772684367],
    [5, 0, 30, 0.03423437351954697, 0.33564350506429824],
    [0, 0, 150, -0.024970244, 0.024970244],
  ];
  for (const [lost, gained, samples, low, high] of cases) {
    const found = pairedDifferenceInterval({ lost, gained, samples });
    assertAlmostEquals(found.low, low, 1e-6);
    assertAlmostEquals(found.high, high, 1e-6);
    const mirrored = pairedDifferenceInterval({ lost: gained, gained: lost, samples });
    assertAlmostEquals(mirrored.low, -found.high, 1e-9);
  }
  const all = pairedDifferenceInterval({ lost: 9, gained: 0, samples: 9 });
  assert(all.high === 1 && all.low > 0.4 && all.low < 0.8);
});

Deno.test("it holds the true difference about 95% of the time, also where few answers change", () => {
  const random = new Random(3);
  for (const [lost, gained] of [[0.2, 0.1], [0.02, 0], [0.9, 0.01], [0.005, 0.005]]) {
    let held = 0;
    for (let repeat = 0; repeat < 1000; repeat++) {
      const pairs = { lost: 0, gained: 0, samples: 60 };
      for (let i = 0; i < 60; i++) {
        const u = random.uniform();
        if (u < lost) pairs.lost++;
        else if (u < lost + gained) pairs.gained++;
      }
      const { low, high } = pairedDifferenceInterval(pairs);
      if (low <= lost - gained && lost - gained <= high) held++;
    }
    assert(held > 920, `${lost}, ${gained}: ${held} of 1000`);
  }
});

Deno.test("McNemar's exact test equals the binomial one", () => {
  // right values: scipy.stats.binomtest
  const cases = [[5, 0, 0.0625], [12, 3, 0.03515625], [7, 7, 1], [1, 7, 0.0703125], [0, 0, 1]];
  for (const [lost, gained, wanted] of cases) {
    assertAlmostEquals(mcnemarTest({ lost, gained, samples: 40 }), wanted, 1e-12);
  }
});

Deno.test("pairs are counted; lists that do not fit and answers that are no answers are errors", () => {
  const pairs = discordantPairs([1, 1, 0, 0], [1, 0, 1, 0]);
  assertEquals(pairs, { lost: 1, gained: 1, samples: 4 });
  assertThrows(() => discordantPairs([1], [1, 0]), Error, "lists of one length");
  assertThrows(() => discordantPairs([0.5], [1]), Error, "not 1 (right) or 0 (wrong)");
  const impossible = { lost: 3, gained: 3, samples: 4 };
  assertThrows(() => pairedDifferenceInterval(impossible), Error, "3 lost and 3 gained of 4");
});
