import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../lib/common/errors.ts";
import {
  type BackendChoice,
  backendLine,
  backendNames,
  currentBackend,
  useBackend,
} from "../../lib/backend/select.ts";
import { runProgram } from "../suites/program.ts";

Deno.test("auto takes a backend that computes, and says why each better one does not run", async () => {
  Deno.env.delete("CORELENS_BACKEND"); // else auto would mean what it names
  const description = await useBackend("auto");
  assertEquals(tf.getBackend(), description.backend);
  assertEquals(currentBackend(), description);
  const better = backendNames.slice(0, backendNames.indexOf(description.backend));
  assertEquals(description.missing.map((m) => m.backend), better);
  assert(description.missing.every((m) => m.reason.length > 0 && m.gain.length > 0));
  assertEquals(description.tensorFlowVersion !== null, description.backend === "tensorflow");
  assertEquals([...tf.square([1, 2, 3]).dataSync()], [1, 4, 9]);
});

Deno.test("the backends that every machine has multiply alike, and switching back is free", async () => {
  const [first, second] = [await useBackend("wasm"), await useBackend("cpu")];
  assertEquals([first.backend, second.backend], ["wasm", "cpu"]);
  assertEquals(tf.getBackend(), "cpu");
  const product = () => [...tf.matMul([[1, 2], [3, 4]], [[5, 6], [7, 8]]).dataSync()];
  assertEquals(product(), [19, 22, 43, 50]);
  assertEquals(await useBackend("wasm"), first);
  assertEquals(tf.getBackend(), "wasm");
  assertEquals(product(), [19, 22, 43, 50]);
});

Deno.test("calls that overlap take turns", async () => {
  const choices: BackendChoice[] = ["wasm", "cpu", "wasm", "cpu"];
  const described = await Promise.all(choices.map((choice) => useBackend(choice)));
  assertEquals(described.map((d) => d.backend), choices);
  assertEquals(tf.getBackend(), "cpu");
});

Deno.test("a misspelt name is an error that names the nearest", async () => {
  const error = await assertRejects(
    () => useBackend("tensorflwo" as BackendChoice),
    InputError,
    'the nearest is "tensorflow"',
  );
  assertStringIncludes(error.message, "auto, tensorflow, webgpu, wasm, cpu");
});

Deno.test("without the native folder auto falls back, and asking for it by name is an error", async () => {
  const { stdout, stderr } = await runProgram(
    `import { useBackend } from "LIB/backend/select.ts";
    const { backend, missing, threads } = await useBackend("auto");
    console.log(backend, threads, missing[0].backend, missing[0].reason);
    await useBackend("tensorflow").catch((error) => console.log(error.name, error.message));`,
    { env: { CORELENS_NATIVE: "no/such/folder", CORELENS_BACKEND: "" } },
  );
  assertEquals(stderr, "");
  const [fallback, refusal] = stdout.split("\n");
  assert(/^(webgpu|wasm) 1 tensorflow .*no.such.folder/.test(fallback), fallback);
  assertStringIncludes(refusal, 'InputError Cannot use backend "tensorflow"');
  assertStringIncludes(refusal, "deno task setup");
});

Deno.test("a damaged native library is a reason, not a crash", async () => {
  const nativeDir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${nativeDir}/tfjs_binding.node`, "not a library");
    const { code, stdout } = await runProgram(
      `import { useBackend } from "LIB/backend/select.ts";
      const { backend, missing } = await useBackend("auto", { nativeDir: ${
        JSON.stringify(nativeDir)
      } });
      console.log(backend, missing[0].reason);`,
      { env: { CORELENS_BACKEND: "" } },
    );
    assertEquals(code, 0);
    assert(/^(webgpu|wasm) \S/.test(stdout), stdout);
  } finally {
    await Deno.remove(nativeDir, { recursive: true });
  }
});

Deno.test("CORELENS_BACKEND decides what auto means, and nothing else", async () => {
  const { stdout } = await runProgram(
    `import { useBackend } from "LIB/backend/select.ts";
    console.log((await useBackend("wasm")).backend, (await useBackend()).backend);`,
    { env: { CORELENS_BACKEND: "cpu" } },
  );
  assertEquals(stdout, "wasm cpu\n");
});

Deno.test("the line that each run prints names backend, version, threads and element type", () => {
  const native = {
    backend: "tensorflow" as const,
    missing: [],
    tensorFlowVersion: "2.21.0",
    tfjsVersion: "4.22.0",
    threads: 2,
    device: "CPU",
  };
  assertEquals(
    backendLine(native, "bfloat16"),
    "backend tensorflow 2.21.0 (CPU, 2 threads), bfloat16",
  );
  assertEquals(backendLine({ ...native, device: "GPU" }), "backend tensorflow 2.21.0 (GPU)");
});
