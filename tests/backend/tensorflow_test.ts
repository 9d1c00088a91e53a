import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../lib/common/errors.ts";
import {
  loadTensorFlow,
  type OpAttribute,
  tensorFlow,
  TF_BFLOAT16,
} from "../../lib/backend/tensorflow.ts";
import { bindingIsBuilt as native } from "../suites/built_binding.ts";
import { runProgram } from "../suites/program.ts";

Deno.test("asking for TensorFlow before it is loaded is an error that says what to call", () => {
  assertThrows(() => tensorFlow(), InputError, "useBackend");
});

Deno.test({
  name: "without the binding the loader says what makes it",
  ignore: native, // it is here
  fn: async () => void await assertRejects(() => loadTensorFlow(), InputError, "deno task setup"),
});

Deno.test({
  name: "the binding multiplies in float32 and, exactly for small integers, in bfloat16",
  ignore: !native, // `deno task setup` did not make it here
  fn: async () => {
    const { binding, toTfjs, idOf, version } = await loadTensorFlow();
    assertEquals((await loadTensorFlow()).binding, binding);
    assert(/^\d+\.\d+\.\d+/.test(version));
    const before = binding.getNumOfTensors();
    const [left, right] = [[1, 2, 3, 4, 5, 6], [1, -1, 2, 0, 3, 5]];
    const product = [14, 14, 32, 26]; // [2, 3] x [3, 2], by hand
    const a = binding.createTensor([2, 3], binding.TF_FLOAT, Float32Array.from(left));
    const b = binding.createTensor([3, 2], binding.TF_FLOAT, Float32Array.from(right));
    const type = (name: string, value: number): OpAttribute => ({
      name,
      type: binding.TF_ATTR_TYPE,
      value,
    });
    const flag = (name: string): OpAttribute => ({
      name,
      type: binding.TF_ATTR_BOOL,
      value: false,
    });
    const matMul = (dtype: number, ids: number[]) =>
      binding.executeOp(
        "MatMul",
        [type("T", dtype), flag("transpose_a"), flag("transpose_b")],
        ids,
        1,
      )[0];
    const cast = (id: number, from: number, to: number) =>
      binding.executeOp(
        "Cast",
        [type("SrcT", from), type("DstT", to), flag("Truncate")],
        [id],
        1,
      )[0].id;

    const exact = matMul(binding.TF_FLOAT, [a, b]);
    assertEquals(exact.shape, [2, 2]);
    assertEquals([...binding.tensorDataSync(exact.id)], product);

    const half = [a, b].map((id) => cast(id, binding.TF_FLOAT, TF_BFLOAT16));
    const short = matMul(TF_BFLOAT16, half);
    assertEquals(short.dtype, TF_BFLOAT16);
    const widened = cast(short.id, TF_BFLOAT16, binding.TF_FLOAT);
    assertEquals([...binding.tensorDataSync(widened)], product);

    await tf.setBackend("tensorflow");
    const shared = toTfjs(exact);
    const doubled = tf.add(shared, shared);
    assertEquals([...doubled.dataSync()], product.map((x) => 2 * x));
    assertEquals([...binding.tensorDataSync(idOf(doubled))], product.map((x) => 2 * x));
    tf.dispose([shared, doubled]);
    for (const id of [a, b, ...half, short.id, widened]) binding.deleteTensor(id);
    assertEquals(binding.getNumOfTensors(), before);

    assertThrows(() => binding.executeOp("NoSuchOperation", [], [], 1), Error, "NoSuchOperation");
  },
});

Deno.test("a folder without the binding, and an impossible thread count, are errors", async () => {
  await assertRejects(
    () => loadTensorFlow({ nativeDir: "no/such/folder" }),
    InputError,
    "no/such/folder",
  );
  await assertRejects(() => loadTensorFlow({ threads: 0 }), InputError, "1 to 1024");
  await assertRejects(() => loadTensorFlow({ threads: 1.5 }), InputError, "1 to 1024");
});

const load = `import { loadTensorFlow } from "LIB/backend/tensorflow.ts";
  try { await loadTensorFlow(); } catch (error) { console.error(error.message); }`;

Deno.test({
  name: "loading is silent by default and loud on request",
  ignore: !native, // `deno task setup` did not make the native backend here
  fn: async () => {
    const silent = await runProgram(load, { env: { CORELENS_TF_LOG: "2" } });
    assertEquals(silent.stderr, "");
    // what TensorFlow notes on its own depends on the processor; this it says wherever it is asked for
    const env = { CORELENS_TF_LOG: "0", TF_ENABLE_ONEDNN_OPTS: "1" };
    const loud = await runProgram(load, { env });
    if (Deno.build.os === "linux") {
      assertStringIncludes(loud.stderr, "oneDNN custom operations are on");
    }
  },
});

Deno.test({
  name: "without the native backend the level of the log changes nothing",
  ignore: native, // it is here
  fn: async () => {
    const [silent, loud] = await Promise.all(
      ["2", "0"].map((level) => runProgram(load, { env: { CORELENS_TF_LOG: level } })),
    );
    assertStringIncludes(silent.stderr, "deno task setup");
    assertEquals(loud.stderr, silent.stderr);
  },
});

Deno.test("the thread count reaches TensorFlow and is reported", async () => {
  const report = await runProgram(
    `import { loadTensorFlow } from "LIB/backend/tensorflow.ts";
    try { 
      console.log((await loadTensorFlow({ threads: 1 })).threads, Deno.env.get("TF_NUM_INTRAOP_THREADS"));
      await loadTensorFlow({ threads: 2 });
    } catch (error) { console.log(error.message); }`,
  );
  assertStringIncludes(report.stdout, native ? "1 1\n" : "deno task setup");
  if (native) assertStringIncludes(report.stdout, "it is loaded with 1");
});
