import { assertEquals } from "@std/assert";
import { unknownWordsLine, unknownWordsOf } from "../../lib/inputs/unknown_words.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { goldenDir } from "../suites/golden.ts";
import { shippedOrGiven } from "../../lib/families/shipped.ts";

Deno.test("words outside a closed vocabulary are told, each once, and only those of the question", async () => {
  const processor = await loadProcessorOf(shippedOrGiven("mini"));
  const words = async (content: string) =>
    unknownWordsOf(await processor.prepare([{ role: "user", content }]), processor.tokenizer);
  assertEquals(await words("where is the grand total, the GRAND grand total?"), [
    "grand",
    "total",
    "GRAND",
  ]);
  assertEquals(await words("where is the red heart?"), []);
});

Deno.test("a tokenizer that spells every word knows all of them", async () => {
  const processor = await loadProcessorOf(goldenDir("qwen3_vl"));
  const prompt = await processor.prepare([{ role: "user", content: "Zyzzyva, 数字?" }]);
  assertEquals(unknownWordsOf(prompt, processor.tokenizer), []);
});

Deno.test("unknown words are told in one line, none not at all", () => {
  assertEquals(unknownWordsLine([]), null);
  const line = unknownWordsLine(Array.from({ length: 12 }, (_, i) => `w\n${i}`))!;
  assertEquals([line.split("\n").length, line.includes('"w\\n7" and 4 more')], [1, true]);
});
