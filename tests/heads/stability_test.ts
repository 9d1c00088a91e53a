import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { headScores } from "../../lib/heads/head_scores.ts";
import { domainAgreement, halfAgreement, ruleAgreement } from "../../lib/heads/stability.ts";
import { Random } from "../../lib/stats/random.ts";

/** A lasting map plus noise; one domain may have its map reversed. */
function scores(rule: string, noise: number, reversed: string | null = null) {
  const random = new Random(rule);
  return headScores(
    rule,
    { layers: 4, heads: 5 },
    Array.from({ length: 24 }, (_, i) => {
      const domain = ["scene", "page", "video"][i % 3];
      const lasting = (h: number) => (domain === reversed ? 19 - h : h) / 20;
      return {
        id: `s${i}`,
        domain,
        map: Float32Array.from({ length: 20 }, (_, h) => lasting(h) + noise * random.uniform()),
      };
    }),
  );
}

Deno.test("without noise domains, halves and rules agree fully", () => {
  const ram = scores("ram", 0);
  const table = domainAgreement(ram);
  assertEquals(table.names, ["scene", "page", "video"]);
  for (const measure of [table.tables.kendall, table.tables.jaccard]) {
    measure.flat().forEach((value) => assertAlmostEquals(value, 1, 1e-9));
  }
  assertAlmostEquals(halfAgreement(ram, { splits: 20 }).kendall.mean, 1, 1e-9);
  const rules = ruleAgreement([ram, scores("contrast", 0)]);
  assertEquals(rules.names, ["ram", "contrast"]);
  assertAlmostEquals(rules.tables.spearman[0][1], 1, 1e-9);
});

Deno.test("a domain with the reversed map disagrees with the others", () => {
  const { names, tables } = domainAgreement(scores("ram", 0, "page"));
  const page = names.indexOf("page");
  assertAlmostEquals(tables.kendall[page][names.indexOf("scene")], -1, 1e-9);
  assertAlmostEquals(tables.kendall[names.indexOf("scene")][names.indexOf("video")], 1, 1e-9);
});

Deno.test("noise lowers the agreement of halves", () => {
  const low = halfAgreement(scores("ram", 0.2), { splits: 20 }).kendall.mean;
  const high = halfAgreement(scores("ram", 20), { splits: 20 }).kendall.mean;
  assert(low > 0.8 && high < 0.5 * low, `${low} ${high}`);
});

Deno.test("rules over other samples, or twice the same, are errors", () => {
  const ram = scores("ram", 1);
  assertThrows(() => ruleAgreement([ram, ram]), Error, '"ram" is given twice');
  const other = { ...scores("contrast", 1), sampleIds: ram.sampleIds.toReversed() };
  assertThrows(() => ruleAgreement([ram, other]), Error, "they scored other samples");
});
