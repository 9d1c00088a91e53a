import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { hookNames, type Hooks } from "../../lib/hooks/hook_point.ts";
import { RunHooks } from "../../lib/hooks/run_hooks.ts";
import { testKernels } from "../suites/golden.ts";

const names = hookNames(2, 0);

Deno.test("hooks run in order, replace the activation and are counted", async () => {
  const k = await testKernels();
  const before = k.tensorCount(), tfjsBefore = tf.memory().numTensors;
  const hooks = new RunHooks(
    {
      "blocks.*.attn.z": [(z) => z.add(1), (z, { layer }) => z.mul(layer + 10)],
      "embed": { onTensor: (x, kernels) => kernels.scale(x, 2) },
    },
    names,
    k,
  );
  const values = k.scope(() => {
    const x = k.tensor(Float32Array.of(1, 2), [2]);
    return [
      k.readSync(hooks.apply("blocks.1.attn.z", x)),
      k.readSync(hooks.apply("embed", x)),
      k.readSync(hooks.apply("blocks.0.resid_pre", x)), // no hook here
    ].map((array) => [...array]);
  });
  assertEquals(values, [[22, 33], [2, 4], [1, 2]]);
  assertEquals(hooks.fireCounts.get("blocks.1.attn.z"), 1);
  assertEquals(hooks.fireCounts.get("blocks.0.attn.z"), 0);
  assertEquals(hooks.wants("blocks.0.resid_pre"), false);
  assertEquals(k.tensorCount(), before);
  assertEquals(tf.memory().numTensors, tfjsBefore);
});

Deno.test("a tensor that was made before the run serves every time, and stays", async () => {
  const k = await testKernels();
  const patch = tf.tensor1d([5, 7]);
  const hooks = new RunHooks({ "blocks.*.attn.z": () => patch, "embed": (x) => x }, names, k);
  const before = tf.memory().numTensors;
  for (const name of ["blocks.0.attn.z", "blocks.1.attn.z", "blocks.1.attn.z"]) {
    const values = k.scope(() => [...k.readSync(hooks.apply(name, k.zeros([2])))]);
    assertEquals(values, [5, 7]);
  }
  k.scope(() => void hooks.apply("embed", k.zeros([2])));
  assertEquals(tf.memory().numTensors, before);
  assertEquals([...patch.dataSync()], [5, 7]);
  patch.dispose();
  const late = () => k.scope(() => hooks.apply("blocks.0.attn.z", k.zeros([2])));
  assertThrows(late, InputError, "was disposed of");
});

Deno.test("hooks may stand in a Map", async () => {
  const k = await testKernels();
  const given = new Map([["blocks.1.attn.z", (z: tf.Tensor) => z.add(1)]]);
  const hooks = new RunHooks(given as unknown as Hooks, names, k);
  const values = k.scope(() => [...k.readSync(hooks.apply("blocks.1.attn.z", k.zeros([2])))]);
  assertEquals(values, [1, 1]);
  const wrong = new Map([["blocks.9.attn.z", () => {}]]);
  assertThrows(() => new RunHooks(wrong as unknown as Hooks, names, k), InputError, "blocks.9");
});

Deno.test("a hook is told its name, layer and position", async () => {
  const k = await testKernels();
  const seen: unknown[] = [];
  const hooks = new RunHooks(
    { "blocks.1.mlp_out": (_, context) => void seen.push(context) },
    names,
    k,
  );
  k.scope(() => void hooks.apply("blocks.1.mlp_out", k.zeros([1, 1, 2]), 7));
  assertEquals(seen, [{ name: "blocks.1.mlp_out", layer: 1, firstPosition: 7 }]);
});

Deno.test("a replacement of another shape is an error", async () => {
  const k = await testKernels();
  const hooks = new RunHooks({ "embed": (x) => x.sum() }, names, k);
  assertThrows(() => k.scope(() => hooks.apply("embed", k.zeros([2, 3]))), Error, "wanted [2,3]");
});

Deno.test("a hook that returns a Promise or another value is told so, and leaves nothing behind", async () => {
  const k = await testKernels();
  const before = k.tensorCount(), tfjsBefore = tf.memory().numTensors;
  const said: unknown[] = [];
  const error = console.error;
  console.error = (...words) => void said.push(words);
  try {
    for (
      const [returned, message] of [
        [Promise.resolve(), "a Promise, but the model does not wait"],
        [Promise.reject(new Error("late")), "a Promise"],
        [[1, 2], "a list of 2; wanted a tensor"],
        [true, "true; wanted"],
        [0, "0; wanted"],
        ["zero", 'the text "zero"'],
        [{}, "an object; wanted"],
      ] as const
    ) {
      for (const hook of [() => returned, { onTensor: () => returned }]) {
        const hooks = new RunHooks({ "blocks.0.attn.z": hook as never }, names, k);
        assertThrows(
          () => k.scope(() => hooks.apply("blocks.0.attn.z", k.zeros([1, 2]))),
          InputError,
          `at "blocks.0.attn.z": the hook returned ${message}`,
        );
      }
    }
    const nothing = new RunHooks({ "embed": (() => null) as never }, names, k);
    k.scope(() => void nothing.apply("embed", k.zeros([1, 2])));
  } finally {
    console.error = error;
  }
  assertEquals(said, []);
  assertEquals([k.tensorCount(), tf.memory().numTensors], [before, tfjsBefore]);
});
