import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describeBackend, factLines, matMulSpeed } from "../../lib/backend/describe.ts";
import { currentBackend, useBackend } from "../../lib/backend/select.ts";
import { withEnvironment } from "../suites/environment.ts";

Deno.test("the facts are those of the backend in use, with speeds above zero", async () => {
  const facts = await describeBackend("auto");
  assertEquals(facts.backend, currentBackend()?.backend);
  assertEquals(facts.denoVersion, Deno.version.deno);
  assert(facts.matMul.float32 > 0);
  const bothTypes = facts.backend === "tensorflow" && facts.device === "CPU";
  assertEquals(facts.matMul.bfloat16 !== null, bothTypes);
  assert(facts.matMul.bfloat16 === null || facts.matMul.bfloat16 > 0);
});

Deno.test("only native TensorFlow has bfloat16", async () => {
  await useBackend("wasm");
  assertEquals((await matMulSpeed()).bfloat16, null);
});

Deno.test("the text says what is missing and what it would bring, and keeps tokens to itself", async () => {
  Deno.env.set("HF_TOKEN", "hf_secret");
  try {
    const facts = {
      ...await describeBackend("wasm"),
      missing: [{ backend: "tensorflow" as const, reason: "not built", gain: "speed" }],
    };
    const text = factLines(facts).join("\n");
    assertStringIncludes(text, "no tensorflow: not built (gain: speed)");
    assertStringIncludes(text, facts.modelCache);
    assert(!text.includes("hf_secret"));
    assert(!JSON.stringify(facts).includes("hf_secret"));
  } finally {
    Deno.env.delete("HF_TOKEN");
  }
});

Deno.test("the text says which product the set-up chose, and why", async () => {
  const facts = await describeBackend("wasm");
  assertEquals(facts.floatProduct, null);
  const line = (ours: boolean, ratio: number) =>
    factLines({ ...facts, floatProduct: { ours, ratio } }).find((text) => /^Products/.test(text))!;
  assertStringIncludes(line(true, 0.9), "our own operation (ours took 0.90 of TensorFlow's time");
  assertStringIncludes(line(false, 1.2), "by TensorFlow (ours took 1.20");
});

Deno.test("the facts name the product that runs, also where a variable chose it", async () => {
  const product = (wanted: string | null) =>
    withEnvironment(
      { CORELENS_FLOAT_PRODUCT: wanted },
      async () => (await describeBackend("auto")).floatProduct,
    );
  const chosen = await product(null);
  for (const wanted of ["ours", "tensorflow"]) {
    assertEquals(await product(wanted), chosen && { ...chosen, ours: wanted === "ours" });
  }
});
