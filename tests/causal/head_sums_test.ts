import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { attributionPatching } from "../../lib/causal/attribution_patching.ts";
import { edgeAttribution } from "../../lib/causal/edge_attribution.ts";
import { interventions } from "../../lib/causal/interventions/registry.ts";
import { answerLogit } from "../../lib/causal/paths/metric.ts";
import { assertNear } from "../suites/near.ts";
import { withGolden } from "./golden_attribution.ts";

for (const family of ["qwen3_vl", "gemma3"]) {
  Deno.test(`${family}: sizes are those of slopes with what one other layer adds held, on average`, async () => {
    await withGolden(family, "image", async (model, { inputs, spans, id }) => {
      const { grid: { layers, heads: count } } = model, step = 0.02;
      const sample = { id, inputs, spans, answerIds: Int32Array.of(7) };
      const change = { intervention: interventions.scale(1 + step) };
      const options = { metric: answerLogit, scope: "all", gradDrop: true } as const;
      const { heads, sizes } = await attributionPatching(model, sample, change, options);
      const { sizes: none } = await attributionPatching(model, sample, change, { scope: "all" });
      assertEquals(none, undefined);
      const names = (layer: number) => [`blocks.${layer}.attn_out`, `blocks.${layer}.mlp_out`];
      const logitOf = async (scaled: number | null, factor: number, held: number | null) => {
        const hooks: Record<string, (x: tf.Tensor) => tf.Tensor> = {};
        if (scaled !== null) {
          const own = Array.from({ length: count }, (_, n) => n === scaled % count ? factor : 1);
          hooks[`blocks.${Math.floor(scaled / count)}.attn.z`] = (z) =>
            tf.mul(z, tf.tensor(own, [1, 1, count, 1]));
        }
        for (const name of held === null ? [] : names(held)) {
          const [{ data, shape }] = captured.get(name)!;
          hooks[name] = () => tf.tensor(data, [...shape]);
        }
        const { logits } = await model.forward(inputs, { hooks, logits: "last" });
        return logits!.data[7];
      };
      const everyLayer = Array.from({ length: layers }, (_, layer) => names(layer)).flat();
      const { captured } = await model.forward(inputs, { capture: { names: everyLayer } });
      const largest = Math.max(...sizes!);
      for (const head of [0, 1, count, layers * count - 1]) {
        const own = Math.floor(head / count);
        const others = Array.from({ length: layers }, (_, layer) => layer)
          .filter((layer) => layer !== own);
        let wanted = 0;
        for (const held of others) {
          // a layer before the head's is the same with and without the change
          const at = async (factor: number) =>
            await logitOf(head, factor, held > own ? held : null);
          wanted += Math.abs(await at(1 + step) - await at(1 - step)) / 2 / others.length;
        }
        assertAlmostEquals(sizes![head], wanted, 0.03 * largest, `head ${head}`);
        if (own === layers - 1) assertAlmostEquals(sizes![head], Math.abs(heads[head]), 1e-6);
      }
    });
  });
}

Deno.test("edges come with the sizes of attribution patching, from the same pass", async () => {
  await withGolden("qwen3_vl", "image", async (model, sample) => {
    const change = { intervention: interventions.zero() };
    for (const steps of [1, 3]) {
      const options = { metric: answerLogit, steps, gradDrop: true };
      const { sizes, heads } = await edgeAttribution(model, sample, change, options);
      const wanted = await attributionPatching(model, sample, change, options);
      assertNear(sizes!, wanted.sizes!, 1e-4, `sizes, ${steps} steps`);
      assertNear(heads, wanted.heads, 1e-4, `heads, ${steps} steps`);
    }
    const { sizes } = await edgeAttribution(model, sample, change, { metric: answerLogit });
    assertEquals(sizes, undefined);
  });
});
