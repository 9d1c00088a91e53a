import { assertEquals } from "@std/assert";
import {
  convNetworkShapes,
  convolutionsOf,
  featureChannels,
  featureGrid,
} from "../../lib/model/conv_network.ts";
import { efficientNet, efficientNets } from "../../lib/model/efficientnet.ts";

/** Weights, numbers in them, and blocks of timm's networks of sizes 0 to 4, without a classifier. */
const counts: readonly (readonly [weights: number, numbers: number, blocks: number])[] = [
  [245, 3_413_024, 16],
  [320, 4_189_344, 21],
  [320, 4_869_168, 21],
  [365, 6_992_768, 24],
  [455, 11_837_936, 30],
];

Deno.test("every size has the weights of timm's network, in either line", () => {
  assertEquals(efficientNets.length, 10);
  for (const name of efficientNets) {
    const network = efficientNet(name), shapes = [...convNetworkShapes(network).values()];
    const numbers = shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    const [weights, wanted, blocks] = counts[Number(name.slice(-1))];
    assertEquals([shapes.length, numbers], [weights, wanted], name);
    assertEquals(network.blocks.length, blocks + 2, "stem and last convolution");
    assertEquals(featureChannels(network), 1280);
    assertEquals(featureGrid(network, 224, 161), [7, 6]);
    const { norm, padding } = convolutionsOf(network)[5];
    const tensorFlow = name.startsWith("tf_");
    assertEquals([norm!.eps, padding], tensorFlow ? [1e-3, "same"] : [1e-5, "symmetric"]);
  }
});
