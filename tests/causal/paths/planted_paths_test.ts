import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { logitDifference } from "../../../lib/causal/paths/metric.ts";
import { type HeadInput, headInputNames } from "../../../lib/causal/paths/nodes.ts";
import { pathPatch, pathSweep } from "../../../lib/causal/paths/path_patch.ts";
import type { AnswerSample } from "../../../lib/causal/sweep.ts";
import { headAt, headIndex, headName } from "../../../lib/common/head_id.ts";
import { plantedModel, plantedWords } from "../../../lab/planted/planted.ts";
import { plantedSample } from "../../../lab/planted/planted_world.ts";
import { testKernels } from "../../suites/golden.ts";

/** Names of the heads whose effect is more than a share of the largest possible. */
function carriers(effects: Float64Array, gap: number, heads = 8): string[] {
  return [...effects.keys()].filter((i) => Math.abs(effects[i]) > 0.1 * gap)
    .map((i) => headName(headAt(i, heads)));
}

Deno.test("planted retrieval: they write to the logits; their inputs come from the embedding", async () => {
  const kernels = await testKernels();
  const { model, retrievalHeads } = plantedModel(kernels, { seed: 2, retrievalHeads: 2 });
  const { inputs, ...rest } = plantedSample(2, 3);
  const clean = { ...rest, inputs };
  const otherImage = { ...inputs, media: plantedSample(2, 4).inputs.media };
  const asked = inputs.inputIds.length - 1;
  const otherQuestion = {
    ...inputs,
    inputIds: inputs.inputIds.map((id, i) => i === asked ? rest.nullQuery[1] : id),
  };
  const value = rest.answerIds[0] + (rest.answerIds[0] === plantedWords.tokens[15] ? -1 : 1);
  for (const corrupted of [otherImage, otherQuestion]) {
    const pair = { clean, corrupted, metric: logitDifference(value) }; // logits of heads add up
    const logits = await pathSweep(model, { ...pair, receivers: "logits" });
    const gap = logits.clean - logits.corrupted;
    assert(gap > 1);
    assertEquals(carriers(logits.effects, gap), retrievalHeads.map(headName));
    for (const input of headInputNames) {
      const receivers = retrievalHeads.map((head): HeadInput => ({ head, input }));
      const found = await pathSweep(model, { ...pair, receivers });
      assertEquals(carriers(found.effects, gap), [], `no head writes their ${input}`);
      const embedding = { embedding: true };
      const whole = await pathPatch(model, { ...pair, receivers, senders: embedding });
      const needed = (input === "query") === (corrupted === otherQuestion);
      assertEquals(whole.effect > 0.3 * gap, needed, `${input}: ${whole.effect} of ${gap}`);
      if (!needed || input === "query") continue;
      // of the image, its evidence: that is where the asked key and its value stand
      const at = rest.spans.evidence;
      const cell = await pathPatch(model, {
        ...{ ...pair, receivers, senders: { ...embedding, at } },
      });
      assert(cell.effect > 0.2 * gap, `the evidence's ${input}: ${cell.effect} of ${gap}`);
    }
  }
  model.dispose();
});

Deno.test("planted induction: the previous-token head writes the keys that induction heads match", async () => {
  const kernels = await testKernels();
  for (const seed of [1, 3]) {
    const options = { seed, retrievalHeads: 0, inductionHeads: 2, layers: 3 };
    const { model, inductionHeads, roles } = plantedModel(kernels, options);
    const previous = roles.indexOf("previous");
    // ... A B ... A: the answer is B; corrupted, another word stands before B
    const { tokens: words, first } = plantedWords;
    const [a, b, other] = [words[9], words[12], words[14]];
    const text = (before: number) =>
      Int32Array.of(first, words[8], words[10], before, b, words[11], words[13], a);
    const prompt = (before: number) => {
      const inputIds = text(before);
      const positionIds = Int32Array.from(inputIds, (_, i) => i);
      return { inputIds, positionIds, nextPosition: inputIds.length, media: {} };
    };
    const spans = { system: [], visual: [], evidence: [], question: [], answer: [] };
    const clean: AnswerSample = {
      id: "induction",
      inputs: prompt(a),
      spans,
      answerIds: Int32Array.of(b),
    };
    const corrupted = prompt(other);
    const pair = { clean, corrupted, metric: logitDifference(words[15]) };
    const logits = await pathSweep(model, { ...pair, receivers: "logits" });
    const gap = logits.clean - logits.corrupted;
    assert(gap > 1, `the corruption costs ${gap}`);
    assertEquals(carriers(logits.effects, gap), inductionHeads.map(headName));
    for (const input of headInputNames) {
      const receivers = inductionHeads.map((head): HeadInput => ({ head, input }));
      const { effects } = await pathSweep(model, { ...pair, receivers });
      const found = carriers(effects, gap);
      assertEquals(found, input === "key" ? [headName(headAt(previous, 8))] : [], input);
      if (input !== "key") continue;
      assertAlmostEquals(effects[previous], gap, 0.3 * gap);
      const at = [[4, 5]] as const; // it writes there, at B, and is read there
      const senders = { heads: [headAt(previous, 8)], at };
      const there = await pathPatch(model, {
        ...{ ...pair, senders },
        receivers: receivers.map((own) => ({ ...own, at })),
      });
      assertAlmostEquals(there.effect, effects[headIndex(headAt(previous, 8), 8)], 0.1 * gap);
      // one head of a group receives alone
      const alone = await pathPatch(model, {
        ...{ ...pair, senders: { heads: [headAt(previous, 8)] } },
        receivers: receivers.slice(0, 1),
      });
      assert(alone.effect < 0.9 * effects[previous]);
    }
    model.dispose();
  }
});
