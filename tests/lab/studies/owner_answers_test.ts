import { assertAlmostEquals, assertEquals } from "@std/assert";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import {
  ownerAnswerResults,
  type OwnerAnswerRow,
  ownerAnswers,
  readOwnerAnswers,
} from "../../../lab/studies/owner_answers.ts";

Deno.test("ownerAnswerResults: shares and Wilson's intervals by kind of prompt", () => {
  const row = (needles: number, free: number, chosen: number): OwnerAnswerRow => ({
    ...{ id: "", form: "completion", needles, sentences: 1, tokens: 10 * needles, free, chosen },
  });
  const rows = [row(2, 1, 1), row(2, 0, 1), row(2, 0, 0), row(2, 0, 1), row(8, 1, 1)];
  const [two, eight] = ownerAnswerResults(rows);
  assertEquals([two.samples, two.tokens, two.free, two.chosen, two.chance], [
    4,
    20,
    0.25,
    0.75,
    0.5,
  ]);
  // statsmodels: proportion_confint(1, 4, method="wilson") and (3, 4, ...)
  assertAlmostEquals(two.free95[0], 0.04558726, 1e-6);
  assertAlmostEquals(two.free95[1], 0.69935816, 1e-6);
  assertAlmostEquals(two.chosen95[0], 1 - 0.69935816, 1e-6);
  assertEquals([eight.samples, eight.chance], [1, 0.125]);
});

Deno.test("ownerAnswers: a model of random weights knows no owner; the record is read back", async () => {
  using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf", { dtype: "float32" });
  const folder = await Deno.makeTempDir();
  const kinds = [
    { form: "completion", needles: 4, sentences: 1 },
    { form: "chat", needles: 4, sentences: 1 },
  ] as const;
  const found = await ownerAnswers({ model, kinds, samples: 3, name: "tiny" }, { folder });
  assertEquals(found.map(({ form, samples, free }) => [form, samples, free]), [
    ["completion", 3, 0],
    ["chat", 3, 0],
  ]);
  const read = await readOwnerAnswers(folder);
  assertEquals(read.map(({ tokens }) => tokens > 30), [true, true]);
  assertEquals(read.length, 2);
  await Deno.remove(folder, { recursive: true });
});
