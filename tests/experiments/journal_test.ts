import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { decodeFloats, encodeFloats, Journal } from "../../lib/experiments/journal.ts";

async function inFolder(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/deep/run.partial`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("float32 values survive as they are, whatever their bits", () => {
  fc.assert(fc.property(fc.float32Array(), (values) => {
    const bits = (of: Float32Array) => new Uint32Array(of.buffer, of.byteOffset, of.length);
    assertEquals(bits(decodeFloats(encodeFloats(values))), bits(values));
  }));
  const middle = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  assertEquals([...decodeFloats(encodeFloats(middle))], [2, 3]);
});

Deno.test("entries read back in order, also those with odd keys", async () => {
  await inFolder(async (path) => {
    const entries = [["a", 1], ["line\nend", { x: [null, "é"] }], ["", "empty"]] as const;
    {
      using journal = await Journal.open(path, { seed: 1 });
      for (const [key, value] of entries) await journal.add(key, value);
    }
    using again = await Journal.open(path, { seed: 1 });
    assertEquals([...again.entries], entries.map(([key, value]) => [key, value]));
  });
});

Deno.test("cut off at any byte, the whole lines before stay, and the journal can go on", async () => {
  await inFolder(async (path) => {
    {
      using journal = await Journal.open(path, ["run"]);
      for (const key of ["a", "bé", "c"]) await journal.add(key, `value of ${key}`);
    }
    const whole = await Deno.readFile(path);
    const ends = [...whole.keys()].filter((i) => whole[i] === 10).map((i) => i + 1);
    for (let length = 0; length <= whole.length; length++) {
      await Deno.writeFile(path, whole.subarray(0, length));
      const kept = Math.max(0, ends.filter((end) => end <= length).length - 1);
      {
        using journal = await Journal.open(path, ["run"]);
        assertEquals(journal.entries.size, kept, `cut at ${length}`);
        for (const key of ["a", "bé", "c"].slice(kept)) await journal.add(key, `value of ${key}`);
      }
      assertEquals(await Deno.readFile(path), whole, `cut at ${length}`);
    }
  });
});

Deno.test("from a damaged line on, work is done again", async () => {
  await inFolder(async (path) => {
    {
      using journal = await Journal.open(path, ["run"]);
      for (const key of ["a", "b", "c"]) await journal.add(key, key);
    }
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace('["b","b"]', '["b","x"]'));
    using journal = await Journal.open(path, ["run"]);
    assertEquals([...journal.entries.keys()], ["a"]);
  });
});

Deno.test("a journal of other settings is an error that names them", async () => {
  await inFolder(async (path) => {
    (await Journal.open(path, { model: "a", seed: 1 }))[Symbol.dispose]();
    await assertRejects(
      () => Journal.open(path, { model: "b", seed: 1 }),
      Error,
      "begun with other settings (model); remove it",
    );
    (await Journal.open(path, { model: "a", seed: 1 }))[Symbol.dispose](); // still whole
  });
});

Deno.test("two runs cannot write into one journal", async () => {
  await inFolder(async (path) => {
    using _journal = await Journal.open(path, 1);
    const other = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `import { Journal } from ${
          JSON.stringify(import.meta.resolve("../../lib/experiments/journal.ts"))
        };
        try { await Journal.open(${
          JSON.stringify(path)
        }, 1); } catch (error) { console.log(error.message); }`,
      ],
      stderr: "null",
    });
    const { stdout } = await other.output();
    assertEquals(
      new TextDecoder().decode(stdout).trim(),
      `Cannot use ${path}: another process is running with it`,
    );
  });
});
