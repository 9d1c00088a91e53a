import { assertEquals, assertThrows } from "@std/assert";
import {
  checkMask,
  firstLayer,
  type HeadMask,
  type MaskContext,
  zeroHeads,
} from "../../lib/causal/head_mask.ts";
import type { HeadId } from "../../lib/common/head_id.ts";

const grid = { layers: 4, heads: 4 };
const heads: HeadId[] = [{ layer: 1, head: 0 }, { layer: 3, head: 2 }];
const context: MaskContext = {
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
    { heads, replace: { kind: "scale", factor: -2 } },
    { heads, replace: { kind: "mean", over: means } },
    { heads, replace: { kind: "uniform" } },
    { heads, replace: { kind: "blockKeys", span: "visual" } },
    { heads, replace: { kind: "resample", from: outputs(10, [1, 3]) }, during: "prefill" },
    { heads, replace: { kind: "resample", from: outputs(3, [1, 3]), seed: 0 } },
  ];
  for (const mask of all) checkMask(mask, grid, context);
});

Deno.test("masks that cannot be applied are errors that say why", () => {
  const wrong = (mask: Partial<HeadMask>, message: string, other: Partial<MaskContext> = {}) =>
    assertThrows(
      () =>
        checkMask({ heads, replace: { kind: "zero" }, ...mask }, grid, { ...context, ...other }),
      Error,
      message,
    );
  wrong(
    { heads: [{ layer: 4, head: 0 }] },
    "Cannot ablate head L4H0: layers are 0 to 3, heads 0 to 3",
  );
  wrong({ heads: [...heads, heads[0]] }, "Cannot ablate head L1H0 twice");
  wrong({ replace: { kind: "scale", factor: NaN } }, "Cannot scale heads by NaN");
  wrong(
    { replace: { kind: "blockKeys", span: "system" } },
    'Cannot block the keys of span "system": the prompt has no such tokens',
  );
  wrong({ replace: { kind: "blockKeys", span: "visual" } }, "no such tokens", { spans: undefined });
  const over = { name: "small", shape: [2, 4, 8] as const, data: new Float64Array(64), tokens: 1 };
  wrong({ replace: { kind: "mean", over } }, 'the means over "small": they are of 2 layers with 4');
  wrong(
    { replace: { kind: "resample", from: outputs(10, [1]), seed: 1 } },
    'Cannot resample heads from "other": its outputs of layer 3 are missing',
  );
  const from = outputs(12, [1, 3]);
  wrong(
    { replace: { kind: "resample", from }, during: "prefill" },
    "it has 12 tokens, the prompt has 10; give a seed",
  );
  wrong({ replace: { kind: "resample", from } }, "while decoding", { promptLength: 12 });
});
