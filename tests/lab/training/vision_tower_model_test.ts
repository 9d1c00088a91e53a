import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { imageTowerShapes } from "../../../lib/model/weight_shapes.ts";
import {
  visionTowerConfig,
  VisionTowerParameters,
} from "../../../lab/training/vision_tower_model.ts";

await useBackend("auto");

Deno.test("the vision tower has every weight, and few enough of them", () => {
  const middle = Float32Array.from({ length: 64 }, (_, i) => i);
  const parameters = new VisionTowerParameters(visionTowerConfig, 64, middle, 1);
  const shapes = imageTowerShapes(visionTowerConfig, 64);
  assertEquals(new Map([...parameters.variables].map(([name, v]) => [name, [...v.shape]])), shapes);
  const numbers = [...parameters.variables.values()].reduce((sum, { size }) => sum + size, 0);
  assert(numbers < 7.5e6); // 15 MB in bfloat16
  assertEquals(parameters.variables.get("projector.linear_2.bias")!.dataSync(), middle);

  // no filter sees a cell of one colour
  const filters = parameters.variables.get("encoder.embeddings.patch_embedding.weight")!;
  const plane = filters.shape[2]! * filters.shape[3]!, values = filters.dataSync() as Float32Array;
  for (let start = 0; start < values.length; start += 97 * plane) {
    const sum = values.subarray(start, start + plane).reduce((a, b) => a + b, 0);
    assertAlmostEquals(sum, 0, 1e-3);
  }
  const rules = new Map(parameters.parameters().map(({ name, rule }) => [name, rule]));
  assertEquals(rules.get("encoder.layers.0.mlp.fc1.weight"), "muon");
  assertEquals(rules.get("projector.linear_2.weight"), "adamw");
  parameters.dispose();
});
