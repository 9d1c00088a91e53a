/**
 * A file of EfficientNet-Lite0 as it is published, with formula weights.
 *
 * @module
 */
import { convNetworkShapes } from "../../lib/model/conv_network.ts";
import { efficientNet } from "../../lib/model/efficientnet.ts";
import { writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { efficientNetWidth, timmName } from "../../lab/training/photograph_tower.ts";
import { uniform } from "./formula_weights.ts";

/** The names of the published file, in its order. */
export function* publishedNames(): Generator<string> {
  const norm = (name: string) =>
    ["weight", "bias", "running_mean", "running_var"].map((end) => `${name}.${end}`);
  yield* ["_conv_stem.weight", ...norm("_bn0")];
  for (let block = 0; block < 16; block++) {
    const own = `_blocks.${block}.`;
    if (block > 0) yield* [`${own}_expand_conv.weight`, ...norm(`${own}_bn0`)];
    yield* [`${own}_depthwise_conv.weight`, ...norm(`${own}_bn1`)];
    yield* [`${own}_project_conv.weight`, ...norm(`${own}_bn2`)];
  }
  yield* ["_conv_head.weight", ...norm("_bn1"), "_fc.weight", "_fc.bias"];
}

/** A network of the published names, of timm's shapes and formula weights. */
export async function publishedNetwork(): Promise<string> {
  const folder = await Deno.makeTempDir(), names = [...publishedNames()].map(timmName);
  const tensors = Object.fromEntries(
    [...convNetworkShapes(efficientNet("tf_efficientnet_lite0"))].map(([name, shape], i) => {
      const values = uniform(shape.reduce((a, b) => a * b, 1), i);
      const size = Math.sqrt(4.5 / shape.slice(1).reduce((a, b) => a * b, 1));
      const data = shape.length === 1 ? values.map((u) => 1 + u / 5) : values.map((u) => u * size);
      return [[...publishedNames()][names.indexOf(name)], { shape, data: Float32Array.from(data) }];
    }),
  );
  const classifier = {
    shape: [1000, efficientNetWidth],
    data: uniform(1000 * efficientNetWidth, 99),
  };
  tensors["_fc.weight"] = { ...classifier, data: Float32Array.from(classifier.data) };
  await writeSafetensors(`${folder}/model.safetensors`, tensors);
  return folder;
}
