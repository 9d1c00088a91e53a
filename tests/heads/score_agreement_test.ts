import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { scoreAgreement } from "../../lib/heads/score_agreement.ts";

Deno.test("maps agree with themselves, disagree when turned round, and share their top heads", () => {
  const up = Array.from({ length: 20 }, (_, i) => i), down = up.toReversed();
  const swapped = [...up.slice(0, 18), 0.5, 19];
  const { names, spearman, overlap, top } = scoreAgreement({ up, down, swapped }, 0.1);
  assertEquals([names, top], [["up", "down", "swapped"], 2]);
  assertAlmostEquals(spearman[0][0], 1);
  assertAlmostEquals(spearman[0][1], -1);
  assertEquals([overlap[0][0], overlap[0][1], overlap[0][2]], [1, 0, 0.5]);
  assertThrows(() => scoreAgreement({ up }), Error, "at least 2");
  assertThrows(() => scoreAgreement({ up, short: [1] }), Error, "20, 1 heads");
  assertThrows(() => scoreAgreement({ up, down }, 0), Error, "(0, 1]");
});
