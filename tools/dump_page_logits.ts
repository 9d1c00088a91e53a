/**
 * Writes page needles with this library's logits, for `tools/check_smol_vision.py`.
 *
 *     deno run -A tools/dump_page_logits.ts data/models/smol-vision FOLDER [samples]
 *
 * @module
 */
import { join } from "node:path";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { questionMessages } from "../lib/inputs/messages.ts";
import { pageNeedle } from "../lab/pages/page_needles.ts";
import { encodePng } from "../lib/data/png.ts";

const [directory, folder, count = "4"] = Deno.args;
const model = await fromPretrained(directory, { dtype: "float32" });
const samples = [];
for (let seed = 0; seed < Number(count); seed++) {
  const { sample } = pageNeedle(seed, {
    kind: seed % 2 === 0 ? "document" : "scene",
    pages: 1 + seed % 3,
    split: "test",
  });
  const prompt = await model.prepare(questionMessages(sample));
  const { logits } = await model.forward(prompt);
  const images: string[] = [];
  for (const [i, image] of sample.images!.entries()) {
    images.push(`${seed}-${i}.png`);
    await Deno.writeFile(join(folder, images[i]), await encodePng(image));
  }
  samples.push({
    question: sample.question,
    images,
    ids: [...prompt.inputIds],
    logits: [...logits!.data],
  });
}
await Deno.writeTextFile(join(folder, "samples.json"), JSON.stringify(samples));
model.dispose();
