import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { numericChoices } from "../../lib/backend/numbers.ts";
import { codeDigest } from "../../lib/experiments/code_digest.ts";
import { changedParts, modelIdentity, runIdentity } from "../../lib/experiments/identity.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { checkpointDigests } from "../../lib/weights/checkpoint_digest.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { withEnvironment } from "../suites/environment.ts";
import { goldenDir, testKernels } from "../suites/golden.ts";

Deno.test("a checkpoint is known by its files, a model in memory by its numbers", async () => {
  const dir = goldenDir("qwen3_vl");
  using loaded = await fromPretrained(dir);
  assertEquals(await modelIdentity(loaded.network), await checkpointDigests(dir));
  const kernels = await testKernels();
  const [a, again, b] = [1, 1, 2].map((seed) => plantedModel(kernels, { seed, layers: 2 }).model);
  const [first, second, third] = await Promise.all([a, again, b].map(modelIdentity));
  assertEquals(second, first);
  assertEquals(changedParts(first, third), ["weights"]);
  for (const model of [a, again, b]) model.dispose();
});

Deno.test("options: short ones as they are, others as digests; undefined ones are none", async () => {
  const network = plantedModel(await testKernels(), { seed: 1, layers: 2 }).model;
  const identity = async (options: Record<string, unknown>) =>
    await runIdentity({ experiment: "e", network, options });
  const found = await identity({
    share: 0.5,
    names: ["a"],
    none: undefined,
    long: Array.from({ length: 100 }, (_, i) => i),
    exact: Float32Array.of(1),
    rule: { name: "r", score: () => 1 },
  });
  assertEquals([found["option share"], found["option names"]], ["0.5", '["a"]']);
  assertEquals("option none" in found, false);
  for (const name of ["long", "exact", "rule"]) {
    assertMatch(found[`option ${name}`], /^[0-9a-f]{32}$/);
  }
  const rule = await identity({ rule: { name: "r", score: () => 2 } });
  assertNotEquals(rule["option rule"], found["option rule"]);
  network.dispose();
});

Deno.test("what changes numbers is named: dtype, kernels, the product of floats", async () => {
  const kernels = await testKernels();
  const before = await numericChoices(kernels);
  assertEquals([before.dtype, before.kernels], ["float32", kernels.name]);
  if (kernels.name === "native") {
    const [wanted, other] = before["float product"] === "tensorflow"
      ? ["strassen", "ours"]
      : ["tensorflow", "tensorflow"];
    await withEnvironment({ CORELENS_FLOAT_PRODUCT: wanted }, async () => {
      assertEquals(changedParts(before, await numericChoices(kernels)), [
        `float product (${before["float product"]} then, ${other} now)`,
      ]);
    });
  }
});

Deno.test("code is known by version and sources; a laboratory's sources come on top", async () => {
  const own = codeDigest();
  assertMatch(own, /^\d+\.\d+\.\d+ [0-9a-f]{32}$/);
  assertEquals(codeDigest(), own);
  const folder = await Deno.makeTempDir();
  const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
  const digest = async (copy: string) => {
    // a folder is read once by a process: another address is another folder
    await Deno.symlink(folder, `${folder}-${copy}`);
    const found = codeDigest([new URL(`file://${folder}-${copy}/`)]);
    await Deno.remove(`${folder}-${copy}`);
    return found;
  };
  await write("study.ts", "export const a = 1;");
  const first = await digest("a");
  assertNotEquals(first, own);
  await write("notes.md", "not code");
  assertEquals(await digest("b"), first);
  await write("study.ts", "export const a = 2;");
  assertNotEquals(await digest("c"), first);
  await Deno.remove(folder, { recursive: true });
});
