import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { headScores } from "../../lib/heads/head_scores.ts";
import { pairedAgreement } from "../../lib/heads/paired_agreement.ts";
import { Random } from "../../lib/stats/random.ts";

/** The same map for every sample, or one that is drawn. */
function scores(map: (sample: number) => number[], ids: readonly string[], rule = "ram") {
  return headScores(
    rule,
    { layers: map(0).length / 2, heads: 2 },
    ids.map((id, i) => ({ id, domain: "page", map: Float32Array.from(map(i)) })),
  );
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => `sample ${i}`);

Deno.test("paired agreement: of maps without chance it is that of the maps", () => {
  const a = scores(() => [1, 2, 3, 4], ids(6)), b = scores(() => [1, 3, 2, 4], ids(6));
  const found = pairedAgreement(a, b, { fraction: 0.5, splits: 10, draws: 20 });
  assertEquals([found.samples, found.top, found.chanceOverlap], [6, 2, 0.5]);
  // scipy.stats.spearmanr([1, 2, 3, 4], [1, 3, 2, 4]) is 0.8
  for (const value of Object.values(found.spearman.same).slice(0, 3)) {
    assertAlmostEquals(value, 0.8);
  }
  assertAlmostEquals(found.spearman.across, 0.8);
  assertAlmostEquals(found.spearman.within, 1);
  assertEquals(found.overlap.same.estimate, 0.5);
  assertEquals([found.overlap.across, found.overlap.within], [0.5, 1]);
});

Deno.test("paired agreement: samples are matched by their ids, those of one model alone left out", () => {
  const random = new Random(1);
  const maps = Array.from({ length: 8 }, () => Array.from({ length: 4 }, () => random.uniform()));
  const order = [7, 2, 5, 0, 1, 6];
  const a = scores((i) => maps[i], ids(8));
  const b = scores((i) => maps[order[i]], order.map((i) => `sample ${i}`));
  const { samples, spearman, overlap } = pairedAgreement(a, b, { splits: 20, draws: 20 });
  assertEquals(samples, 6);
  for (const value of [spearman.same.low, spearman.same.estimate, overlap.same.low]) {
    assertAlmostEquals(value, 1);
  }
  assertAlmostEquals(spearman.across, spearman.within);
});

Deno.test("paired agreement: shared noise makes maps alike on the same samples, not across halves", () => {
  const random = new Random(2), count = 40;
  const noise = Array.from(
    { length: count },
    () => Array.from({ length: count }, () => random.normal()),
  );
  const a = scores((i) => noise[i], ids(count)),
    b = scores((i) => noise[i].map((x) => 2 * x), ids(count));
  const { spearman } = pairedAgreement(a, b, { splits: 100, draws: 20 });
  assertAlmostEquals(spearman.same.estimate, 1);
  assert(Math.abs(spearman.across) < 0.2 && Math.abs(spearman.within) < 0.2);
});

Deno.test("paired agreement: what a model lost shows across halves", () => {
  const random = new Random(3), heads = 40;
  const measured = (truth: number[]) =>
    scores(() => truth.map((value) => value + 0.1 * random.normal()), ids(30));
  const truth = Array.from({ length: heads }, (_, i) => i / heads);
  const same = pairedAgreement(measured(truth), measured(truth), { splits: 50, draws: 20 });
  const turned = measured(truth.toReversed());
  const lost = pairedAgreement(measured(truth), turned, { splits: 50, draws: 20 });
  assert(same.spearman.across > 0.95 && same.spearman.within > 0.95);
  assert(lost.spearman.across < -0.9 && lost.spearman.within > 0.95);
  assertEquals(lost.overlap.across, 0);
});

Deno.test("paired agreement: what cannot be compared is refused", () => {
  const a = scores(() => [1, 2, 3, 4], ids(6));
  const refused = (b: typeof a, why: string, fraction = 0.05) =>
    assertThrows(() => pairedAgreement(a, b, { fraction }), InputError, why);
  refused(scores(() => [1, 2, 3, 4], ids(6), "calibrated"), "wanted the same rule and heads");
  refused(scores(() => [1, 2], ids(6)), "wanted the same rule and heads");
  refused(scores(() => [1, 2, 3, 4], ids(3)), "on 3 samples that both have");
  refused(a, "fraction must be in (0, 1]", 0);
});
