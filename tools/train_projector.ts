/**
 * Makes `qwen-photographs`: Qwen2.5-Coder-0.5B, unchanged, that sees photographs through EfficientNet-Lite0, unchanged, and
 * a projector trained here to give each place of a photograph the embedding of its name. With `--through 60` it then
 * learns through the language model, from its answers about albums of eight, which taught it nothing about photographs
 * that it did not train on (`docs/log.md`).
 *
 * With `--adapt 120` the language model learns to read what the projector makes of photographs that the projector was not
 * aligned to: low-rank adapters of its attention, merged into another model, `qwen-photographs-adapted`.
 *
 * Resumable; run it again to go on. Needs `deno task qwen`, `deno task photographs` and `deno task efficientnet`.
 *
 *     deno run -A tools/train_projector.ts [--base qwen] [--views 12] [--steps 800] [--through 0]
 *       [--work .cache/qwen-photographs] [--out data/models/qwen-photographs]
 *       [--adapt 0] [--adapted data/models/qwen-photographs-adapted]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "../lib/backend/select.ts";
import { Random } from "../lib/stats/random.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { dataFolder, shippedOrGiven } from "../lib/families/shipped.ts";
import { keptForValidation, loadPhotographs, photographsFolder } from "../lab/pages/photographs.ts";
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
import { alignProjector, freshProjector } from "../lab/training/projector.ts";
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
  const featuresOf = (kept: boolean) => {
    const own = known.filter((_, i) => apart[i] === kept);
    console.log(`${own.length} photographs to ${kept ? "validate with" : "learn from"}`);
    return keptPhotographFeatures(args.work, model, own, Number(args.views), words);
  };
  const features = await featuresOf(false), validation = await featuresOf(true);
  const classes = await classDirections(args.network, words);
  console.log(`${words.length} words, ${classes.words.length} classes`);
  using projector = freshProjector(features, table, seed, classes);
  const { variables } = projector, aligned = join(args.work, "aligned.safetensors");
  const alignment = { views: 48, cells: 12 };
  if (!await isThere(aligned)) {
    await alignProjector(projector, {
      ...{ ...alignment, steps: Number(args.steps), seed },
      onStep: (step, { loss, distance }) => {
        if (step % 50 === 0) console.log(JSON.stringify({ step, loss, distance }));
      },
    });
    await saveCheckpoint(aligned, variables, null, {});
  }
  await loadCheckpoint(aligned, variables, null);
  if (Number(args.through) > 0) {
    await trainProjectorThrough(model, projector, words, validation, {
      ...{ work: args.work, steps: Number(args.through), pictures: 8, alignment, seed },
      ...{ validateEvery: 10, albums: 3 },
      onStep: (step, report) => console.log(JSON.stringify({ step, ...report })),
      onValidation: (steps, loss) => console.log(JSON.stringify({ steps, validation: loss })),
    });
  }
  await replaceProjector(args.network, projector.weights(), args.out);
  console.log(`wrote ${args.out}`);

  if (Number(args.adapt) > 0) {
    const views = Number(args.views);
    const data = await keptNumbers(join(args.work, "out-of-fold.safetensors"), async () => {
      const outputs = await outputsOutOfFold(features, table, classes, {
        ...{ ...alignment, perPhotograph: views, folds: 5, steps: 400, seed },
        onFold: (fold) => console.log(`aligned without part ${fold + 1} of 5`),
      });
      return outputs.data;
    });
    const tellable = tellableViews(features, views, classes);
    const unseen = chosenViews({ ...features, data, channels: table.width }, tellable);
    const random = new Random(`renamed photographs ${seed}`);
    using adapters = await trainAdapters(
      model,
      words,
      [
        { outputs: unseen, share: 0.45 },
        { outputs: renamedOutputs(unseen, table, { count: 800, least: 0.25, random }), share: 0.3 },
        { outputs: projectedFeatures(projector, features), share: 0.25 },
      ],
      projectedFeatures(projector, validation),
      {
        ...{ work: join(args.work, "adapters"), steps: Number(args.adapt), rank: 8, pictures: 8 },
        ...{ places: 4, validateEvery: 30, albums: 6, seed },
        onStep: (step, loss) => console.log(JSON.stringify({ step, loss })),
        onValidation: (steps, loss) => console.log(JSON.stringify({ steps, validation: loss })),
      },
    );
    await assembleFastVlm(
      dir,
      args.network,
      args.adapted,
      projector.weights(),
      adapters.merged(),
    );
    console.log(`wrote ${args.adapted}`);
  }
}
