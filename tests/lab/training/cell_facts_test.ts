import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { cellFactLoss, cellFacts, cellTargets } from "../../../lab/training/cell_facts.ts";
import { vocabSize } from "../../../lab/training/token_format.ts";
import { colours, shapes, wordId, words } from "../../../lab/synthetic/vocabulary.ts";

await useBackend("auto");
const grid = [2, 4] as const;
const labels = Int32Array.from(
  ["p3", "redstar", "map", "blank", "bluering", "tom", "redstar", "grass"].map(wordId),
);

Deno.test("cells know what stands before them, where they are, and how their image begins", () => {
  const targets = cellTargets(Int32Array.of(...labels, ...labels.toReversed()), [grid, grid]);
  const said = (name: string, category: readonly string[]) =>
    Array.from(targets[name].subarray(0, 8), (i) => i < 0 ? "-" : category[i]).join(" ");
  assertEquals(said("second_left", words), "- - p3 redstar - - bluering tom");
  assertEquals(said("own_colour", colours), "- red - - blue - red -");
  assertEquals(said("left_shape", shapes), "- - star - - ring - star");
  assertEquals(said("second_colour", colours), "- - - red - - blue -");
  assertEquals([...targets.column.subarray(0, 5)], [0, 1, 2, 3, 0]);
  assertEquals([...targets.row.subarray(2, 6)], [0, 0, 1, 1]);
  const tall = cellTargets(new Int32Array(34), [[34, 1]]);
  assertEquals([...tall.row], [...Array.from({ length: 32 }, (_, i) => i), -1, -1]);
  assertEquals([...targets.first_of_image.subarray(0, 8)], Array(8).fill(wordId("p3")));
  assertEquals([...targets.first_of_image.subarray(8)], Array(8).fill(wordId("grass")));
});

Deno.test("the loss is the sum of each fact's mean, over the cells that have it; readouts get gradients", () => {
  const targets = cellTargets(labels, [grid]), width = 16;
  const rows = tf.randomNormal([3, width], 0, 1, "float32", 1);
  const table = tf.randomNormal([vocabSize, width], 0, 1, "float32", 2);
  const chosen = Int32Array.of(1, 2, 6);
  const matrices = new Map(
    cellFacts.map(({ name }) => [name, tf.variable(tf.zeros([width, width]))]),
  );
  const { value, grads } = tf.variableGrads(
    () => cellFactLoss(rows, targets, chosen, (name) => matrices.get(name)!, table),
    [...matrices.values()],
  );
  const wanted = cellFacts.reduce((sum, { words: [, count] }) => sum + Math.log(count), 0);
  assertAlmostEquals(value.dataSync()[0], wanted, 1e-3);
  for (const matrix of matrices.values()) {
    assert(grads[matrix.name].abs().sum().dataSync()[0] > 0);
  }
  const none = cellFactLoss(
    rows.slice([0, 0], [1, width]),
    targets,
    Int32Array.of(0),
    (name) => matrices.get(name)!,
    table,
  );
  const without = cellFacts.filter(({ name }) => targets[name][0] >= 0)
    .reduce((sum, { words: [, count] }) => sum + Math.log(count), 0);
  assertAlmostEquals(none.dataSync()[0], without, 1e-3);
});
