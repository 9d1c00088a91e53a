import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../lib/common/errors.ts";
import { attentionFlows, readAttentionFlows } from "../../lib/experiments/attention_flows.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { sweep } from "../../lib/causal/sweep.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { testKernels } from "../suites/golden.ts";

const samples = Array.from({ length: 6 }, (_, i) => plantedSample(1, i));

Deno.test("planted: evidence reaches the last token in the retrieval heads' layers, and only there", async () => {
  const kernels = await testKernels();
  const { model, retrievalHeads } = plantedModel(kernels, { seed: 1 });
  const layers = [...new Set(retrievalHeads.map(({ layer }) => layer))];
  const before = kernels.tensorCount();
  const folder = await Deno.makeTempDir();
  const rows = await attentionFlows(model, samples, { window: 2, folder, bootstrapDraws: 50 });
  assertEquals(kernels.tensorCount(), before, "cutting flows left tensors behind");
  assertEquals(rows.length, 3 * (model.grid.layers - 1));
  for (const { from, to, layers: [first, last], accuracy } of rows) {
    assertEquals(last, first + 1);
    if (from === "question") continue;
    // any retrieval head suffices, and the question's other token is a mere "ask"
    const needed = to === "last" && layers.every((layer) => layer === first || layer === last);
    assertEquals(accuracy.drop.estimate > 0.5, needed, `${from} to ${to}, layer ${first}`);
    if (!needed) assertEquals(accuracy.drop.estimate, 0);
  }
  assertEquals((await readAttentionFlows(folder)).length, rows.length);
  await Deno.remove(folder, { recursive: true });
  for (
    const [wrong, message] of [
      [{ window: 0 }, "a window of 0 layers"],
      [{ stride: 99 }, "a stride of 99 layers"],
      [{ flows: [] }, "Cannot cut 0 flows"],
    ] as const
  ) {
    await assertRejects(() => attentionFlows(model, samples, wrong), InputError, message);
  }
  model.dispose();
});

Deno.test("a cut equals hooks that take the tokens out of those queries' patterns", async () => {
  const kernels = await testKernels();
  const { model } = plantedModel(kernels, { seed: 2 });
  const [sample] = samples;
  const hidden = tokensOf(sample.spans.evidence), last = sample.inputs.inputIds.length - 1;
  const flows = [{ from: "evidence", to: "last" }] as const;
  const rows = await attentionFlows(model, [sample], { flows, window: model.grid.layers });
  const [whole] = await sweep(model, sample, [[]]);
  const mask = tf.tidy(() => {
    const seen = Array.from(
      { length: last + 1 },
      (_, row) =>
        Array.from({ length: last + 1 }, (_, key) => row === last && hidden.includes(key) ? 0 : 1),
    );
    return tf.tensor2d(seen);
  });
  const hooks = {
    "blocks.*.attn.pattern": (pattern: tf.Tensor) => {
      const left = pattern.mul(mask);
      return left.div(left.sum(3, true));
    },
  };
  const { logits } = await model.forward(sample.inputs, { hooks });
  mask.dispose();
  const largest = Math.max(...logits!.data);
  const total = logits!.data.reduce((sum, value) => sum + Math.exp(value - largest), 0);
  const logProb = logits!.data[sample.answerIds[0]] - largest - Math.log(total);
  const drop = whole.logProb - Math.max(logProb, -87);
  assert(Math.abs(rows[0].logProb.drop.estimate - drop) < 1e-3);
  model.dispose();
});
