/**
 * Draws the README's figure of photographs: what `qwen-photographs` (`tools/train_projector.ts`) answers about `data/album`,
 * which no training saw, and where the head that was best on texts (`data/results/qwen/identify`) looks when the answer begins.
 * Prints the numbers.
 *
 *     deno run -A tools/draw_album.ts [--model data/models/qwen-photographs]
 *       [--scores data/results/qwen/identify] [--out docs/figures/album.svg]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { type HeadId, headName } from "../lib/common/head_id.ts";
import { attentionPanels } from "../lib/experiments/attention_view.ts";
import { readFoundHeads, scoresBy } from "../lib/experiments/found_heads.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { attentionOverlay } from "../lib/figures/attention_overlay.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { topHeads } from "../lib/heads/select.ts";
import { loadImage } from "../lib/inputs/media_files.ts";
import { tokensOf } from "../lib/inputs/token_spans.ts";
import { likeliest } from "../lib/model/likeliest.ts";
import { firstToken, likeliestToken } from "../lab/studies/next_token.ts";
import { replyView } from "../lab/studies/reply_view.ts";

/** What the photographs show, in the order in which they are asked about. */
const names = ["cat", "cup", "astronaut", "camera"];

/** A drawing whose photographs are JPEG, a fifth as large. */
async function withJpegs(svg: string): Promise<string> {
  const pixels = /data:image\/png;base64,([^"]*)/g, urls = new Map<string, string>();
  for (const [url, base64] of svg.matchAll(pixels)) {
    const jpeg = await sharp(Uint8Array.fromBase64(base64)).jpeg({ quality: 80 }).toBuffer();
    urls.set(url, `data:image/jpeg;base64,${jpeg.toString("base64")}`);
  }
  return svg.replaceAll(pixels, (url) => urls.get(url)!);
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      model: { type: "string", default: "data/models/qwen-photographs" },
      scores: { type: "string", default: "data/results/qwen/identify" },
      out: { type: "string", default: "docs/figures/album.svg" },
    },
  });
  using model = await fromPretrained(values.model, { dtype: "float32" });
  const found = await readFoundHeads(values.scores);
  const heads = topHeads(meanScores(scoresBy(found, "calibrated")), model.grid, { count: 17 });
  const [best] = heads;
  const images = await Promise.all(
    names.map((name) => loadImage(join("data/album", `${name}.jpg`))),
  );
  const tokens = names.map((name) => firstToken(model, ` ${name}`));
  const panels = [];
  for (const [i, name] of names.entries()) {
    const question = `What does picture ${i + 1} show?`;
    const evidence = [{ image: i }];
    const sample = { id: name, domain: "album", question, answer: [name], images, evidence };
    const { prompt, attention, next } = await replyView(model, sample, `Picture ${i + 1}:`);
    const onEvidence = (head: HeadId) => attention.mass(head, tokensOf(prompt.spans.evidence));
    const ram = onEvidence(best);
    console.log(JSON.stringify({
      ...{ question, head: headName(best), ram },
      visual: attention.mass(best, tokensOf(prompt.spans.visual)),
      heads: heads.map((head) => `${headName(head)} ${onEvidence(head).toFixed(2)}`).join(" "),
      likeliest: likeliest(next, 5).map(({ id }) => model.processor.tokenizer.decode([id])),
      "of the four": names[tokens.indexOf(likeliestToken(next, tokens))],
    }));
    panels.push(
      ...attentionPanels(prompt, images, attention.head(best)).map((panel, n) => ({
        ...panel,
        title: n === i ? `Picture ${n + 1}: ${(100 * ram).toFixed(0)}%` : "",
      })),
    );
  }
  const figure = attentionOverlay(panels, {
    ...{ columns: names.length, resolution: 140, imageHeight: 150, width: 720 },
    title: `${headName(best)}, found on texts: one picture is asked for in each row`,
  });
  await Deno.writeTextFile(values.out, await withJpegs(figure.toSvg()));
}
