/**
 * Speed and quality of one plan in one run: every policy answers the same prompts, each pass is timed,
 * and so the heads, sink, window and length of a speed are those of its quality. Heads are scored, and
 * template masks chosen, on other samples. Resumable; run it again to go on.
 *
 *     deno run -A tools/study_pareto.ts --model mini --tokens 4096 [--contexts 24] [--minutes 10]
 *       [--out data/results/mini/pareto-4096]
 *
 * Models: `mini`, `mini-natural` (drawn images, one-word questions), `smol` (text with one needle).
 * @module
 */
import { parseArgs } from "node:util";
import { needleSamples } from "../lab/studies/completion_sample.ts";
import { textNeedles } from "../lab/pages/text_needles.ts";
import { contextSamples } from "../lab/synthetic/domains.ts";
import { InputError } from "../lib/common/errors.ts";
import type { Sample } from "../lib/data/sample.ts";
import { ablationSamples } from "../lib/experiments/ablation_samples.ts";
import { findHeads } from "../lib/experiments/find_heads.ts";
import { readFoundHeads } from "../lib/experiments/found_heads.ts";
import {
  hybridQuality,
  type HybridQualityRow,
  type HybridSetting,
} from "../lib/experiments/hybrid_quality.ts";
import { layoutOf } from "../lib/experiments/prompt_layout.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { fromPretrained, type PretrainedModel } from "../lib/families/pretrained.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { ruleNamed } from "../lib/heads/scoring_rules.ts";
import { templateMasses } from "../lib/sparse/templates.ts";
import { say } from "./setup/command.ts";
import { progress } from "./study_smol.ts";

/** What every head sees. */
const seen = { sink: 4, window: 64 } as const;
/** Samples on which heads are scored, and masks chosen. */
const scored = 48, masked = 8;

/** Drawn samples of three domains in turn, on images of 16 x 16 visual tokens each. */
function drawn(contexts: number, questions: number, tokens: number, first: number): Sample[] {
  const domains = ["scene", "page", "document"] as const;
  return Array.from(
    { length: contexts },
    (_, i) =>
      contextSamples(domains[i % domains.length], first + i, {
        cellsPerSide: 16,
        images: Math.max(1, Math.round(tokens / 256)),
        difficulty: 0,
        pairs: 32,
        split: "test",
        questions,
      }),
  ).flat();
}

/** Texts of about so many tokens, with one needle. */
function texts(count: number, tokens: number, first: number, split: "train" | "test"): Sample[] {
  return textNeedles(count, { needles: 1, sentences: Math.round(tokens / 10.7), split }, first);
}

/** Questions on each drawn context; texts have one. */
const perContext = 6;

/** How a model is asked: seeds of the parts never meet. */
const kinds = {
  drawn: {
    fractions: [0.05, 0.125],
    score: () => drawn(scored, 1, 256, 0),
    mask: (tokens: number) => drawn(masked, 1, tokens, 500),
    ask: (model: PretrainedModel, tokens: number, contexts: number) =>
      ablationSamples(model, drawn(contexts, perContext, tokens, 1000)),
  },
  text: {
    fractions: [0.3],
    score: () => texts(scored, 300, 0, "train"),
    mask: (tokens: number) => texts(masked, tokens, 500, "train"),
    ask: (model: PretrainedModel, tokens: number, contexts: number) =>
      needleSamples(model, texts(contexts, tokens, 0, "test")),
  },
} as const;

/**
 * What is compared: rivals at the first budget, at the others the best heads alone. Texts have no images
 * for masks to go by, and no time for more.
 */
export function paretoSettings(
  [first, ...others]: readonly number[],
  images = true,
): HybridSetting[] {
  const at = (policy: HybridSetting["policy"], fraction: number, draw?: number) => ({
    ...{ policy, fraction, ...seen },
    ...draw ? { draw } : {},
  });
  return [
    at("local", 0),
    at("from-question", 0),
    at("core", first),
    at("random", first),
    ...images
      ? [
        at("random", first, 1),
        at("layer-matched", first),
        at("templates", first),
        at("oracle", first), // it takes longest
      ]
      : [],
    ...others.flatMap((fraction) => [at("core", fraction), at("random", fraction)]),
  ];
}

/** One line a row. */
function show(rows: readonly HybridQualityRow[]): void {
  const range = (ends: readonly number[]) => ends.map((x) => x.toFixed(2)).join(" to ");
  for (const row of rows) {
    const { policy, fullHeads, speedup, speedup95, sparseValue, ci95 } = row;
    const speed = speedup && speedup95 ? `${speedup.toFixed(2)} (${range(speedup95)})` : "-";
    say(
      `${policy.padEnd(14)} ${(100 * fullHeads).toFixed(1).padStart(5)}% full  speed-up ` +
        `${speed.padEnd(20)} right ${(100 * sparseValue).toFixed(1)}% (${range(ci95)})`,
    );
  }
  const [{ denseValue, dense95, samples, contexts, tokens }] = rows;
  say(
    `dense ${(100 * denseValue).toFixed(1)}% (${range(dense95)}), n ${samples} on ${contexts} ` +
      `contexts of ${Math.round(tokens)} tokens`,
  );
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      model: { type: "string", default: "mini" },
      tokens: { type: "string", default: "4096" },
      contexts: { type: "string", default: "24" },
      minutes: { type: "string", default: "1000" },
      out: { type: "string" },
    },
  });
  const { model: name } = values,
    tokens = Number(values.tokens),
    contexts = Number(values.contexts);
  if (!["mini", "mini-natural", "smol"].includes(name)) {
    throw new InputError(`Cannot study "${name}": there are mini, mini-natural and smol`);
  }
  const out = values.out ?? `data/results/${name}/pareto-${tokens}`;
  const kind = name === "smol" ? kinds.text : kinds.drawn;
  const data = name === "smol" ? "text-needle" : "drawn scene, page, document, difficulty 0";
  using model = await fromPretrained(name);
  const signal = AbortSignal.timeout(60_000 * Number(values.minutes));
  const common = { model: name, seed: 0, signal };
  await findHeads(model, headSamples(model, kind.score()), {
    ...common,
    folder: `${out}/identify`,
    data: `${data}, ${scored} samples`,
    rules: [ruleNamed("ram")],
    onProgress: progress("identify"),
  });
  const found = await readFoundHeads(`${out}/identify`);
  const prompts = [];
  for (const sample of name === "smol" ? [] : headSamples(model, kind.mask(tokens))) {
    const loaded = await sample.load();
    prompts.push({ inputs: loaded.inputs, layout: layoutOf(loaded) });
  }
  say(`template masks on ${prompts.length} samples`);
  const templates = prompts.length > 0 ? await templateMasses(model, prompts, seen) : undefined;
  try {
    show(
      await hybridQuality(model, kind.ask(model, tokens, contexts), {
        ...common,
        scores: meanScores(found),
        origin: found.origin,
        settings: paretoSettings(kind.fractions, name !== "smol"),
        templates,
        timed: true,
        folder: out,
        data: `${data}, about ${tokens} tokens`,
        onProgress: progress("ask"),
      }),
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    say("time is up; run it again to go on");
  }
}
