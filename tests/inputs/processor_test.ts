import { assert, assertEquals, assertRejects } from "@std/assert";
import { internvlInputs } from "../../lib/families/internvl.ts";
import { qwen3VlInputs } from "../../lib/families/qwen3_vl.ts";
import type { RgbImage } from "../../lib/inputs/image.ts";
import { questionMessages } from "../../lib/inputs/messages.ts";
import { loadProcessor, Processor, withEvidence } from "../../lib/inputs/processor.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { goldenDir } from "../suites/golden.ts";

// Equality with transformers is tested for every family in families/input_recipes_test.ts.
const picture = (width: number, height: number, level = 0): RgbImage => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(level),
});
const qwen = await loadProcessor(goldenDir("qwen3_vl"), qwen3VlInputs);
const internvl = await loadProcessor(goldenDir("internvl"), internvlInputs);

Deno.test("spans: what decodes from them is what they are named after", async () => {
  const images = [picture(64, 64), picture(96, 64)];
  const question = "Where is the naïve 猫?";
  const messages = questionMessages({ images, question, system: "Be brief." });
  const prompt = await qwen.prepare(messages);
  const decoded = (name: "system" | "visual" | "question") =>
    qwen.tokenizer.decode(tokensOf(prompt.spans[name]).map((token) => prompt.inputIds[token]));
  assertEquals(decoded("system"), "Be brief.");
  assertEquals(decoded("question"), question);
  assertEquals(decoded("visual"), "<|image_pad|>".repeat(4 + 6));
  assertEquals(prompt.spans.answer, []);
  assertEquals(prompt.grids.map(({ rows, columns }) => [rows, columns]), [[2, 2], [2, 3]]);
});

Deno.test("spans: a part of the message as the question, and the assistant's answer", async () => {
  const messages = [
    { role: "user", content: "Ann has the key. Who has the key?" },
    { role: "assistant", content: "Ann" },
  ];
  const question = "Who has the key?";
  const templateArguments = { add_generation_prompt: false };
  const prompt = await qwen.prepare(messages, { question, templateArguments });
  const text = (spans: readonly (readonly [number, number])[]) =>
    qwen.tokenizer.decode(tokensOf(spans).map((token) => prompt.inputIds[token])).trim();
  assertEquals(text(prompt.spans.question), question);
  assertEquals(text(prompt.spans.answer), "Ann");
  const evidence = withEvidence(prompt, [{ text: [0, 3] }]);
  assertEquals(text(evidence.spans.evidence), "Ann");
});

Deno.test("evidence: a quarter of the image is a quarter of its tokens", async () => {
  const messages = questionMessages({ images: [picture(128, 128)], question: "What?" });
  const prompt = await qwen.prepare(messages);
  const [grid] = prompt.grids;
  assertEquals([grid.rows, grid.columns], [3, 3]);
  const box = [0, 0, 80, 80] as const; // 1.9 tokens wide
  const { spans } = withEvidence(prompt, [{ image: 0, box }]);
  const { start } = grid;
  assertEquals(spans.evidence, [[start, start + 2], [start + 3, start + 5]]);
  const evidence = [{ image: 0, box }];
  assertEquals((await qwen.prepare(messages, { evidence })).spans, spans);
});

Deno.test("images and videos that share a tensor are joined in prompt order", async () => {
  const frames = [picture(56, 56, 51), picture(56, 56, 102)];
  const content = [
    { type: "image", image: picture(56, 56, 153) },
    { type: "video", video: frames, fps: 1 },
    { type: "image", image: picture(112, 56, 204) },
    { type: "text", text: "What?" },
  ] as const;
  const { media, grids, text } = await internvl.prepare([{ role: "user", content }]);
  const { data, shape } = media.pixel_values;
  assertEquals(shape, [1 + 2 + 3, 3, 56, 56]);
  const size = 3 * 56 * 56;
  const greys = Array.from(
    { length: 6 },
    (_, i) => Math.round((data[i * size] * 0.229 + 0.485) * 255),
  );
  assertEquals(greys, [153, 51, 102, 204, 204, 204]);
  assertEquals(grids.map(({ kind }) => kind), [
    ...["image", "video", "video"],
    ...["image", "image", "image"],
  ]);
  assert(text.includes("Frame1: <img>") && text.includes("\nFrame2: <img>"));
});

Deno.test("what a model does not take is refused", async () => {
  const textOnly = new Processor(qwen.tokenizer, qwen.template, {
    ...qwen.recipe,
    images: null,
    videos: null,
  });
  const asked = questionMessages({ images: [picture(64, 64)], question: "What?" });
  await assertRejects(() => textOnly.prepare(asked), Error, "this model takes no images");
  const typed = questionMessages({ question: "What is <|image_pad|>?" });
  await assertRejects(() => qwen.prepare(typed), Error, "stands for an image");
  const still = questionMessages({ video: { frames: [picture(64, 64)] }, question: "What?" });
  await assertRejects(
    () => qwen.prepare(still),
    Error,
    "a video of 1 frame: wanted at least 2; give a single frame as an image",
  );
  const strip = questionMessages({ images: [picture(402, 2)], question: "What?" });
  await assertRejects(() => qwen.prepare(strip), Error, "at most 200 times");
  const missing = questionMessages({ images: ["none.png"], question: "What?" });
  await assertRejects(() => qwen.prepare(missing), Error, "none.png");
});
