import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { environment, modelCacheFolder } from "../../lib/backend/environment.ts";
import { withEnvironment } from "../suites/environment.ts";
import { runProgram } from "../suites/program.ts";

Deno.test("an unset and an empty variable are both undefined", () => {
  withEnvironment(
    { CORELENS_BACKEND: null },
    () => assertEquals(environment("CORELENS_BACKEND"), undefined),
  );
  withEnvironment(
    { CORELENS_BACKEND: "" },
    () => assertEquals(environment("CORELENS_BACKEND"), undefined),
  );
  withEnvironment(
    { CORELENS_BACKEND: "wasm" },
    () => assertEquals(environment("CORELENS_BACKEND"), "wasm"),
  );
});

Deno.test("the model cache lies where Hugging Face's own programs put it", () => {
  withEnvironment(
    { HF_HUB_CACHE: "a", HF_HOME: "b", HOME: "c" },
    () => assertEquals(modelCacheFolder(), "a"),
  );
  withEnvironment(
    { HF_HUB_CACHE: null, HF_HOME: "b", HOME: "c" },
    () => assertEquals(modelCacheFolder(), join("b", "hub")),
  );
  withEnvironment(
    { HF_HUB_CACHE: null, HF_HOME: null, XDG_CACHE_HOME: "x", HOME: "c" },
    () => assertEquals(modelCacheFolder(), join("x", "huggingface", "hub")),
  );
  withEnvironment(
    { HF_HUB_CACHE: null, HF_HOME: null, XDG_CACHE_HOME: null, HOME: "c" },
    () => assertEquals(modelCacheFolder(), join("c", ".cache", "huggingface", "hub")),
  );
});

Deno.test("a variable that may not be read counts as unset", async () => {
  const program = `import { environment } from "LIB/backend/environment.ts";
    console.log(environment("CORELENS_BACKEND") ?? "unset");`;
  const env = { CORELENS_BACKEND: "wasm" };
  const denied = await runProgram(program, { permissions: [], env });
  assertEquals(denied.stdout, "unset\n");
  const allowed = await runProgram(program, { permissions: ["--allow-env=CORELENS_BACKEND"], env });
  assertEquals(allowed.stdout, "wasm\n");
});
