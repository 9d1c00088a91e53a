/**
 * Steering while tokens are generated, switched on and off between them, against the definition: the
 * whole text so far in one pass without a cache, in which a hook adds the bias (and hides what a local
 * head does not see) at exactly the queries that are meant.
 */
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import type { Variant } from "../../../lib/causal/head_mask.ts";
import { intervene } from "../../../lib/causal/intervene.ts";
import { interventions } from "../../../lib/causal/interventions/registry.ts";
import type { HeadId } from "../../../lib/common/head_id.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import type { Hook } from "../../../lib/hooks/hook_point.ts";
import { generate } from "../../../lib/model/generate.ts";
import type { ModelInputs } from "../../../lib/model/model_inputs.ts";
import type { VisionLanguageModel } from "../../../lib/model/vision_language_model.ts";
import { withAnswer } from "../../../lib/causal/sweep.ts";
import { type AttentionFunction, denseAttention } from "../../../lib/nn/attention.ts";
import { hybridAttention } from "../../../lib/sparse/attention.ts";
import { patterns } from "../../../lib/sparse/patterns/registry.ts";
import { hybridPlan } from "../../../lib/sparse/plan.ts";
import { goldenCase, goldenModel, relativeError, testKernels } from "../../suites/golden.ts";
import { goldenSample } from "../../suites/golden_samples.ts";
import { assertDiffers } from "../../suites/near.ts";

const chosen: readonly HeadId[] = [
  { layer: 0, head: 1 },
  { layer: 1, head: 0 },
  { layer: 1, head: 3 },
  { layer: 3, head: 2 },
];
/** Heads that see everything under hybrid attention; of the steered ones only the last. */
const full: readonly HeadId[] = [{ layer: 2, head: 1 }, { layer: 3, head: 2 }];
const sink = 2, window = 5, bias = 6, newTokens = 7;

const hasHead = (list: readonly HeadId[], { layer, head }: HeadId) =>
  list.some((one) => one.layer === layer && one.head === head);

/** The model under test, where it is steered to, and what its heads see otherwise. */
interface Setting {
  readonly model: VisionLanguageModel;
  readonly inputs: ModelInputs;
  readonly tokens: readonly number[];
  readonly hybrid: boolean;
}

/** The chosen heads that a model has. */
const steeredOf = ({ grid: { layers, heads } }: VisionLanguageModel) =>
  chosen.filter(({ layer, head }) => layer < layers && head < heads);

/** Which queries are steered: two of the prompt's, and every other stretch of two new tokens. */
function isOn(query: number, promptLength: number): boolean {
  const step = query - promptLength;
  return step < 0 ? step >= -3 && step < -1 : Math.floor(step / 2) % 2 === 0;
}

/** The same as spans of tokens. */
function spansOn(promptLength: number): [number, number][] {
  return Array.from({ length: promptLength + newTokens }, (_, t) => t)
    .filter((t) => isOn(t, promptLength)).map((t) => [t, t + 1]);
}

/** Tokens and the logits from which each was chosen. */
async function generated({ model, inputs }: Setting, attention?: AttentionFunction) {
  const options = { maxNewTokens: newTokens, stopTokenIds: [], keepLogits: true, attention };
  const ids: number[] = [], logits: Float32Array[] = [];
  for await (const token of generate(model, inputs, options)) {
    ids.push(token.id);
    logits.push(token.logits!);
  }
  return { ids, logits };
}

/** What every step should give: one pass over the whole text, by hooks on the scores. */
async function truth(
  { model, inputs, tokens, hybrid }: Setting,
  ids: readonly number[],
): Promise<Float32Array[]> {
  const promptLength = inputs.inputIds.length, { layers, heads } = model.grid;
  const steered = steeredOf(model);
  const hookOf = (layer: number): Hook => (scores) => {
    const size = scores.shape[3]!;
    const added = tf.buffer([1, heads, size, size]);
    for (let head = 0; head < heads; head++) {
      const drawn = hasHead(steered, { layer, head });
      const local = hybrid && !hasHead(full, { layer, head });
      for (let query = 0; query < size; query++) {
        const on = drawn && isOn(query, promptLength);
        for (let key = 0; key <= query; key++) {
          const hidden = local && !on && key >= sink && query - key >= window;
          added.set(hidden ? -1e9 : on && tokens.includes(key) ? bias : 0, 0, head, query, key);
        }
      }
    }
    return scores.add(added.toTensor());
  };
  const hooks = Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => [`blocks.${layer}.attn.scores`, hookOf(layer)]),
  );
  const spans = { system: [], visual: [], evidence: [], question: [], answer: [] };
  const sample = { id: "all", inputs, spans, answerIds: Int32Array.from(ids) };
  const { logits } = await model.forward(withAnswer(sample), { hooks, logits: "all" });
  const size = logits!.data.length / (promptLength + newTokens - 1);
  return ids.map((_, step) => {
    const row = promptLength - 1 + step;
    return logits!.data.slice(row * size, (row + 1) * size);
  });
}

/** Steers while generating, and compares every step with the definition. */
async function check(setting: Setting, bound = 2e-5): Promise<void> {
  const { model, inputs, tokens, hybrid } = setting;
  const base = hybrid
    ? hybridAttention(hybridPlan(model.grid, full, patterns.local({ sink, window })))
    : undefined;
  const steer = interventions.steer(tokens, bias), at = spansOn(inputs.inputIds.length);
  const variant: Variant = [{ heads: steeredOf(model), intervention: steer, at }];
  const attention = intervene(model, [variant], inputs, { attention: base });
  const before = model.kernels.tensorCount();
  const found = await generated(setting, attention);
  assertEquals(model.kernels.tensorCount(), before, "steering left tensors behind");
  const wanted = await truth(setting, found.ids);
  found.logits.forEach((row, step) => {
    const error = relativeError(row, wanted[step]);
    assert(error < bound, `step ${step} differs by ${error} of the scale`);
  });
  const plain = await generated(setting, base);
  assertDiffers(found.logits[1], plain.logits[1], 1e-4); // so that the test can fail
}

Deno.test("steered while decoding, on and off between tokens: as one pass over the whole text", async (t) => {
  const model = await goldenModel("qwen3_vl", await testKernels());
  const { inputs, spans } = await goldenSample("qwen3_vl", "image");
  const tokens = spans.evidence.flatMap(([start, end]) => [start, end - 1]);
  for (const hybrid of [false, true]) {
    await t.step(hybrid ? "hybrid attention" : "dense attention", async () => {
      await check({ model, inputs, tokens, hybrid });
    });
  }
  model.dispose();
});

Deno.test("steered while decoding with layers that have a window of their own (Gemma 3)", async () => {
  const model = await goldenModel("gemma3_text", await testKernels());
  const { inputs } = await goldenCase("gemma3_text", "text");
  const tokens = Array.from({ length: 4 }, (_, i) => inputs.inputIds.length - 6 + i);
  await check({ model, inputs, tokens, hybrid: false });
  model.dispose();
});

Deno.test("steered while decoding on weights that were packed", async () => {
  for (
    const path of ["tests/golden/gguf/tiny-qwen3.gguf", "tests/golden/packed/compressed_tensors"]
  ) {
    using model = await fromPretrained(path, { dtype: "float32" });
    const prompt = await model.prepare([{ role: "user", content: "Where is the red lantern?" }]);
    await check({ model: model.network, inputs: prompt, tokens: [1, 2], hybrid: false });
  }
});

Deno.test("an attention function of one's own can switch steering between two tokens", async () => {
  const model = await goldenModel("qwen3_vl", await testKernels());
  const { inputs } = await goldenSample("qwen3_vl", "image");
  const mask = { heads: steeredOf(model), intervention: interventions.steer([5, 6], bias) };
  const drawn = intervene(model, [[mask]], inputs);
  let on = false;
  const attention: AttentionFunction = (k, call) => (on ? drawn : denseAttention)(k, call);
  const options = { maxNewTokens: newTokens, stopTokenIds: [], keepLogits: true };
  const live: Float32Array[] = [];
  for await (const { logits } of generate(model, inputs, { ...options, attention })) {
    live.push(logits!);
    on = live.length >= 2 && live.length < 4;
  }
  const first = inputs.inputIds.length + 1; // the query that follows the second new token
  const at = [[first, first + 2]] as const;
  const planned = await generated(
    { model, inputs, tokens: [], hybrid: false },
    intervene(model, [[{ ...mask, at }]], inputs),
  );
  live.forEach((row, step) => {
    assert(relativeError(row, planned.logits[step]) < 1e-6, `step ${step} differs`);
  });
  model.dispose();
});
