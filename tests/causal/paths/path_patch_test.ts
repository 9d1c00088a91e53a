import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { headOutputs } from "../../../lib/causal/head_outputs.ts";
import { intervene } from "../../../lib/causal/intervene.ts";
import { interventions } from "../../../lib/causal/interventions/registry.ts";
import { corruptMedia } from "../../../lib/causal/path.ts";
import { answerLogProb, type AnswerMetric } from "../../../lib/causal/paths/metric.ts";
import { type HeadInput, headInputNames } from "../../../lib/causal/paths/nodes.ts";
import { pathPatch, pathSweep, singleSenders } from "../../../lib/causal/paths/path_patch.ts";
import { type AnswerSample, sweep } from "../../../lib/causal/sweep.ts";
import { allHeads, type HeadGrid, type HeadId } from "../../../lib/common/head_id.ts";
import type { ModelInputs } from "../../../lib/model/model_inputs.ts";
import {
  goldenCase,
  goldenDir,
  goldenModel,
  hasBfloat16,
  testKernels,
} from "../../suites/golden.ts";

/** A metric that remembers all logits: of the clean, the corrupted and the patched run. */
function remembering() {
  const seen: Float32Array[][] = [];
  const metric: AnswerMetric = {
    name: "remembered",
    of(logits, answerIds) {
      seen.push([...logits]);
      return answerLogProb.of(logits, answerIds);
    },
  };
  return { metric, seen };
}

/** Every fifth token of a text, from its end, is another. */
function otherWords(inputs: ModelInputs): ModelInputs {
  const last = inputs.inputIds.length - 1;
  const inputIds = inputs.inputIds.map((id, i) => (last - i) % 5 === 0 ? 30 + i : id);
  return { ...inputs, inputIds };
}

/** Pixel values in reverse order. */
function reversed(inputs: ModelInputs): ModelInputs {
  const { data, shape } = inputs.media.pixel_values;
  const pixels = { data: Float32Array.from(data).reverse(), shape };
  return { ...inputs, media: { ...inputs.media, pixel_values: pixels } };
}

const allInputs = (grid: HeadGrid): HeadInput[] =>
  allHeads(grid).flatMap((head) => headInputNames.map((input) => ({ head, input })));

/** A golden prompt with an answer of two tokens, and another version of it. */
async function pair(family: string, name: string): Promise<[AnswerSample, ModelInputs]> {
  const { inputs } = await goldenCase(family, name);
  const spans = { system: [], visual: [], evidence: [], question: [], answer: [] };
  const clean = { id: name, inputs, spans, answerIds: Int32Array.of(7, 11) };
  if (Object.keys(inputs.media).length > 0) return [clean, corruptMedia(inputs, 3)];
  return [clean, otherWords(inputs)];
}

/** Checkpoints with the case and the element type in which they run. */
const families = [
  ["qwen3_vl", "two_images"],
  ["gemma3_text", "text"],
  ["qwen2_5_vl", "image"],
  ["llava", "image"],
  ["qwen3_vl_moe", "image"],
  ["gemma3", "image"],
  ["qwen3_vl_bf16", "two_images", "bfloat16"],
] as const;

for (const family of ["gemma3_text", "qwen3_vl", "qwen2_5_vl"]) {
  Deno.test(`${family}: logits under path patching are transformers'`, async () => {
    const model = await goldenModel(family);
    const stored = JSON.parse(
      await Deno.readTextFile(`${goldenDir(family)}/expected/paths.json`),
    );
    const { inputs } = await goldenCase(family, stored.case);
    const corrupted = inputs.media.pixel_values ? reversed(inputs) : otherWords(inputs);
    const spans = { system: [], visual: [], evidence: [], question: [], answer: [] };
    const clean = { id: family, inputs, spans, answerIds: Int32Array.of(0) };
    for (const { senders, receivers, logits } of stored.paths) {
      const { metric, seen } = remembering();
      await pathPatch(model, { clean, corrupted, senders, receivers, metric });
      [stored.clean, stored.corrupted, logits].forEach((wanted: number[], run) =>
        wanted.forEach((value, token) =>
          assertAlmostEquals(seen[run][0][token], value, 2e-4, JSON.stringify(receivers))
        )
      );
    }
    model.dispose();
  });
}

for (const [family, name, dtype = "float32"] of families) {
  const ignore = dtype === "bfloat16" && !await hasBfloat16();
  const bits = "everything patched is the corrupted run bit for bit, nothing the clean one";
  Deno.test({ name: `${family}: ${bits}`, ignore }, async () => {
    const kernels = await testKernels(dtype);
    const model = await goldenModel(family, kernels), { grid } = model;
    const [clean, corrupted] = await pair(family, name);
    const everything = { heads: allHeads(grid), embedding: true };
    const before = kernels.tensorCount();

    const whole = remembering();
    await pathPatch(model, {
      ...{ clean, corrupted, senders: everything, receivers: "logits", metric: whole.metric },
    });
    const [own, other, patched] = whole.seen;
    assertEquals(patched, other);
    assert(String(own) !== String(other), "the corruption does nothing");

    for (const receivers of ["logits", allInputs(grid)] as const) {
      const same = remembering();
      const nothing = { clean, corrupted: clean.inputs, receivers, metric: same.metric };
      await pathPatch(model, { ...nothing, senders: everything });
      assertEquals(same.seen.length, 3);
      assertEquals(same.seen[2], same.seen[0]);
    }
    for (const senders of [{ heads: [] }, { ...everything, at: [] }]) {
      const { clean: plain, patched } = await pathPatch(model, {
        ...{ clean, corrupted, senders, receivers: "logits" },
      });
      assertEquals(patched, plain);
    }
    const none = await pathPatch(model, { clean, corrupted, senders: everything, receivers: [] });
    assertEquals(none.effect, 0);
    assertEquals(kernels.tensorCount(), before);
    model.dispose();
  });
}

for (const [family, name] of families.slice(0, -1)) {
  Deno.test(`${family}: into all inputs of all heads is every head's output of the corrupted run`, async () => {
    const model = await goldenModel(family);
    const [clean, corrupted] = await pair(family, name);
    const { metric, seen } = remembering();
    const senders = { heads: allHeads(model.grid), embedding: true };
    const { clean: plain, corrupted: lost, patched } = await pathPatch(model, {
      ...{ clean, corrupted, senders, receivers: allInputs(model.grid), metric },
    });
    const [{ logProb: ends }] = await sweep(model, clean, [[]], { scope: "all" });
    assertAlmostEquals(plain, ends, 1e-4);
    const [{ logProb: there }] = await sweep(model, { ...clean, inputs: corrupted }, [[]], {
      scope: "all",
    });
    assertAlmostEquals(lost, there, 1e-4);
    // by another way: all outputs of heads from the corrupted prompt, and its answer's first token
    const from = await headOutputs(model, "corrupted", corrupted);
    const masks = [{
      heads: allHeads(model.grid),
      intervention: interventions.resample(from),
      during: "prefill" as const,
    }];
    const attention = intervene(model, [masks], clean.inputs);
    const { logits } = await model.forward(clean.inputs, { attention });
    logits!.data.forEach((value, i) => assertAlmostEquals(value, seen[2][0][i], 2e-4));
    assert(Math.abs(patched - plain) > 1e-4);
    model.dispose();
  });
}

Deno.test("a sweep is a run for each sender, whatever receives, and leaves nothing behind", async () => {
  const kernels = await testKernels();
  for (const [family, name] of families.slice(0, 2)) {
    const model = await goldenModel(family, kernels), { grid } = model;
    const [clean, corrupted] = await pair(family, name);
    const last = clean.inputs.inputIds.length, top = grid.layers - 1;
    const head: HeadId = { layer: top, head: 1 };
    const below: HeadId = { layer: top - 1, head: 2 };
    const senders = [
      ...singleSenders(grid).filter((_, i) => i % 5 === 1),
      { embedding: true },
      { embedding: true, at: [[1, 6]] as const },
      { heads: [{ layer: 0, head: 0 }, below], at: [[last - 4, last]] as const },
    ];
    const receiving = [
      "logits",
      [{ head, input: "query" }],
      [{ head, input: "query", at: [[last - 3, last]] }],
      [{ head, input: "key" }, { head: below, input: "value", at: [[2, 9]] }],
      [{ head, input: "value", at: [[5, last]] }, { head: below, input: "query" }],
    ] as const;
    const before = kernels.tensorCount();
    for (const mlps of ["recomputed", "held"] as const) {
      for (const receivers of receiving) {
        const request = { clean, corrupted, receivers, mlps };
        const found = await pathSweep(model, { ...request, senders, batchRows: 500 });
        for (const [i, own] of senders.entries()) {
          if (mlps === "held" && i % 3) continue; // a third of them says enough
          const { patched } = await pathPatch(model, { ...request, senders: own });
          assertAlmostEquals(found.patched[i], patched, 2e-4, `${family} ${JSON.stringify(own)}`);
        }
        assert(found.effects.some((effect) => Math.abs(effect) > 1e-5));
      }
    }
    const default_ = await pathSweep(model, { clean, corrupted, receivers: "logits" });
    assertEquals(default_.effects.length, grid.layers * grid.heads);
    assertEquals(kernels.tensorCount(), before);
    model.dispose();
  }
});

Deno.test("of an image whose tokens see one another, a sweep runs all of it", async () => {
  const model = await goldenModel("gemma3");
  const [clean, corrupted] = await pair("gemma3", "image");
  const { positionIds, inputIds } = clean.inputs;
  const starts = positionIds.subarray(inputIds.length);
  const start = starts.findIndex((own, i) => own === starts[i + 1]);
  assert(start >= 0 && starts[start + 3] === starts[start]);
  const at = [[start + 2, start + 4]] as const, head = { layer: model.grid.layers - 1, head: 0 };
  const request = { clean, corrupted, receivers: [{ head, input: "key", at }] } as const;
  const senders = [{ heads: [{ layer: 0, head: 1 }] }, { embedding: true }];
  const { patched, effects } = await pathSweep(model, { ...request, senders });
  for (const [i, own] of senders.entries()) {
    const alone = await pathPatch(model, { ...request, senders: own });
    assertAlmostEquals(patched[i], alone.patched, 2e-4);
  }
  assert(effects.some((effect) => Math.abs(effect) > 1e-4), String(effects));
  model.dispose();
});

Deno.test("what cannot be sent or received is refused", async () => {
  const model = await goldenModel("qwen3_vl");
  const [clean, corrupted] = await pair("qwen3_vl", "image");
  const head = { layer: 1, head: 0 }, senders = { heads: [head] };
  const path = { clean, corrupted, senders, receivers: "logits" } as const;
  const refused = (change: Record<string, unknown>, message: string) =>
    assertRejects(() => pathPatch(model, { ...path, ...change } as never), Error, message);
  await refused({ senders: { heads: [{ layer: 9, head: 0 }] } }, "send from head L9H0");
  await refused({ senders: [head] }, "Cannot send from a list of 1");
  await refused({ receivers: [{ head, input: "z" }] }, "input z of a head");
  await refused({ receivers: [{ head: { layer: 4, head: 0 }, input: "key" }] }, "into head L4H0");
  const twice = { head, input: "key" };
  await refused({ receivers: [twice, twice] }, "the key of L1H0 twice");
  await refused({ receivers: "z" }, 'wanted "logits"');
  const short = (await goldenCase("qwen3_vl", "text")).inputs;
  await refused({ corrupted: short }, "wanted as many");
  const moved = corrupted.positionIds.map((position) => position + 1);
  await refused({ corrupted: { ...corrupted, positionIds: moved } }, "other positions");
  model.dispose();
});
