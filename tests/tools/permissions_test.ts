import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { repository, run } from "../../tools/setup/command.ts";

/** The command line with the permissions that `deno task corelens` gives it. */
function corelens(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const start = ["run", "--quiet", "--no-prompt", "--permission-set=corelens", "cli/main.ts"];
  return run(Deno.execPath(), [...start, ...args], { env: { ...Deno.env.toObject(), ...env } });
}

Deno.test("the command line's permissions are enough to run a model on a picture", async () => {
  const model = join(repository, "tests", "golden", "qwen3_vl");
  const out = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    const messages = join(model, "expected", "image.json");
    const { ok, stderr } = await corelens(
      ["forward", "--model", model, "--messages", messages, "--out", out],
    );
    assertEquals(ok, true, stderr);
    assertEquals((await Deno.stat(out)).size > 1000, true);
  } finally {
    await Deno.remove(out);
  }
});

Deno.test("the command line's permissions do not reach other hosts", async () => {
  const cache = await Deno.makeTempDir();
  try {
    const { ok, stderr } = await corelens(
      ["info", "--model", "someone/some-model"],
      { HF_ENDPOINT: "https://example.com", HF_HUB_CACHE: cache },
    );
    assertEquals(ok, false);
    assertStringIncludes(stderr, "network access was not granted");
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});
