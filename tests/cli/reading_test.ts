/** How the command line tells of keys that nobody knows, and what `info` reads. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { goldenDir } from "../suites/golden.ts";

const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

async function corelens(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--no-check", main, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** A golden checkpoint with changes in one of its files. */
async function withChanges(
  file: string,
  changes: Record<string, unknown>,
  body: (dir: string) => Promise<void>,
) {
  const dir = await Deno.makeTempDir();
  for (const { name, isFile } of Deno.readDirSync(goldenDir("qwen3_vl"))) {
    if (isFile) await Deno.copyFile(`${goldenDir("qwen3_vl")}/${name}`, `${dir}/${name}`);
  }
  const json = JSON.parse(await Deno.readTextFile(`${dir}/${file}`));
  await Deno.writeTextFile(`${dir}/${file}`, JSON.stringify({ ...json, ...changes }));
  await body(dir).finally(() => Deno.remove(dir, { recursive: true }));
}

Deno.test("a key that nobody knows is one line of warning, and an error with --strict", () =>
  withChanges("config.json", { my_note: 1, other: "\u001b[31m" }, async (dir) => {
    const told = await corelens("info", "--model", dir);
    assertEquals(told.code, 0, told.err);
    assertEquals(told.err.trim().split("\n").length, 1, told.err);
    assert(/^corelens: warning: .*"my_note", "other" of .*config.json$/.test(told.err.trim()));
    const strict = await corelens("info", "--model", dir, "--strict");
    assertEquals([strict.code, strict.out], [2, ""]);
    assert(strict.err.includes('"my_note"'), strict.err);
  }));

Deno.test("info reads the processor's files, the tokenizer's and the template as ask does", async () => {
  const cases: [string, Record<string, unknown>, string][] = [
    ["preprocessor_config.json", { resample: 0 }, "resample"],
    ["video_preprocessor_config.json", { size_divisor: 7 }, "add borders to images"],
    ["tokenizer_config.json", { split_special_tokens: true }, "cut special tokens"],
    ["tokenizer.json", { model: null }, "tokenizer.json"],
  ];
  for (const [file, changes, message] of cases) {
    await withChanges(file, changes, async (dir) => {
      const { code, err } = await corelens("info", "--model", dir);
      assertEquals(code, 2, `${file}: ${err}`);
      assert(err.includes(message), err);
    });
  }
});
