/**
 * Records of one model at several numbers of bits: every head's calibrated score on texts with several
 * owners (`smol-vision`: on pages), right answers, and what is lost without the heads that the source's scores name.
 * Resumable; run it again to go on. Needs `deno task smol`, `deno task qwen` or
 * `deno task assemble`; `mini-natural` and `smol-vision` have weights of 16 bits.
 *
 * The files are made from the fetched GGUF file (`SOURCE`), and not kept in the repository. In a folder
 * FILES, by llama.cpp's `llama-quantize` (of the version in llama-cpp-python 0.3.36) and by MLX:
 *
 *     llama-quantize --allow-requantize SOURCE FILES/Q8_0.gguf Q8_0    likewise Q6_K, Q4_K_M, Q3_K_M, Q2_K
 *     python tools/pack_mlx.py SOURCE FILES/mlx-3 3                    likewise mlx-8, 6, 5, 4, 2
 *
 *     deno run -A tools/study_bits.ts smol|qwen|smol-vision|mini-natural --files FILES [--levels source,Q8_0,mlx-3,…]
 *       [--scored 24] [--tested 40] [--out data/results/smol/bits]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { domainsFor } from "../lab/synthetic/domains_for.ts";
import { madeSamples } from "../lab/synthetic/made_samples.ts";
import type { Split } from "../lab/synthetic/split.ts";
import { type OwnerStudy, pageOwners, textOwners } from "../lab/studies/owner_samples.ts";
import { storedBits } from "../lab/studies/stored_bits.ts";
import { writeTextAtomically } from "../lib/common/files.ts";
import { ablateHeads, type LazyAblationSample } from "../lib/experiments/ablate_heads.ts";
import { ablationSamples } from "../lib/experiments/ablation_samples.ts";
import { findHeads } from "../lib/experiments/find_heads.ts";
import { readFoundHeads } from "../lib/experiments/found_heads.ts";
import { jsonText } from "../lib/experiments/record.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { fromPretrained, type PretrainedModel } from "../lib/families/pretrained.ts";
import { gridOfScores, meanScores } from "../lib/heads/head_scores.ts";
import { ruleNamed } from "../lib/heads/scoring_rules.ts";
import { topHeads } from "../lib/heads/select.ts";
import { say } from "./setup/command.ts";
import { fetchedFolder, fetchedModels, type FetchedName } from "./setup/fetched_models.ts";
import { isRecorded } from "./study_parts.ts";
import { progress } from "./study_smol.ts";

/** What is studied on a model. */
interface BitsStudy {
  /** Its name in records, with how the source is stored. */
  readonly title: string;
  /** The source's file or folder. */
  readonly source: string;
  /** Samples for scores, and others for answers. */
  readonly samples: (model: PretrainedModel) => Pick<OwnerStudy, "data" | "scored"> & {
    readonly answered: (split: Split, count: number) => readonly LazyAblationSample[];
  };
}

const fetched = (name: FetchedName) => join(fetchedFolder(name), fetchedModels[name].file.name);

/** Images with single words as questions; of five domains the same number. */
const drawnSamples: BitsStudy["samples"] = (model) => {
  const domains = domainsFor(model);
  const made = (split: Split, count: number) =>
    madeSamples(Math.ceil(count / domains.length), {
      domains,
      first: split === "train" ? 0 : 1000,
    });
  return {
    data: (split, count) => `drawn, single words, ${made(split, count).length} of ${split}`,
    scored: (split, count) => headSamples(model, made(split, count)),
    answered: (split, count) => ablationSamples(model, made(split, count)),
  };
};

const studies: Readonly<Record<string, BitsStudy>> = {
  smol: {
    title: "SmolLM2-135M-Instruct Q4_1",
    source: fetched("smol"),
    samples: (model) => textOwners(model, 4, 8),
  },
  qwen: {
    title: "Qwen2.5-Coder-0.5B-Instruct Q4_K_M",
    source: fetched("qwen"),
    samples: (model) => textOwners(model, 8, 8),
  },
  "smol-vision": {
    title: "SmolLM2-135M-Instruct with a vision tower",
    source: "data/models/smol-vision",
    samples: (model) => pageOwners(model, 4, 1),
  },
  "mini-natural": {
    title: "mini-natural",
    source: "data/models/mini-natural",
    samples: drawnSamples,
  },
};

/** Levels whose files are there are run. */
const everyLevel = [
  ...["source", "Q8_0", "Q6_K", "Q4_K_M", "Q3_K_M", "Q2_K"],
  ...["mlx-8", "mlx-6", "mlx-5", "mlx-4", "mlx-3", "mlx-2"],
];

const share = 0.05;

/** A level's file or folder; the source's own for `source`. */
async function levelAt(source: string, files: string, level: string): Promise<string | null> {
  if (level === "source") return source;
  const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
  for (const path of [join(files, `${level}.gguf`), join(files, level)]) {
    if (await exists(path)) return path;
  }
  return null;
}

if (import.meta.main) {
  const { values, positionals: [name] } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      files: { type: "string", default: "" },
      levels: { type: "string", default: everyLevel.join(",") },
      scored: { type: "string", default: "24" },
      tested: { type: "string", default: "40" },
      out: { type: "string" },
    },
  });
  if (!Object.hasOwn(studies, name ?? "") || values.files === "") {
    say(`Cannot study ${name}: wanted one of ${Object.keys(studies).join(", ")}, and --files`);
    Deno.exit(2);
  }
  const { title, source, samples } = studies[name];
  const out = values.out ?? join("data", "results", name, "bits");
  const scored = Number(values.scored), tested = Number(values.tested);
  for (const level of values.levels.split(",")) {
    const path = await levelAt(source, values.files, level), folder = join(out, level);
    if (path === null) {
      say(`${level}: not in ${values.files}`);
      continue;
    }
    const scores = join(folder, "identify"), losses = join(folder, "ablate");
    if (await isRecorded(losses)) continue;
    using packed = await fromPretrained(path, { dtype: "float32" });
    const study = samples(packed);
    const common = { model: level === "source" ? title : `${title} as ${level}`, seed: 0 };
    if (!await isRecorded(scores)) {
      await findHeads(packed, study.scored("train", scored), {
        ...{ ...common, folder: scores, data: study.data("train", scored), rivals: false },
        rules: ["calibrated", "ram"].map((rule) => ruleNamed(rule)),
        onProgress: progress(`${level}, identify`),
      });
    }
    const found = await readFoundHeads(join(out, "source", "identify"));
    const own = await readFoundHeads(scores);
    await ablateHeads(packed, study.answered("test", tested), found, {
      ...{ ...common, folder: losses, data: study.data("test", tested) },
      ...{ scope: "answer", fractions: [share], conditions: ["core", "random"] },
      sets: level === "source"
        ? {}
        : { own: topHeads(meanScores(own), gridOfScores(own), { fraction: share }) },
      ...{ draws: 20, thinning: 5, allowOtherScores: true },
      onProgress: progress(`${level}, ablate`),
    });
    await writeTextAtomically(join(folder, "stored.json"), jsonText(await storedBits(path)));
  }
}
