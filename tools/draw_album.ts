/**
 * Draws the README's figure of photographs: what `qwen-photographs` (`tools/train_projector.ts`) answers about `data/album`,
 * which no training saw, and where the head that was best on other photographs looks meanwhile. Prints the numbers.
 *
 *     deno run -A tools/draw_album.ts [--model data/models/qwen-photographs]
 *       [--scores data/results/qwen-photographs/identify] [--out docs/figures/album.svg]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { headName } from "../lib/common/head_id.ts";
import { attentionFrom, attentionPanels } from "../lib/experiments/attention_view.ts";
import { readFoundHeads, scoresBy } from "../lib/experiments/found_heads.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { attentionOverlay } from "../lib/figures/attention_overlay.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { topHeads } from "../lib/heads/select.ts";
import { loadImage } from "../lib/inputs/media_files.ts";
import { tokensOf } from "../lib/inputs/token_spans.ts";
import { completionSample } from "../lab/studies/completion_sample.ts";

/** What the photographs show, in the order in which they are asked about. */
const names = ["cat", "cup", "astronaut", "camera"];

if (import.meta.main) {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      model: { type: "string", default: "data/models/qwen-photographs" },
      scores: { type: "string", default: "data/results/qwen-photographs/identify" },
      out: { type: "string", default: "docs/figures/album.svg" },
      asked: { type: "string", default: "1,3" },
    },
  });
  using model = await fromPretrained(values.model, { dtype: "float32" });
  const found = await readFoundHeads(values.scores);
  const [best] = topHeads(meanScores(scoresBy(found, "calibrated")), model.grid, { count: 1 });
  const images = await Promise.all(
    names.map((name) => loadImage(join("data/album", `${name}.jpg`))),
  );
  const first = (text: string) =>
    model.processor.tokenizer.encode(text, { addSpecialTokens: false })[0];
  const panels = [];
  for (const [i, name] of names.entries()) {
    const question = `What does picture ${i + 1} show?`;
    const sample = {
      ...{ id: name, domain: "album", question, answer: [name], images },
      evidence: [{ image: i }],
    };
    const prompt = await model.prepare([{
      role: "user",
      content: [...images.map((image) => ({ type: "image" as const, image })), {
        type: "text" as const,
        text: question,
      }],
    }], { question, evidence: sample.evidence });
    const view = await attentionFrom(model, prompt), attention = view.head(best);
    const sum = (tokens: readonly number[]) =>
      tokens.reduce((all, token) => all + attention[token], 0);
    const ram = sum(tokensOf(prompt.spans.evidence));
    const begun = { begun: `Picture ${i + 1}:`, rest: ` ${name}` };
    const { inputs } = await completionSample(model, sample, begun);
    const { logits } = await model.forward(inputs);
    const row = logits!.data.slice(-model.config.text.vocabSize);
    const order = [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, 5);
    const choice = names.map((own) => row[first(` ${own}`)]);
    console.log(JSON.stringify({
      ...{ question, head: headName(best), ram, visual: sum(tokensOf(prompt.spans.visual)) },
      likeliest: order.map((id) => model.processor.tokenizer.decode([id])),
      "of the four": names[choice.indexOf(Math.max(...choice))],
    }));
    if (!values.asked.split(",").includes(`${i + 1}`)) continue;
    panels.push(
      ...attentionPanels(prompt, images, attention).map((panel, n) => ({
        ...panel,
        title: n === i ? `${question} ${(100 * ram).toFixed(0)}%` : `Picture ${n + 1}`,
      })),
    );
  }
  const figure = attentionOverlay(panels, {
    ...{ columns: names.length, resolution: 200, imageHeight: 200 },
    title: `${headName(best)} of Qwen2.5-Coder-0.5B: attention that leaves the question`,
  });
  await Deno.writeTextFile(values.out, figure.toSvg());
}
