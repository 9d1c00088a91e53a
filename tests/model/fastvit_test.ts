import { assertEquals } from "@std/assert";
import { convNetworkShapes, featureChannels, featureGrid } from "../../lib/model/conv_network.ts";
import { fastVit, fastVits } from "../../lib/model/fastvit.ts";

/** Weights and numbers in them of timm's networks in inference mode, without a classifier. */
const counts: Readonly<Record<string, readonly [weights: number, numbers: number]>> = {
  fastvit_mci3: [584, 122_749_920],
  fastvit_mci4: [616, 318_478_976],
};

Deno.test("every size has the weights of timm's network", () => {
  assertEquals(Object.keys(fastVits), Object.keys(counts));
  for (const [name, sizes] of Object.entries(fastVits)) {
    const network = fastVit(name, sizes), shapes = [...convNetworkShapes(network).values()];
    const numbers = shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    assertEquals([shapes.length, numbers], counts[name], name);
    assertEquals(featureChannels(network), 2 * sizes.channels.at(-1)!);
    assertEquals(featureGrid(network, 1024, 65), [16, 2]);
  }
});
