import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { main } from "../../cli/main.ts";
import { checkOutput } from "../../cli/outputs.ts";
import { lastWords } from "../../cli/terminal.ts";
import { InputError } from "../../lib/common/errors.ts";
import { goldenDir } from "../suites/golden.ts";

const model = goldenDir("qwen3_vl");
const messages = `${model}/expected/image.json`;

/** Runs one command line here, and returns its exit code and what it said on standard error. */
async function said(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const { error, log } = console;
  const lines: string[] = [];
  console.error = (text: string) => void lines.push(text);
  console.log = () => {};
  try {
    return { code: await main(args), lines };
  } finally {
    Object.assign(console, { error, log });
  }
}

Deno.test("places that cannot be read or written are told in one line, before any work", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/file.txt`, long = `${folder}/${"x".repeat(300)}`;
    await Deno.writeTextFile(file, "text");
    const encode = ["encode", "--model", model, "--messages"];
    const ask = ["ask", "--model", model, "--question", "What?", "--image"];
    const picture = `${model}/expected/image_image0.png`;
    const cases: [string[], RegExp][] = [
      [[...encode, folder, "--out", `${folder}/a`], /it is a folder; wanted a file/],
      [[...encode, `${folder}/none.json`, "--out", `${folder}/a`], /Cannot find/],
      [[...encode, long, "--out", `${folder}/a`], /its name is too long/],
      [[...encode, messages, "--out", folder], /Cannot write .* it is a folder; wanted a file/],
      [[...encode, messages, "--out", `${file}/a`], /Cannot write/],
      [[...encode, messages, "--out", long], /its name is too long/],
      [[...encode, messages, "--out", "/proc/none/a.safetensors"], /Cannot write/],
      [[...ask, folder], /it is a folder; wanted a file/],
      [[...ask, long], /its name is too long/],
      [[...ask, picture, "--attention", folder], /it is a folder; wanted a file/],
      [[...ask, picture, "--attention", `${file}/a.html`], /Cannot write/],
      [["identify", "--dataset", "shipped", "--out", file], /it is a file; wanted a folder/],
      [["identify", "--dataset", file, "--out", `${folder}/run`], /file\.txt/],
      [["generate", "--model", model, "--messages", messages, "--sparse", folder], /Cannot find/],
    ];
    for (const [args, pattern] of cases) {
      const { code, lines } = await said(...args);
      const last = lines.at(-1)!;
      assertEquals(code, 2, `${args.join(" ")}: ${last}`);
      assertMatch(last, pattern);
      assert(!last.includes("\n"), last);
    }
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), [
      "file.txt",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("text with a byte-order mark, also of UTF-16, is read; other bytes are told", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const text = JSON.stringify([{ role: "user", content: [{ type: "text", text: "Hi" }] }]);
    const path = `${folder}/chat.json`;
    const run = () => said("encode", "--model", model, "--messages", path, "--out", `${path}.out`);
    await Deno.writeTextFile(path, `\ufeff${text}`);
    assertEquals((await run()).code, 0);
    const wide = new Uint8Array(Uint16Array.from(`\ufeff${text}`, (c) => c.charCodeAt(0)).buffer);
    await Deno.writeFile(path, wide);
    assertEquals((await run()).code, 0);
    await Deno.writeFile(path, Uint8Array.of(0x5b, 0xc3, 0x28, 0x5d));
    assertMatch((await run()).lines[0], /no text in UTF-8/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an output that can be written leaves nothing behind when it is tried", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await checkOutput(`${folder}/a/b/c.txt`, "file");
    await checkOutput(`${folder}/d/e`, "folder");
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "an output does not take the place of a pipe",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await new Deno.Command("mkfifo", { args: [`${folder}/pipe.html`] }).output();
      await assertRejects(() => checkOutput(`${folder}/pipe.html`, "file"), Error, "it is a pipe");
      await assertRejects(() => checkOutput("/dev/null", "file"), Error, "it is a pipe");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("last words are one line: 2 for the user's and the system's refusals, 1 for anything else", async () => {
  assertEquals(lastWords(new InputError("a\nb")), { text: "corelens: a b", code: 2 });
  const unexpected = lastWords(new TypeError("x is not a function"));
  assertEquals(unexpected.code, 1);
  assert(!unexpected.text.includes("\n"));
  assert(lastWords(new TypeError("x"), true).text.includes("errors_test.ts"));
  assertEquals(lastWords("thrown text").code, 1);
  if (Deno.build.os !== "linux") return;
  const full = await Deno.writeTextFile("/dev/full", "x").catch((error) => error);
  assertMatch(lastWords(full).text, /no space left on device/);
});
