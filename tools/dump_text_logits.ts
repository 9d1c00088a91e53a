/**
 * Writes prompts of a text model with this library's logits and greedy tokens, for
 * `tools/check_text_transformers.py`.
 *
 *     deno run -A tools/dump_text_logits.ts smol FOLDER [prompts] [greedy tokens]
 *
 * @module
 */
import { join } from "node:path";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { questionMessages } from "../lib/inputs/messages.ts";
import { textNeedle } from "../lab/pages/text_needles.ts";
import { writeSafetensors } from "../lib/weights/safetensors_write.ts";

if (import.meta.main) {
  const [name, folder, count = "4", greedy = "16"] = Deno.args;
  using model = await fromPretrained(name, { dtype: "float32" });
  const texts: Record<string, string> = {};
  const messages: Record<string, { role: string; content: string }[]> = {};
  for (let i = 0; i < Number(count); i++) {
    const sample = textNeedle(i, { needles: 1 + i % 3, sentences: 3 * i, split: "test" });
    const asked = questionMessages({ ...sample, images: [] });
    const prompt = await model.prepare(asked);
    const { logits } = await model.forward(prompt, { logits: "all" });
    const made: number[] = [];
    const options = { maxNewTokens: Number(greedy), stopTokenIds: [] };
    for await (const { id } of model.generate(prompt, options)) made.push(id);
    texts[`${i}`] = prompt.text;
    messages[`${i}`] = asked.map(({ role, content }) => ({
      role,
      content: typeof content === "string"
        ? content
        : (content ?? []).map((part) => part.type === "text" ? part.text : "").join(""),
    }));
    await writeSafetensors(join(folder, `${i}.safetensors`), {
      input_ids: { data: prompt.inputIds, shape: [prompt.inputIds.length] },
      logits: { data: logits!.data, shape: [...logits!.shape] },
      generated: { data: Int32Array.from(made), shape: [made.length] },
    });
  }
  await Deno.writeTextFile(
    join(folder, "prompts.json"),
    JSON.stringify({ dir: await Deno.realPath(model.dir), texts, messages }),
  );
}
