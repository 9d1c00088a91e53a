import { assert, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { fromPretrained } from "../../../lib/families/mod.ts";
import { questionMessages } from "../../../lib/inputs/messages.ts";
import { Random } from "../../../lib/stats/random.ts";
import { assembleBatch, contextIds } from "../../../lab/training/batches.ts";
import { imageGrids } from "../../../lab/training/curriculum.ts";
import { answerContext } from "../../../lab/training/evaluate.ts";
import { exportedWeights, exportModel } from "../../../lab/training/export.ts";
import { loadExported } from "../../../lab/training/imported.ts";
import { sequenceLayout } from "../../../lab/training/layout.ts";
import { miniConfig, miniSizes, ModelParameters } from "../../../lab/training/parameters.ts";
import { taskContext } from "../../../lab/training/task_contexts.ts";
import {
  encodeText,
  questionTokens,
  tokenIds,
  vocabSize,
} from "../../../lab/training/token_format.ts";
import { Trainer } from "../../../lab/training/trainer.ts";
import { words } from "../../../lab/synthetic/vocabulary.ts";

await useBackend("auto");
const config = miniConfig({ ...miniSizes, layers: 2 }, {
  vocabSize,
  image: tokenIds.image,
  video: tokenIds.video,
  end: tokenIds.end,
});
const parameters = new ModelParameters(config, 3);
const directory = await Deno.makeTempDir();
await exportModel(directory, config, parameters);

const context = taskContext(new Random(1), {
  domain: "document",
  grids: imageGrids(2, 4),
  difficulty: 2,
  pairs: 6,
  questions: 4,
  words: 64,
  split: "test",
  pixels: true,
});
const layout = { grids: imageGrids(2, 4), format: "images" } as const;

Deno.test("every word is one token of the exported tokenizer, and comes back as it was", async () => {
  using model = await fromPretrained(directory);
  const { tokenizer } = model.processor;
  const text = words.join(" ");
  const ids = [...tokenizer.encode(text)];
  assertEquals(ids, words.map((_, id) => id));
  assertEquals(ids, encodeText(text));
  assertEquals([...tokenizer.encode("redstar,unheard?")], encodeText("redstar,unheard?"));
  assertEquals(
    tokenizer.decode([0, 1, tokenIds.end], { skipSpecialTokens: true }),
    `${words[0]} ${words[1]}`,
  );
});

Deno.test("the exported chat template is Qwen3-VL's, as the shipped models have it", async () => {
  const read = (folder: string) => Deno.readTextFile(`${folder}/chat_template.jinja`);
  assertEquals(await read(directory), await read("data/models/mini"));
});

Deno.test("training sees the tokens, positions and pixels that the processor makes", async () => {
  using model = await fromPretrained(directory);
  const { question, answer } = context.questions[0];
  const prompt = await model.prepare(
    questionMessages({ images: [...context.task.images], question }),
  );
  const block = questionTokens(question, answer);
  assertEquals([...prompt.inputIds], [
    ...contextIds(layout),
    ...block.ids.slice(0, block.answerStart),
  ]);
  const own = sequenceLayout(layout, block.answerStart, 1);
  assertEquals(prompt.positionIds, own.positionIds);
  assertEquals(prompt.media.pixel_values.data, context.pixels);
});

Deno.test("videos too, when each frame is shown twice at 2 frames per second", async () => {
  using model = await fromPretrained(directory);
  const { question, answer } = context.questions[0];
  const frames = context.task.images.flatMap((image) => [image, image]);
  const prompt = await model.prepare(
    questionMessages({ video: { frames, fps: 2 }, question }),
  );
  const block = questionTokens(question, answer);
  const video = { ...layout, format: "video" } as const;
  assertEquals(
    [...prompt.inputIds],
    [...contextIds(video), ...block.ids.slice(0, block.answerStart)],
  );
  assertEquals(prompt.positionIds, sequenceLayout(video, block.answerStart, 1).positionIds);
  assertEquals(prompt.media.pixel_values_videos.data, context.pixels);
});

Deno.test("the exported model answers as the training forward pass does", async () => {
  using model = await fromPretrained(directory, { dtype: "float32" });
  const trainer = new Trainer(config, parameters, { muonRate: 0, adamRate: 0 });
  const batch = assembleBatch(layout, [context]);
  const trained = trainer.scores(batch, new Random(0));
  const prompt = await model.prepare(
    questionMessages({ images: [...context.task.images], question: context.questions[0].question }),
  );
  const { logits } = await model.forward(prompt);
  const row = batch.questions[0].judged[0]; // the row that gives the answer's first token
  const ours = trained.data.subarray(row * vocabSize, (row + 1) * vocabSize);
  const scale = Math.max(...ours.map(Math.abs));
  const worst = Math.max(...ours.map((x, i) => Math.abs(x - logits!.data[i])));
  assert(worst < 0.03 * scale, `${worst} of ${scale}`); // the weights were rounded to bfloat16
  trainer.dispose();
});

Deno.test("asking a whole context equals asking each question alone", async () => {
  using model = await fromPretrained(directory);
  const together = await answerContext(model.network, layout, context);
  for (const [i, question] of context.questions.entries()) {
    assertEquals(
      await answerContext(model.network, layout, { ...context, questions: [question] }),
      [together[i]],
    );
  }
});

Deno.test("an exported model can be trained on: its weights come back up to bfloat16's rounding", async () => {
  const again = new ModelParameters(config, 4);
  await loadExported(directory, again);
  const [were, are] = [
    await exportedWeights(config, parameters),
    await exportedWeights(config, again),
  ];
  for (const [name, { data }] of Object.entries(were)) {
    data.forEach((value, i) => {
      const distance = Math.abs(are[name].data[i] - value);
      assert(
        distance <= Math.abs(value) * 2 ** -7,
        `${name}[${i}] is ${are[name].data[i]}, was ${value}`,
      );
    });
  }
  again.dispose();
});
