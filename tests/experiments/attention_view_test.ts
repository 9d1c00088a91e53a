import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  attentionFrom,
  attentionPanels,
  AttentionView,
  headPanels,
} from "../../lib/experiments/attention_view.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { loadImage } from "../../lib/inputs/media_files.ts";
import { questionMessages } from "../../lib/inputs/messages.ts";
import { withEvidence } from "../../lib/inputs/processor.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { domainOf } from "../../lab/synthetic/domains.ts";
import { goldenCase, goldenDir } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

const dir = goldenDir("qwen3_vl");
const mediaDir = `${dir}/expected`;

Deno.test("attention from rows equals those rows of transformers' attention maps", async () => {
  using model = await fromPretrained(dir);
  const golden = await goldenCase("qwen3_vl", "image");
  const { messages } = golden.json as { messages: Parameters<typeof model.prepare>[0] };
  const prompt = await model.prepare(messages, { mediaDir });
  const view = await attentionFrom(model, prompt);
  assertEquals(view.rows, tokensOf(prompt.spans.question));
  const [layers, heads, tokens] = view.shape;
  const reference = golden.tensor("attentions").data;
  const mean = new Float32Array(layers * heads * tokens);
  for (let head = 0; head < layers * heads; head++) {
    for (const row of view.rows) {
      for (let t = 0; t < tokens; t++) {
        mean[head * tokens + t] += reference[(head * tokens + row) * tokens + t] / view.rows.length;
      }
    }
  }
  assertNear(view.data, mean, 1e-4);
  const all = view.massOn([...Array(tokens).keys()]);
  all.forEach((mass) => assertAlmostEquals(mass, 1, 1e-5));
  await assertRejects(() => attentionFrom(model, prompt, [tokens]), Error, "the prompt has 0 to");
  assertThrows(() => view.head({ layer: 9, head: 0 }), Error, "layers are 0 to 3");
});

Deno.test("values of visual tokens lie on their images, the evidence outlined", async () => {
  using model = await fromPretrained(dir);
  const names = ["two_images_image0.png", "two_images_image1.png"];
  const images = await Promise.all(names.map((name) => loadImage(name, { mediaDir })));
  const plain = await model.prepare(questionMessages({ images: images, question: "Which?" }));
  const { width, height } = images[1];
  const prompt = withEvidence(plain, [{ image: 1, box: [0, 0, width, height] }]);
  const values = Float32Array.from(prompt.inputIds, (_, token) => token);
  const panels = attentionPanels(prompt, images, values, { title: "L0H0" });
  assertEquals(panels.map(({ image }) => image), images);
  const shown = panels.flatMap(({ grids }) =>
    grids.flatMap((grid) => [...Array.from(grid.values)])
  );
  assertEquals(shown, tokensOf(prompt.spans.visual)); // every visual token once, in order
  assertEquals(panels[0].boxes, []);
  assertEquals(panels[1].boxes, [[0, 0, width, height]]);
  assertThrows(() => attentionPanels(prompt, images.slice(0, 1), values), Error, "image 1");
});

Deno.test("a head's panels show each sample's evidence", async () => {
  using model = await fromPretrained(dir);
  const options = { cellsPerSide: 4, images: 2, difficulty: 0, split: "test" } as const;
  const samples = ["page", "video"].map((name) => domainOf(name).generate(3, options));
  const panels = await headPanels(model, samples, { layer: 1, head: 2 });
  assertEquals(panels.length, 2);
  panels.forEach(({ title, boxes }, i) => {
    assertEquals(title, `L1H2, ${samples[i].domain}: ${samples[i].question}`);
    assert(boxes.length > 0);
  });
});

Deno.test("the sharpest heads are those with the highest single value", () => {
  const view = new AttentionView([1, 3, 2], Float32Array.of(0.1, 0.9, 0.4, 0.6, 0.7, 0.3), [1]);
  assertEquals(view.sharpest([0], 2), [{ layer: 0, head: 2 }, { layer: 0, head: 1 }]);
  assertEquals(view.sharpest([0, 1], 1), [{ layer: 0, head: 0 }]);
});
