/**
 * Records of SmolLM2 with a vision tower: how well it reads, whether it answers from page images as from the same
 * words as text, which heads look the answer up on the page, what their loss costs, and how few must see
 * everything. Resumable; run it again to go on. Needs `deno task smol` and `deno task assemble`.
 *
 *     deno run -A tools/study_smol_vision.ts [--samples 120] [--scored 48] [--pages 4] [--draws 8]
 *       [--parts words,reading,identify,ablate-answer,hybrid,ablate-all] [--out data/results/smol-vision]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { needleSamples } from "../lab/studies/completion_sample.ts";
import { ablateHeads } from "../lib/experiments/ablate_heads.ts";
import { findHeads } from "../lib/experiments/find_heads.ts";
import { readFoundHeads } from "../lib/experiments/found_heads.ts";
import { hybridQuality } from "../lib/experiments/hybrid_quality.ts";
import { pageReading } from "../lab/studies/page_reading.ts";
import { readableWords } from "../lab/studies/read_cells.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { wordReading } from "../lab/studies/word_reading.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { ruleNamed } from "../lib/heads/scoring_rules.ts";
import { pageNeedle, type PageNeedleOptions } from "../lab/pages/page_needles.ts";
import { partsWithoutRecord } from "./study_parts.ts";
import { hybridSettings, progress } from "./study_smol.ts";

type Kind = Pick<PageNeedleOptions, "kind" | "pages">;

if (import.meta.main) {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      model: { type: "string", default: "smol-vision" },
      samples: { type: "string", default: "120" },
      scored: { type: "string", default: "48" },
      pages: { type: "string", default: "4" },
      draws: { type: "string", default: "8" },
      parts: { type: "string", default: "words,reading,identify,ablate-answer,hybrid,ablate-all" },
      out: { type: "string", default: "data/results/smol-vision" },
    },
  });
  const [samples, scored, pages, draws] = [
    values.samples,
    values.scored,
    values.pages,
    values.draws,
  ].map(Number);
  const parts = values.parts.split(",");
  const wanted = partsWithoutRecord(values.out, values.parts);
  using model = await fromPretrained(values.model, { dtype: "bfloat16" });
  const name = "SmolLM2-135M-Instruct with a vision tower";
  const folder = (part: string) => join(values.out, part);

  if (await wanted("words")) {
    await wordReading({ model, words: await readableWords(model), pages: 100, name }, {
      folder: folder("words"),
      onProgress: progress("words"),
    });
  }
  if (await wanted("reading")) {
    const kinds: Kind[] = [1, pages].flatMap((count) => [
      { kind: "document", pages: count },
      { kind: "scene", pages: count },
    ]);
    const needles = kinds.flatMap((kind) =>
      Array.from({ length: samples }, (_, i) => ({
        id: `${kind.kind} ${kind.pages} ${i}`,
        draw: () => pageNeedle(i, { ...kind, split: "test" }),
      }))
    );
    await pageReading({
      model,
      needles,
      words: await readableWords(model),
      name,
      data: `page needles, ${samples} of each kind of test`,
    }, { folder: folder("reading"), onProgress: progress("reading") });
  }

  // half of the samples are documents, half are scenes
  const kindOf = (i: number) => i % 2 === 0 ? "document" as const : "scene" as const;
  const drawn = (split: "train" | "test", count: number) =>
    Array.from({ length: count }, (_, i) => {
      const kind = kindOf(i);
      return {
        id: `${kind}-needle-${pages}-${split}-${i}`,
        domain: `${kind}-needle`,
        draw: () => pageNeedle(i, { kind, pages, split }).sample,
      };
    });
  const data = (split: string, count: number) =>
    `page needles on ${pages} pages, ${count} of ${split}`;
  const common = { model: name, seed: 0 };
  if (await wanted("identify")) {
    const train = drawn("train", scored).map(({ id, domain, draw }) => ({
      id,
      domain,
      load: () => headSamples(model, [draw()])[0].load(),
    }));
    await findHeads(model, train, {
      ...common,
      folder: folder("identify"),
      data: data("train", scored),
      rules: ["ram", "context-mass"].map((rule) => ruleNamed(rule)),
      onProgress: progress("identify"),
    });
  }
  const scores = parts.some((part) => part === "hybrid" || part.startsWith("ablate-"))
    ? await readFoundHeads(folder("identify"))
    : null;
  const test = drawn("test", samples).map(({ id, domain, draw }) => ({
    id,
    domain,
    load: () => needleSamples(model, [draw()])[0].load(),
  }));
  const ablate = async (scope: "all" | "answer") => {
    if (!scores || !await wanted(`ablate-${scope}`)) return;
    await ablateHeads(model, test, scores, {
      ...common,
      scope,
      fractions: [0.05],
      draws,
      folder: folder(`ablate-${scope}`),
      data: data("test", samples),
      onProgress: progress(`ablate, ${scope}`),
    });
  };
  await ablate("answer");
  if (scores && await wanted("hybrid")) {
    await hybridQuality(model, test, {
      ...common,
      scores: meanScores(scores),
      settings: hybridSettings(),
      folder: folder("hybrid"),
      data: data("test", samples),
      onProgress: progress("hybrid"),
    });
  }
  await ablate("all");
}
