/**
 * Records of questions with several owners, where copying the only name cannot be right: how well a
 * frozen model answers them, which heads move to what is asked for, and of what kind they are.
 * Resumable; run it again to go on. Needs `deno task qwen`, `deno task qwen-1.5b`, `deno task smol`, `deno task assemble` or
 * `deno task gemma`.
 *
 *     deno run -A tools/study_owners.ts qwen|qwen-1.5b|smol|smol-vision|gemma
 *       [--parts identify,selectivity,ablate,sets,answers,window,hybrid]
 *       [--scored 48] [--ablated 40] [--effects 24] [--answers 40] [--out data/results/qwen]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ownerAnswers, type OwnerForm } from "../lab/studies/owner_answers.ts";
import {
  type OwnerStudy,
  pageOwners,
  textOwners,
  windowOwners,
} from "../lab/studies/owner_samples.ts";
import { headKinds } from "../lab/studies/head_kinds.ts";
import { pageReading } from "../lab/studies/page_reading.ts";
import { readableWords } from "../lab/studies/read_cells.ts";
import { pageNeedle } from "../lab/pages/page_needles.ts";
import { ablateHeads } from "../lib/experiments/ablate_heads.ts";
import { findHeads } from "../lib/experiments/find_heads.ts";
import { readFoundHeads, scoresBy } from "../lib/experiments/found_heads.ts";
import { hybridQuality } from "../lib/experiments/hybrid_quality.ts";
import { retrievalSets } from "../lib/experiments/retrieval_sets.ts";
import { fromPretrained, type PretrainedModel } from "../lib/families/pretrained.ts";
import { allHeads, type HeadId, headIndex } from "../lib/common/head_id.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { ruleNamed } from "../lib/heads/scoring_rules.ts";
import { say } from "./setup/command.ts";
import { isRecorded } from "./study_parts.ts";
import { progress } from "./study_smol.ts";

/** The rules of these records; scores are by the first, controls are matched by `context-mass`. */
export const ownerRules: readonly string[] = [
  ...["ram", "calibrated", "null-ram", "selectivity", "selectivity-chance", "unrelated-ram"],
  ...["prompt-end", "context-mass", "value-weighted"],
];

/** What is studied on a model. */
interface Study {
  readonly title: string;
  /** What its folders end in, where the plain ones hold records of another task. */
  readonly ending: string;
  readonly samples: (model: PretrainedModel) => OwnerStudy;
  /** Longer texts, where some layers see a window only. */
  readonly window?: (model: PretrainedModel) => OwnerStudy;
}

const studies: Readonly<Record<string, Study>> = {
  qwen: {
    title: "Qwen2.5-Coder-0.5B-Instruct Q4_K_M",
    ending: "",
    samples: (model) => textOwners(model, 8, 8),
  },
  "qwen-1.5b": {
    title: "Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
    ending: "",
    samples: (model) => textOwners(model, 8, 8),
  },
  smol: {
    title: "SmolLM2-135M-Instruct Q4_1",
    ending: "-owners",
    samples: (model) => textOwners(model, 4, 8),
  },
  "smol-vision": {
    title: "SmolLM2-135M-Instruct with a vision tower",
    ending: "-owners",
    samples: (model) => pageOwners(model, 4, 1),
  },
  gemma: {
    title: "Gemma 3 270M Q4_K_M",
    ending: "",
    samples: (model) => textOwners(model, 8, 8),
    window: (model) => windowOwners(model, 8, 70),
  },
};

/**
 * Heads on texts that outgrow the windows of a model's local layers, and what its answers lose without
 * its global layers, without any other layer, and without the best heads of either kind.
 */
async function windows(
  name: string,
  model: PretrainedModel,
  { out, counts: [scored, ablated], rules }: {
    readonly out: string;
    readonly counts: readonly [scored: number, ablated: number];
    readonly rules: readonly string[];
  },
) {
  const { title, window } = studies[name], study = window!(model);
  const common = { model: title, seed: 0 };
  const folder = join(out, "identify-window"), losses = join(out, "ablate-window");
  if (!await isRecorded(folder)) {
    await findHeads(model, study.scored("train", scored), {
      ...{ ...common, folder, data: study.data("train", scored) },
      rules: rules.map((rule) => ruleNamed(rule)),
      onProgress: progress("identify beyond windows"),
    });
  }
  if (await isRecorded(losses)) return;
  const found = await readFoundHeads(folder);
  const calibrated = scoresBy(found, "calibrated");
  const { layers: local } = model.config.text.localLayers!, map = meanScores(calibrated);
  const heads = allHeads(model.grid);
  const best = (own: readonly HeadId[]) =>
    own.toSorted((a, b) =>
      map[headIndex(b, model.grid.heads)] - map[headIndex(a, model.grid.heads)]
    ).slice(
      0,
      4,
    );
  const [inGlobal, inLocal] = [
    heads.filter(({ layer }) => !local.includes(layer)),
    heads.filter(({ layer }) => local.includes(layer)),
  ];
  await ablateHeads(model, study.answered("test", ablated), calibrated, {
    ...{ ...common, folder: losses, data: study.data("test", ablated) },
    ...{ scope: "answer", fractions: [0.05], conditions: ["random", "layer"] },
    sets: { global: inGlobal, "global-4": best(inGlobal), "local-4": best(inLocal) },
    ...{ draws: 8, thinning: 2, onProgress: progress("ablate beyond windows") },
  });
}

/**
 * Right answers on such texts where only the heads of global layers see everything (`core`), only those of
 * local layers (`bottom`; as far as their windows go), none, or as many drawn ones as the global layers
 * have; the others see the first 4 tokens and the last 64.
 */
async function hybridWindows(name: string, model: PretrainedModel, count: number, folder: string) {
  const { title, window } = studies[name], study = window!(model);
  const { layers: local } = model.config.text.localLayers!, heads = allHeads(model.grid);
  const isGlobal = heads.map(({ layer }) => local.includes(layer) ? 0 : 1);
  const fraction = isGlobal.filter((one) => one === 1).length / heads.length;
  const others = { sink: 4, window: 64 };
  await hybridQuality(model, study.answered("test", count), {
    ...{ model: title, data: study.data("test", count), folder, seed: 0, scores: isGlobal },
    settings: [
      { policy: "core", fraction, ...others },
      { policy: "bottom", fraction: 1 - fraction, ...others },
      { policy: "local", fraction: 0, ...others },
      ...[0, 1, 2].map((draw) => ({ policy: "random" as const, fraction, draw, ...others })),
    ],
    onProgress: progress("hybrid attention by layers"),
  });
}

/** How well a model answers, by the number of owners. */
async function answers(name: string, model: PretrainedModel, count: number, folder: string) {
  const { title } = studies[name];
  if (name !== "smol-vision") {
    const kinds = (["completion", "chat"] as OwnerForm[]).flatMap((form) =>
      [1, 2, 4, 8].map((needles) => ({ form, needles, sentences: 8 }))
    );
    const context = { folder, onProgress: progress("answers") };
    return await ownerAnswers({ model, kinds, samples: count, name: title }, context);
  }
  const needles = [1, 2, 4].flatMap((owners) =>
    (["document", "scene"] as const).flatMap((kind) =>
      Array.from({ length: count }, (_, i) => ({
        id: `${kind} ${owners} ${i}`,
        draw: () => pageNeedle(i, { kind, pages: 1, owners, split: "test" }),
      }))
    )
  );
  const words = await readableWords(model);
  const data = `one page, 1, 2 and 4 owners, ${count} of each kind of test`;
  const context = { folder, onProgress: progress("answers") };
  return await pageReading({ model, needles, words, name: title, data }, context);
}

if (import.meta.main) {
  const { values, positionals: [name] } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      parts: { type: "string", default: "identify,selectivity,ablate,sets,answers,window,hybrid" },
      ablated: { type: "string", default: "40" },
      scored: { type: "string", default: "48" },
      effects: { type: "string", default: "24" },
      answers: { type: "string", default: "40" },
      out: { type: "string" },
    },
  });
  if (!Object.hasOwn(studies, name)) {
    say(`Cannot study ${name}: wanted one of ${Object.keys(studies).join(", ")}`);
    Deno.exit(2);
  }
  const { title, ending, samples } = studies[name];
  const identify = `identify${ending}`;
  const out = values.out ?? join("data", "results", name);
  const [scored, effects, asked, ablated] = [
    values.scored,
    values.effects,
    values.answers,
    values.ablated,
  ].map(Number);
  const wanted = async (part: string, folder: string) =>
    values.parts.split(",").includes(part) && !await isRecorded(join(out, folder));
  using model = await fromPretrained(name, { dtype: "float32" });
  const study = samples(model);
  if (await wanted("identify", identify)) {
    await findHeads(model, study.scored("train", scored), {
      model: title,
      data: study.data("train", scored),
      seed: 0,
      rules: ownerRules.map((rule) => ruleNamed(rule)),
      folder: join(out, identify),
      onProgress: progress("identify"),
    });
  }
  if (await wanted("selectivity", "selectivity")) {
    await headKinds({
      model,
      scores: await readFoundHeads(join(out, identify)),
      samples: study.answered("test", effects),
      name: title,
      data: study.data("test", effects),
    }, { folder: join(out, "selectivity"), onProgress: progress("kinds of heads") });
  }
  const settings = { model: title, seed: 0, scope: "answer", fractions: [0.05] } as const;
  if (await wanted("ablate", `ablate${ending}`)) {
    await ablateHeads(
      model,
      study.answered("test", ablated),
      await readFoundHeads(join(out, identify)),
      {
        ...settings,
        data: study.data("test", ablated),
        folder: join(out, `ablate${ending}`),
        onProgress: progress("ablate"),
      },
    );
  }
  if (await wanted("sets", "ablate-sets")) {
    const found = await readFoundHeads(join(out, identify));
    const calibrated = scoresBy(found, "calibrated");
    await ablateHeads(model, study.answered("test", ablated), calibrated, {
      ...settings,
      conditions: ["core", "random"],
      sets: retrievalSets(calibrated, [0.05]),
      draws: 40,
      thinning: 10,
      data: study.data("test", ablated),
      folder: join(out, "ablate-sets"),
      onProgress: progress("sets"),
    });
  }
  if (await wanted("answers", "answers")) {
    await answers(name, model, asked, join(out, "answers"));
  }
  if (studies[name].window && values.parts.split(",").includes("window")) {
    await windows(name, model, {
      out,
      counts: [scored, ablated],
      rules: ["ram", "calibrated", "null-ram", "context-mass"],
    });
  }
  if (studies[name].window && await wanted("hybrid", "hybrid-window")) {
    await hybridWindows(name, model, ablated, join(out, "hybrid-window"));
  }
}
