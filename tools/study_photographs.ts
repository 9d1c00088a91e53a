/**
 * Records of Qwen2.5-Coder-0.5B with a vision tower trained on photographs: what it answers about photographs that it
 * was trained on in new arrangements, about photographs and names that it was not, from the captions as text and from an empty
 * page; which heads look the answer up, and what their loss costs. Resumable; run it again to go on. Needs
 * `deno task qwen`, `deno task photographs`, `deno task manuals` and `deno run -A tools/train_photographs.ts`.
 *
 *     deno run -A tools/study_photographs.ts [--samples 40] [--scored 24] [--draws 200] [--model data/models/qwen-vision]
 *       [--parts naming,reading,letters,manuals,identify,ablate-answer,identify-manuals,ablate-manuals] [--out data/results/qwen-vision]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ablateHeads } from "../lib/experiments/ablate_heads.ts";
import { findHeads } from "../lib/experiments/find_heads.ts";
import { type FoundHeads, readFoundHeads, scoresBy } from "../lib/experiments/found_heads.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { ruleNamed } from "../lib/heads/scoring_rules.ts";
import { topHeads } from "../lib/heads/select.ts";
import { type BlockGrid, blockGrids } from "../lab/pages/photograph_page.ts";
import { type PhotographQuestion, photographSample } from "../lab/pages/photograph_samples.ts";
import { manualSample } from "../lab/pages/manual_page.ts";
import { type ManualKind, reportedManualKinds } from "../lab/pages/manuals.ts";
import { type PhotographKind, photographKinds } from "../lab/pages/photographs.ts";
import { photographReading, picturedCompletions } from "../lab/studies/photograph_reading.ts";
import { loadReadingMatter } from "../lab/training/reading_matter.ts";
import { ownerRules } from "./study_owners.ts";
import { partsWithoutRecord } from "./study_parts.ts";
import { progress } from "./study_smol.ts";

if (import.meta.main) {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      model: { type: "string", default: "data/models/qwen-vision" },
      samples: { type: "string", default: "40" },
      scored: { type: "string", default: "24" },
      draws: { type: "string" },
      parts: {
        type: "string",
        default:
          "naming,reading,letters,manuals,identify,ablate-answer,identify-manuals,ablate-manuals",
      },
      out: { type: "string", default: "data/results/qwen-vision" },
    },
  });
  const [count, scored] = [values.samples, values.scored].map(Number);
  // by default 200, each on one sample in ten
  const draws = values.draws === undefined ? undefined : Number(values.draws);
  const wanted = partsWithoutRecord(values.out, values.parts);
  using model = await fromPretrained(values.model, { dtype: "float32" });
  const { photographs, sections } = await loadReadingMatter(model.processor.tokenizer);
  const name = "Qwen2.5-Coder-0.5B-Instruct with a vision tower";
  const folder = (part: string) => join(values.out, part);
  const [four, eight] = blockGrids;
  const drawn = (
    seed: number,
    set: PhotographKind,
    question: PhotographQuestion,
    grid: BlockGrid,
  ) =>
    photographSample(seed, photographs.filter(({ kind }) => kind === set), {
      ...{ question, grid, split: "test", set },
    });

  /** Pages of some kinds, one of each kind after the other. */
  const asked = (
    kinds: readonly (readonly [PhotographKind, PhotographQuestion, BlockGrid])[],
    pages: number,
  ) =>
    Array.from({ length: pages }, (_, i) =>
      kinds.map(([set, question, grid]) => ({
        id: `${set} ${question} ${grid.rows * grid.columns} ${i}`,
        kind: `${set}, ${question}, ${grid.rows * grid.columns}`,
        draw: () => drawn(i, set, question, grid),
      }))).flat();
  const data = "photographs of tuxpaint-stamps-default";
  if (await wanted("naming")) {
    const samples = asked(photographKinds.map((set) => [set, "what", eight] as const), 4 * count);
    await photographReading({ model, samples, name, data, views: ["named"] }, {
      folder: folder("naming"),
      onProgress: progress("naming"),
    });
  }
  if (await wanted("reading")) {
    const samples = asked(photographKinds.map((set) => [set, "what", eight] as const), count);
    await photographReading({ model, samples, name, data }, {
      folder: folder("reading"),
      onProgress: progress("reading"),
    });
  }
  if (await wanted("letters")) {
    const kinds = photographKinds.slice(0, 2).flatMap((set) =>
      [four, eight].map((grid) => [set, "which", grid] as const)
    );
    await photographReading({ model, samples: asked(kinds, Math.ceil(count / 2)), name, data }, {
      folder: folder("letters"),
      onProgress: progress("letters"),
    });
  }

  if (await wanted("manuals")) {
    const samples = Array.from({ length: count }, (_, i) =>
      reportedManualKinds.map((kind) => ({
        id: `${kind} ${i}`,
        kind: `${kind}, heading, 4`,
        draw: () => manualSample(i, sections[kind], kind),
      }))).flat();
    await photographReading({
      ...{ model, samples, name, data: `pages of manuals, ${count} of each kind` },
      views: ["seen", "read", "blind", "named"],
    }, { folder: folder("manuals"), onProgress: progress("manuals") });
  }

  const manualPages = (kind: ManualKind, from: number, length: number) =>
    Array.from({ length }, (_, i) => manualSample(from + i, sections[kind], kind));

  // heads are found on one half of the pages, and ablated on another
  const pages = (from: number, length: number) =>
    Array.from({ length }, (_, i) => drawn(from + i, "train", "what", eight));
  const common = { model: name, seed: 0 };
  if (await wanted("identify")) {
    const samples = pages(1000, scored).map(({ sample }) => sample);
    await findHeads(model, headSamples(model, samples), {
      ...common,
      folder: folder("identify"),
      data: `photographs, what, 8, ${scored}`,
      rules: ["ram", "context-mass"].map((rule) => ruleNamed(rule)),
      onProgress: progress("identify"),
    });
  }
  if (await wanted("ablate-answer")) {
    const scores = await readFoundHeads(folder("identify"));
    const samples = picturedCompletions(model, pages(2000, count));
    await ablateHeads(model, samples, scores, {
      ...common,
      scope: "answer",
      fractions: [0.05],
      draws,
      folder: folder("ablate-answer"),
      data: `photographs, what, 8, ${count}`,
      onProgress: progress("ablate"),
    });
  }

  // on manuals: found on sections that were trained on, ablated on sections that were not
  if (await wanted("identify-manuals")) {
    const samples = manualPages("train", 1000, scored).map(({ sample }) => sample);
    await findHeads(model, headSamples(model, samples), {
      ...common,
      folder: folder("identify-manuals"),
      data: `manuals, trained-on sections, 4, ${scored}`,
      rules: ownerRules.map((rule) => ruleNamed(rule)),
      onProgress: progress("identify on manuals"),
    });
  }
  if (await wanted("ablate-manuals")) {
    const [own, text] = [folder("identify-manuals"), join("data", "results", "qwen", "identify")];
    const found = await readFoundHeads(own), onText = await readFoundHeads(text);
    const best = (rule: string, record: FoundHeads) =>
      topHeads(meanScores(scoresBy(record, rule)), model.grid, { fraction: 0.05 });
    const samples = picturedCompletions(model, manualPages("unseen-section", 2000, count));
    await ablateHeads(model, samples, scoresBy(found, "calibrated"), {
      ...common,
      scope: "answer",
      fractions: [0.05],
      sets: { "ram": best("ram", found), "calibrated-on-text": best("calibrated", onText) },
      draws,
      folder: folder("ablate-manuals"),
      data: `manuals, unseen sections, 4, ${count}`,
      onProgress: progress("ablate on manuals"),
    });
  }
}
