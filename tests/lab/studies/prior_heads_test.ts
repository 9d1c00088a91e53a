import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { intervene } from "../../../lib/causal/intervene.ts";
import { zeroHeads } from "../../../lib/causal/head_mask.ts";
import { allHeads, headName } from "../../../lib/common/head_id.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { tokensOf } from "../../../lib/inputs/token_spans.ts";
import { textNeedles } from "../../../lab/pages/text_needles.ts";
import { ownerCompletion } from "../../../lab/studies/owner_completion.ts";
import { priorHeads } from "../../../lab/studies/prior_heads.ts";

Deno.test("margins without a head are those of whole runs without it", async () => {
  using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf", { dtype: "float32" });
  const samples = textNeedles(3, { needles: 2, sentences: 2, split: "test" }).map((needle, i) => {
    const { id, inputs, spans } = ownerCompletion(model, needle);
    return { id, inputs, spans, said: 40 + i, known: 50 - i };
  });
  const heads = allHeads(model.grid);
  const sets = heads.map((head) => ({ name: headName(head), heads: [head] }));
  const both = { name: "pair", heads: heads.slice(0, 2) };
  const draws = [{ name: "drawn", heads: [heads[0]] }, { name: "drawn", heads: [heads[1]] }];
  const rows = await priorHeads({
    ...{ model, samples, name: "tiny", data: "capitals" },
    sets: [...sets, both, ...draws],
  });
  assertEquals(rows.map(({ name }) => name), [
    ...["none", ...heads.map(headName), "pair", "drawn"],
  ]);
  const marginWithout = async (removed: typeof heads) => {
    let sum = 0;
    for (const { inputs, spans, said, known } of samples) {
      const from = tokensOf(spans.question)[0];
      const attention = intervene(model, [zeroHeads(removed)], inputs, { from });
      const { logits } = await model.forward(inputs, { attention });
      sum += logits!.data[said] - logits!.data[known]; // of one softmax, so also of log-probabilities
    }
    return sum / samples.length;
  };
  const whole = await marginWithout([]);
  for (
    const [name, removed] of [["none", []], [headName(heads[1]), [heads[1]]], [
      "pair",
      both.heads,
    ]] as const
  ) {
    const row = rows.find((one) => one.name === name)!;
    assertAlmostEquals(row.margin, await marginWithout([...removed]), 1e-4);
    assertAlmostEquals(row.change, row.margin - whole, 1e-4);
    const [low, high] = row.changeCi95;
    assert(low <= row.change + 1e-9 && row.change <= high + 1e-9);
  }
  const drawn = rows.find(({ name }) => name === "drawn")!;
  assertEquals(drawn.draws, 2);
  assertAlmostEquals(drawn.change, (rows[1].change + rows[2].change) / 2, 1e-4);
});
