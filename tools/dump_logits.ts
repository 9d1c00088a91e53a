/**
 * Writes held-out samples with this library's logits, for `tools/check_transformers.py`.
 *
 *     deno run -A tools/dump_logits.ts data/models/mini FOLDER [samples of each domain]
 *
 * @module
 */
import { join } from "node:path";
import { fromPretrained } from "../lib/families/mod.ts";
import { questionMessages } from "../lib/inputs/messages.ts";
import { generateContext } from "../lab/synthetic/context.ts";
import { domainNames } from "../lab/synthetic/domains.ts";
import { encodePng } from "../lib/data/png.ts";

const [directory, folder, count = "2"] = Deno.args;
const model = await fromPretrained(directory, { dtype: "float32" });
const samples = [];
for (const domain of domainNames) {
  for (let seed = 0; seed < Number(count); seed++) {
    const context = generateContext(domain, seed, {
      cellsPerSide: 8,
      images: 1 + seed % 3,
      difficulty: seed % 3,
      split: "test",
    });
    const { question, answer } = context.questions[0];
    const prompt = await model.prepare(
      questionMessages({ images: [...context.images], question }),
    );
    const { logits } = await model.forward(prompt);
    const images = [];
    for (const [i, image] of context.images.entries()) {
      const name = `${domain}-${seed}-${i}.png`;
      await Deno.writeFile(join(folder, name), await encodePng(image));
      images.push(name);
    }
    samples.push({ domain, question, answer, images, logits: [...logits!.data] });
  }
}
await Deno.writeTextFile(join(folder, "samples.json"), JSON.stringify(samples));
model.dispose();
