import { interventions } from "../../lib/causal/interventions/registry.ts";
import { assertEquals, assertThrows } from "@std/assert";
import {
  checkMask,
  checkVariants,
  firstLayer,
  type HeadMask,
  zeroHeads,
} from "../../lib/causal/head_mask.ts";
import type { PromptContext } from "../../lib/causal/interventions/intervention.ts";
import type { HeadId } from "../../lib/common/head_id.ts";

const grid = { layers: 4, heads: 4 };
const heads: HeadId[] = [{ layer: 1, head: 0 }, { layer: 3, head: 2 }];
const context: PromptContext = {
  promptLength: 10,
  spans: { system: [], visual: [[1, 5]], evidence: [], question: [[6, 9]], answer: [] },
};
const outputs = (tokens: number, layers: number[]) => ({
  id: "other",
  tokens,
  layers: new Map(layers.map((layer) => [layer, new Float32Array(tokens)])),
});

Deno.test("the first layer that a variant changes, over all of its masks", () => {
  assertEquals(firstLayer(zeroHeads(heads), 4), 1);
  assertEquals(firstLayer([...zeroHeads([heads[1]]), ...zeroHeads([heads[0]])], 4), 1);
  assertEquals(firstLayer([], 4), 4);
  assertEquals(firstLayer(zeroHeads([]), 4), 4);
});

Deno.test("masks that can be applied pass", () => {
  const means = { name: "m", shape: [4, 4, 2] as const, data: new Float64Array(32), tokens: 1 };
  const all: HeadMask[] = [
    ...zeroHeads(heads),
    ...zeroHeads([]),
    { heads, intervention: interventions.scale(-2) },
    { heads, intervention: interventions.mean(means) },
    { heads, intervention: interventions.uniform() },
    { heads, intervention: interventions.knockOut("visual") },
    { heads, intervention: interventions.resample(outputs(10, [1, 3])), during: "prefill" },
    { heads, intervention: interventions.resample(outputs(3, [1, 3]), 0) },
  ];
  for (const mask of all) checkMask(mask, grid, context);
});

Deno.test("masks that cannot be applied are errors that say why", () => {
  const wrong = (mask: Partial<HeadMask>, message: string, other: Partial<PromptContext> = {}) =>
    assertThrows(
      () =>
        checkMask({ heads, intervention: interventions.zero(), ...mask }, grid, {
          ...context,
          ...other,
        }),
      Error,
      message,
    );
  wrong(
    { heads: [{ layer: 4, head: 0 }] },
    "Cannot ablate head L4H0: layers are 0 to 3, heads 0 to 3",
  );
  wrong({ heads: [...heads, heads[0]] }, "Cannot ablate head L1H0 twice");
  wrong({ intervention: interventions.scale(NaN) }, "Cannot scale heads by NaN");
  wrong(
    { intervention: interventions.knockOut("system") },
    'Cannot knock out the attention to span "system": the prompt has no such tokens',
  );
  wrong({ intervention: interventions.knockOut("visual") }, "no such tokens", { spans: undefined });
  const over = { name: "small", shape: [2, 4, 8] as const, data: new Float64Array(64), tokens: 1 };
  wrong(
    { intervention: interventions.mean(over) },
    'the means over "small": they are of 2 layers with 4',
  );
  wrong(
    { intervention: interventions.resample(outputs(10, [1]), 1) },
    'Cannot resample heads from "other": its outputs of layer 3 are missing',
  );
  const from = outputs(12, [1, 3]);
  wrong(
    { intervention: interventions.resample(from), during: "prefill" },
    "it has 12 tokens, the prompt has 10; give a seed",
  );
  wrong({ intervention: interventions.resample(from) }, "while decoding", { promptLength: 12 });
});

Deno.test("what is no list of variants, masks, heads or interventions is told with what is wanted", () => {
  const [mask] = zeroHeads(heads),
    form = "such as [zeroHeads(heads)] or [[{ heads, intervention }]]";
  const tries: readonly (readonly [unknown, string])[] = [
    [
      undefined,
      `Cannot use undefined as variants: wanted a list of variants, each a list of masks, ${form}`,
    ],
    [mask, "Cannot use an object as variants"],
    [[mask], "Cannot use a single mask as a variant"],
    [zeroHeads(heads), form],
    [heads, "Cannot use an object as a variant"],
    [[heads], "Cannot use an object as a mask"],
    [[["L3H1"]], 'Cannot use the text "L3H1" as a mask'],
    [[[{ heads, intervention: "zero" }]], 'Cannot change heads by the text "zero"'],
    [
      [[{ heads, intervention: interventions.zero }]],
      "by a function: wanted an intervention, such as",
    ],
    [
      [[{ ...mask, heads: [[1, 0]] }]],
      "Cannot ablate a list of 2: wanted a head, { layer: 3, head: 1 }",
    ],
    [
      [[{ ...mask, heads: ["L1H0"] }]],
      'the text "L1H0": wanted a head, { layer: 3, head: 1 } or parseHead',
    ],
    [[[{ ...mask, heads: heads[0] }]], "Cannot ablate an object: wanted a list of heads"],
  ];
  for (const [variants, message] of tries) {
    assertThrows(() => checkVariants(variants as never, grid, context), Error, message);
  }
  checkVariants([[mask], zeroHeads([]), []], grid, context);
});
