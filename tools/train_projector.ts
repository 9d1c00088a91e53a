/**
 * Makes `qwen-photographs`: Qwen2.5-Coder-0.5B, unchanged, that sees photographs through EfficientNet-Lite0, unchanged, and
 * a projector trained here to give each place of a photograph the embedding of its name. Needs `deno task qwen`,
 * `deno task photographs` and `deno task efficientnet`.
 *
 *     deno run -A tools/train_projector.ts [--base qwen] [--views 12] [--steps 800] [--out data/models/qwen-photographs]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "../lib/backend/select.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { dataFolder, shippedOrGiven } from "../lib/families/shipped.ts";
import { loadPhotographs, photographsFolder } from "../lab/pages/photographs.ts";
import { isOneToken } from "../lab/training/photograph_batches.ts";
import {
  assembleFastVlm,
  efficientNetFolder,
  replaceProjector,
} from "../lab/training/photograph_tower.ts";
import { photographFeatures } from "../lab/training/photograph_features.ts";
import { trainProjector } from "../lab/training/projector.ts";
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
      out: { type: "string", default: join(dataFolder(), "models", "qwen-photographs") },
    },
  });
  await useBackend("auto");
  const dir = shippedOrGiven(args.base);
  await assembleFastVlm(dir, args.network, args.out);
  using model = await fromPretrained(args.out, { dtype: "float32" });
  const { tokenizer } = model.processor;
  const encode = (text: string) => Array.from(tokenizer.encode(text, { addSpecialTokens: false }));
  const all = await loadPhotographs(args.photographs, (name) => isOneToken(encode, name));
  const photographs = all.filter(({ kind }) => kind === "train");
  const words = [...new Set(photographs.map(({ name }) => name))];
  const table = await wordTableOf(dir, encode, words);
  console.log(`${photographs.length} photographs of ${words.length} names`);
  const features = await photographFeatures(model, photographs, Number(args.views), words);
  console.log("features read");
  const projector = await trainProjector(features, table, {
    ...{ steps: Number(args.steps), views: 48, cells: 12, seed: 1 },
    onStep: (step, { loss, distance }) => {
      if (step % 50 === 0) console.log(JSON.stringify({ step, loss, distance }));
    },
  });
  await replaceProjector(args.network, projector, args.out);
  console.log(`wrote ${args.out}`);
}
