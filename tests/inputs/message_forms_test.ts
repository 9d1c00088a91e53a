import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import type { ChatMessage } from "../../lib/inputs/messages.ts";
import { goldenDir, goldenNames } from "../suites/golden.ts";

/** Messages whose plain texts are lists of one part. */
const inParts = (messages: readonly ChatMessage[]): ChatMessage[] =>
  messages.map((message) =>
    typeof message.content === "string"
      ? { ...message, content: [{ type: "text", text: message.content }] }
      : message
  );

for (const family of goldenNames) {
  Deno.test(`${family}: a plain text and a list with that text give one prompt`, async () => {
    const { prepare } = await loadProcessorOf(goldenDir(family)).then((processor) => ({
      prepare: (messages: readonly ChatMessage[]) => processor.prepare(messages),
    }));
    for (
      const messages of [
        [{ role: "user", content: "What is it?" }],
        [
          { role: "system", content: "Be brief." },
          { role: "user", content: [{ type: "text", text: "Hello" }] },
          { role: "assistant", content: "Hi." },
          { role: "user", content: "Who are you?" },
        ],
      ] satisfies ChatMessage[][]
    ) {
      const found = await prepare(messages), wanted = await prepare(inParts(messages));
      assertEquals(found.text, wanted.text);
      assertEquals([...found.inputIds], [...wanted.inputIds]);
      assertEquals(found.spans, wanted.spans);
      const last = messages[messages.length - 1].content;
      const [[start, end]] = found.question;
      assertEquals(found.text.slice(start, end), last);
    }
  });
}

Deno.test("an empty question is a prompt without a question, an empty conversation none", async () => {
  const processor = await loadProcessorOf(goldenDir("qwen3_vl"));
  const asked = (question: string) =>
    processor.prepare([{ role: "user", content: [{ type: "text", text: question }] }], {
      question,
    });
  const { text, question, spans } = await asked("");
  assertEquals(text, "<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n");
  assertEquals([question, spans.question], [[], []]);
  await assertRejects(() => processor.prepare([]), InputError, "an empty conversation");
  await assertRejects(
    () => processor.prepare("Hello" as unknown as ChatMessage[]),
    InputError,
    "wanted a list of messages",
  );
});
