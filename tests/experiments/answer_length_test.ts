import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  AnswerBudget,
  answerTokens,
  opensThoughts,
  thinkingTokens,
} from "../../lib/experiments/answer_length.ts";
import { answerSamples } from "../../lib/experiments/answers.ts";
import { ablationSamples } from "../../lib/experiments/ablation_samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { listSamples } from "../../lib/data/shipped_samples.ts";
import { loadTokenizer } from "../../lib/inputs/tokenizer.ts";
import { goldenDir } from "../suites/golden.ts";

Deno.test("answerTokens: no form of an answer with the text of any choice is cut", async () => {
  const tokenizer = await loadTokenizer(goldenDir("qwen3_vl"));
  const encode = (text: string) => tokenizer.encode(text, { addSpecialTokens: false }).length;
  const word = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" });
  fc.assert(fc.property(fc.array(word, { minLength: 2, maxLength: 5 }), (choices) => {
    const tokens = answerTokens(tokenizer, { answer: ["A", choices[0]], choices });
    for (const [i, text] of choices.entries()) {
      const letter = "ABCDE"[i];
      for (const said of [letter, `(${letter}) ${text}`, `${letter}. ${text}`, text]) {
        assert(encode(said) < tokens, `${said}: ${encode(said)} tokens of ${tokens}`);
      }
    }
  }));
  const long = "a rather long answer that goes on for some more words than eight";
  for (const metric of [undefined, "text"] as const) {
    assert(answerTokens(tokenizer, { answer: ["x", long], metric }) > encode(long));
  }
  assertEquals(answerTokens(tokenizer, { answer: "1", metric: "box" }), 48);
});

/** Tokens that are texts: the budget's count of those that it lets through. */
function spent(said: readonly string[], tokens: number, prompt = ""): number {
  const budget = new AnswerBudget((ids) => ids.map((id) => said[id]).join(""), tokens, prompt);
  const ids: number[] = [];
  while (ids.length < said.length) {
    ids.push(ids.length);
    if (!budget.allows(ids)) break;
  }
  return ids.length;
}

Deno.test("AnswerBudget: thoughts have room, the answer behind them has its own, others end", () => {
  const words = (count: number) => Array.from({ length: count }, () => "word ");
  assertEquals(spent(words(99), 12), 12);
  assertEquals(spent(["<think>", ...words(500), "</think>", ...words(99)], 12), 502 + 12);
  assertEquals(
    spent(["<th", "ink", ">", ...words(500), "</", "think", ">", ...words(99)], 12),
    517,
  );
  assertEquals(spent([...words(500), "</think>", ...words(99)], 12, "x<think>\n"), 501 + 12);
  assertEquals(spent(words(9999), 12, "x<think>\n"), 12 + thinkingTokens);
  assertEquals(spent(["</think>", ...words(99)], 12, "<think>"), 8 + 12);
  assertEquals(["<think>\n", "<thinking> ", "a", "<think></think>"].map(opensThoughts), [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("a prompt that opens thoughts: answers have room, and what is only thought is not right", async () => {
  const folder = await Deno.makeTempDir();
  for await (const { name, isFile } of Deno.readDir(goldenDir("qwen3_vl"))) {
    if (isFile) await Deno.copyFile(`${goldenDir("qwen3_vl")}/${name}`, `${folder}/${name}`);
  }
  const template = await Deno.readTextFile(`${folder}/chat_template.jinja`);
  const opened = template.replace(
    "assistant\\n' }}\n{%- endif %}",
    "assistant\\n<think>\\n' }}\n{%- endif %}",
  );
  await Deno.writeTextFile(`${folder}/chat_template.jinja`, opened);
  using model = await fromPretrained(folder);
  const [sample] = (await listSamples("shipped:scene")).slice(0, 1);
  const { judge, maxNewTokens } = await ablationSamples(model, [sample])[0].load();
  const said = (text: string) => [...model.processor.tokenizer.encode(text)];
  const right = typeof sample.answer === "string" ? sample.answer : sample.answer[0];
  assertEquals([judge!(said(`hm</think>${right}`)), judge!(said(right))], [true, false]);
  assert(maxNewTokens! > thinkingTokens);
  const [{ answer, correct }] = await answerSamples(model, [sample], { maxNewTokens: 3 });
  assert(answer !== "" && !correct);
  await Deno.remove(folder, { recursive: true });
});
