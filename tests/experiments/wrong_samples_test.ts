/** What comes of samples that are none, for callers without types. */
import { assertEquals, assertRejects } from "@std/assert";
import { ablateHeads } from "../../lib/experiments/ablate_heads.ts";
import { ablationSamples } from "../../lib/experiments/ablation_samples.ts";
import { attentionFlows } from "../../lib/experiments/attention_flows.ts";
import { attributeHeads } from "../../lib/experiments/attribute_heads.ts";
import { compareVariants } from "../../lib/experiments/compare_variants.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import { hybridQuality } from "../../lib/experiments/hybrid_quality.ts";
import { patchedHeads } from "../../lib/experiments/patched_heads.ts";
import { prefillSpeed } from "../../lib/experiments/prefill_speed.ts";
import { retrievePlaces } from "../../lib/experiments/retrieve_places.ts";
import { headSamples } from "../../lib/experiments/samples.ts";
import { steerHeads } from "../../lib/experiments/steer_heads.ts";
import { shippedSample } from "../../lib/data/shipped_samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { headScores } from "../../lib/heads/head_scores.ts";
import { InputError } from "../../lib/common/errors.ts";

const model = await fromPretrained("tests/golden/qwen3_vl", { backend: "auto" });
globalThis.addEventListener("unload", () => model.dispose());

const raw = await shippedSample("scene"), { grid } = model;
const map = new Float32Array(grid.layers * grid.heads);
const scores = headScores("ram", grid, [{ id: "s", domain: "d", map }]);
const variants = { none: [] }, corrupt = () => new Map();

/** Each takes the model, samples, and what else it needs. */
const takers: Readonly<Record<string, (samples: never) => unknown>> = {
  findHeads: (samples) => findHeads(model, samples),
  ablateHeads: (samples) => ablateHeads(model, samples, scores as never),
  attributeHeads: (samples) => attributeHeads(model, samples),
  steerHeads: (samples) => steerHeads(model, samples, scores as never),
  retrievePlaces: (samples) => retrievePlaces(model, samples, scores as never),
  attentionFlows: (samples) => attentionFlows(model, samples),
  compareVariants: (samples) => compareVariants(model, samples, variants),
  patchedHeads: (samples) => patchedHeads(model, samples, { corrupt } as never),
  hybridQuality: (samples) => hybridQuality(model, samples, { scores: map, settings: [] } as never),
  prefillSpeed: (samples) => prefillSpeed(model, samples, { scores: map } as never),
  headSamples: (samples) => headSamples(model, samples),
  ablationSamples: (samples) => ablationSamples(model, samples),
};

for (const [name, take] of Object.entries(takers)) {
  Deno.test(`${name}: what is no list of samples is an error that says what is wanted`, async () => {
    const refused = async (samples: unknown, message: string) => {
      const { message: said } = await assertRejects(
        () => Promise.resolve().then(() => take(samples as never)),
        InputError,
        message,
      );
      assertEquals(said.includes("\n"), false);
    };
    await refused(raw, "Cannot use an object as samples: wanted ");
    await refused(Promise.resolve([raw]), "a Promise (await it first) as samples");
    await refused(undefined, "Cannot use undefined as samples");
    await refused("shipped", 'Cannot use the text "shipped" as samples');
    await refused([null], "Cannot use null as a sample");
    if (["headSamples", "ablationSamples", "prefillSpeed"].includes(name)) return;
    await refused([raw], "Cannot use an object without a prompt as a sample: wanted ");
  });
}
