/**
 * Makes `qwen-photographs`: Qwen2.5-Coder-0.5B, unchanged, that sees photographs through EfficientNet-Lite0, unchanged, and
 * a projector trained here to give each place of a photograph the embedding of its name. With `--through 60` it then
 * learns through the language model, from its answers about albums of eight, which taught it nothing about photographs
 * that it did not train on (`docs/log.md`).
 *
 * With `--adapt 30` the language model learns to read what a projector makes of photographs that it was not aligned to:
 * low-rank adapters of its attention, merged into another model, `qwen-photographs-adapted`. What is merged is the mean of
 * `--adapters`, which differ by their seed. The projector of that model, and the adapters, also learn from the photographs
 * that were kept apart to choose this by; with `--validate` they are kept apart, and tell when to stop.
 *
 * Resumable; run it again to go on. Needs `deno task qwen`, `deno task photographs` and `deno task efficientnet`.
 *
 *     deno run -A tools/train_projector.ts [--base qwen] [--views 12] [--steps 800] [--through 0]
 *       [--work .cache/qwen-photographs] [--out data/models/qwen-photographs]
 *       [--adapt 0] [--adapters 3] [--places 16] [--validate] [--adapted data/models/qwen-photographs-adapted]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "../lib/backend/select.ts";
import { digestOf } from "../lib/common/digest.ts";
import { Random } from "../lib/stats/random.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { dataFolder, shippedOrGiven } from "../lib/families/shipped.ts";
import {
  keptForValidation,
  loadPhotographs,
  type Photograph,
  photographsFolder,
} from "../lab/pages/photographs.ts";
import { meanWeights } from "../lab/training/decoder_adapters.ts";
import { imageNetNouns } from "../lab/training/imagenet_nouns.ts";
import { isOneToken } from "../lab/training/photograph_batches.ts";
import {
  classDirections,
  keptNumbers,
  keptPhotographFeatures,
} from "../lab/training/photograph_features.ts";
import {
  assembleFastVlm,
  efficientNetFolder,
  replaceProjector,
} from "../lab/training/photograph_tower.ts";
import {
  alignProjector,
  freshProjector,
  type ProjectorInTraining,
} from "../lab/training/projector.ts";
import type { NamedFeatures } from "../lab/training/projector_variables.ts";
import {
  chosenViews,
  outputsOutOfFold,
  projectedFeatures,
  renamedOutputs,
  tellableViews,
} from "../lab/training/projector_folds.ts";
import { trainAdapters } from "../lab/training/train_adapters.ts";
import { loadCheckpoint, saveCheckpoint } from "../lab/training/checkpoints.ts";
import { trainProjectorThrough } from "../lab/training/projector_through.ts";
import { wordTableOf } from "../lab/training/run_vision_tower.ts";

if (import.meta.main) {
  const { values: args } = parseArgs({
    args: [...Deno.args],
    options: {
      base: { type: "string", default: "qwen" },
      photographs: { type: "string", default: photographsFolder },
      network: { type: "string", default: efficientNetFolder },
      views: { type: "string", default: "12" },
      steps: { type: "string", default: "800" },
      through: { type: "string", default: "0" },
      work: { type: "string", default: ".cache/qwen-photographs" },
      out: { type: "string", default: join(dataFolder(), "models", "qwen-photographs") },
      adapt: { type: "string", default: "0" },
      adapters: { type: "string", default: "3" },
      places: { type: "string", default: "16" },
      validate: { type: "boolean", default: false },
      adapted: {
        type: "string",
        default: join(dataFolder(), "models", "qwen-photographs-adapted"),
      },
    },
  });
  await useBackend("auto");
  const dir = shippedOrGiven(args.base), seed = 1;
  const isThere = (file: string) => Deno.stat(file).then(() => true, () => false);
  if (!await isThere(join(args.out, "config.json"))) {
    await assembleFastVlm(dir, args.network, args.out);
  }
  using model = await fromPretrained(args.out, { dtype: "float32" });
  console.log(model.backendLine);
  const { tokenizer } = model.processor;
  const encode = (text: string) => Array.from(tokenizer.encode(text, { addSpecialTokens: false }));
  const all = await loadPhotographs(args.photographs, (name) => isOneToken(encode, name));
  const known = all.filter(({ kind }) => kind === "train");
  const apart = keptForValidation(known.map(({ name }) => name));
  const never = new Set(all.flatMap(({ kind, name }) => kind === "unseen-name" ? [name] : []));
  const nouns = Object.keys(imageNetNouns)
    .filter((noun) => isOneToken(encode, noun) && !never.has(noun));
  const words = [...new Set([...known.map(({ name }) => name), ...nouns])];
  const table = await wordTableOf(dir, encode, words);
  const featuresOf = (own: readonly Photograph[]) =>
    keptPhotographFeatures(args.work, model, own, Number(args.views), words);
  const [learnt, kept] = [false, true].map((wanted) => known.filter((_, i) => apart[i] === wanted));
  console.log(`${learnt.length} photographs to learn from, ${kept.length} to validate with`);
  const features = await featuresOf(learnt);
  const classes = await classDirections(args.network, words);
  console.log(`${words.length} words, ${classes.words.length} classes`);
  const alignment = { views: 48, cells: 12 };
  /** Paths in the work folder, without an end, of what was made of some features with some settings, and nothing else. */
  const pathsFor = (from: NamedFeatures) => {
    const made = digestOf({ from, table, classes, alignment, seed });
    return (what: string, settings: object) =>
      join(args.work, `${what}-${digestOf({ made, ...settings }).slice(0, 16)}`);
  };
  const alignedTo = async (
    from: NamedFeatures,
    pathOf: ReturnType<typeof pathsFor>,
  ): Promise<ProjectorInTraining> => {
    const projector = freshProjector(from, table, seed, classes), steps = Number(args.steps);
    const file = `${pathOf("aligned", { steps })}.safetensors`;
    if (!await isThere(file)) {
      await alignProjector(projector, {
        ...{ ...alignment, steps, seed },
        onStep: (step, { loss, distance }) => {
          if (step % 50 === 0) console.log(JSON.stringify({ step, loss, distance }));
        },
      });
      await saveCheckpoint(file, projector.variables, null, {});
    }
    await loadCheckpoint(file, projector.variables, null);
    return projector;
  };
  using projector = await alignedTo(features, pathsFor(features));
  if (Number(args.through) > 0) {
    await trainProjectorThrough(model, projector, words, await featuresOf(kept), {
      ...{ work: args.work, steps: Number(args.through), pictures: 8, alignment, seed },
      ...{ validateEvery: 10, albums: 3 },
      onStep: (step, report) => console.log(JSON.stringify({ step, ...report })),
      onValidation: (steps, loss) => console.log(JSON.stringify({ steps, validation: loss })),
    });
  }
  await replaceProjector(args.network, projector.weights(), args.out);
  console.log(`wrote ${args.out}`);

  if (Number(args.adapt) > 0) {
    const perPhotograph = Number(args.views), steps = Number(args.adapt);
    const places = Number(args.places);
    const own = args.validate ? features : await featuresOf(known);
    const pathOf = pathsFor(own);
    using seeing = await alignedTo(own, pathOf);
    const folded = { perPhotograph, folds: 5, steps: 400 };
    const data = await keptNumbers(`${pathOf("out-of-fold", folded)}.safetensors`, async () => {
      const outputs = await outputsOutOfFold(own, table, classes, {
        ...{ ...alignment, ...folded, seed },
        onFold: (fold) => console.log(`aligned without part ${fold + 1} of 5`),
      });
      return outputs.data;
    });
    const tellable = tellableViews(own, perPhotograph, classes);
    const unseen = chosenViews({ ...own, data, channels: table.width }, tellable);
    const random = new Random(`renamed photographs ${seed}`);
    const renamed = renamedOutputs(unseen, table, { count: 800, least: 0.25, random });
    const sources = [
      { outputs: unseen, share: 0.45 },
      { outputs: renamed, share: 0.3 },
      { outputs: projectedFeatures(seeing, own), share: 0.25 },
    ];
    const validation = args.validate ? projectedFeatures(seeing, await featuresOf(kept)) : null;
    const merged: Map<string, Float32Array>[] = [];
    for (let each = 1; each <= Number(args.adapters); each++) {
      const run = { steps, rank: 8, pictures: 8, places, seed: each };
      const work = pathOf("adapters", { folded, run, aligned: args.steps });
      using adapters = await trainAdapters(model, words, sources, validation, {
        ...{ ...run, work, validateEvery: 30, albums: 6 },
        onStep: (step, loss) => console.log(JSON.stringify({ adapters: each, step, loss })),
        onValidation: (steps, loss) => console.log(JSON.stringify({ steps, validation: loss })),
      });
      merged.push(adapters.merged());
    }
    const weights = meanWeights(merged);
    await assembleFastVlm(dir, args.network, args.adapted, seeing.weights(), weights);
    console.log(`wrote ${args.adapted}`);
  }
}
