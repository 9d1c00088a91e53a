import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { readAblatedHeads } from "../../../lib/experiments/ablate_heads.ts";
import { readBits } from "../../../lab/studies/bits_record.ts";

const folder = "data/results/mini-natural/bits";

Deno.test("bits: the source comes first and loses nothing, then levels by falling bits", async () => {
  const levels = await readBits(folder);
  const [source, ...packed] = levels;
  assertEquals(packed.map(({ level }) => level), [8, 6, 5, 4, 3, 2].map((bits) => `mlx-${bits}`));
  // MLX stores a scale and an offset of 16 bits for each group of 64
  packed.forEach(({ level, stored }) =>
    assertAlmostEquals(stored.attention.bits, Number(level.slice(4)) + 32 / 64)
  );
  assertEquals([source.level, source.agreement.overlap.same.low, source.lost.estimate], [
    "source",
    1,
    0,
  ]);
  assertAlmostEquals(source.agreement.spearman.same.estimate, 1);
});

Deno.test("bits: losses are the differences of the levels' right answers on the same samples", async () => {
  const [source, ...packed] = await readBits(folder, "ram");
  for (const { level, asked, right, lost } of packed) {
    assertEquals(asked, source.asked);
    assertAlmostEquals(lost.estimate, source.right.value - right.value);
    assert(lost.low <= lost.estimate && lost.estimate <= lost.high, level);
  }
});

Deno.test("bits: without the best heads is the record's row of the source's heads", async () => {
  const [source] = await readBits(folder);
  const rows = await readAblatedHeads(`${folder}/source/ablate`);
  const core = rows.find(({ condition, metric, domain }) =>
    condition === "core" && metric === "accuracy" && domain === "all"
  )!;
  assertEquals(source.withoutTop.value, core.value);
  assertEquals(source.withoutRandom.value, core.againstControls!.random.value);
});

Deno.test("bits: a folder without a source is refused", async () => {
  await assertRejects(() => readBits("data/results/mini"), InputError);
});
