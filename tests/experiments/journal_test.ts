import { assertEquals, assertRejects } from "@std/assert";
import { Journal, type Json } from "../../lib/experiments/journal.ts";

async function inFolder(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/deep/run.partial`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** An entry, with a digest of its own. */
const entry = (value: Json) => ({ digest: `of ${JSON.stringify(value)}`, value });

Deno.test("entries read back in order, also those with odd keys; a later result replaces one", async () => {
  await inFolder(async (path) => {
    const entries = [["a", 1], ["line\nend", { x: [null, "é"] }], ["", "empty"]] as const;
    {
      using journal = await Journal.open(path);
      assertEquals(journal.identity, null);
      await journal.begin({ seed: 1 });
      await journal.add("a", entry(0));
      for (const [key, value] of entries) await journal.add(key, entry(value));
    }
    using again = await Journal.open(path);
    assertEquals(again.identity, { seed: 1 });
    assertEquals([...again.entries], entries.map(([key, value]) => [key, entry(value)]));
  });
});

Deno.test("begun again, a journal has nothing of before", async () => {
  await inFolder(async (path) => {
    {
      using journal = await Journal.open(path);
      await journal.begin({ seed: 1, note: "a longer identity than the next" });
      await journal.add("a", entry(1));
      await journal.begin({ seed: 2 });
      await journal.add("b", entry(2));
    }
    using again = await Journal.open(path);
    assertEquals(again.identity, { seed: 2 });
    assertEquals([...again.entries], [["b", entry(2)]]);
  });
});

Deno.test("cut off at any byte, the whole lines before stay, and the journal can go on", async () => {
  await inFolder(async (path) => {
    {
      using journal = await Journal.open(path);
      await journal.begin(["run"]);
      for (const key of ["a", "bé", "c"]) await journal.add(key, entry(`value of ${key}`));
    }
    const whole = await Deno.readFile(path);
    const ends = [...whole.keys()].filter((i) => whole[i] === 10).map((i) => i + 1);
    for (let length = 0; length <= whole.length; length++) {
      await Deno.writeFile(path, whole.subarray(0, length));
      const kept = Math.max(0, ends.filter((end) => end <= length).length - 1);
      {
        using journal = await Journal.open(path);
        assertEquals(journal.entries.size, kept, `cut at ${length}`);
        if (journal.identity === null) await journal.begin(["run"]);
        for (const key of ["a", "bé", "c"].slice(kept)) {
          await journal.add(key, entry(`value of ${key}`));
        }
      }
      assertEquals(await Deno.readFile(path), whole, `cut at ${length}`);
    }
  });
});

Deno.test("from a damaged line on, work is done again", async () => {
  await inFolder(async (path) => {
    {
      using journal = await Journal.open(path);
      await journal.begin(["run"]);
      for (const key of ["a", "b", "c"]) await journal.add(key, { digest: "d", value: key });
    }
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace('["b","d","b"]', '["b","d","x"]'));
    using journal = await Journal.open(path);
    assertEquals([...journal.entries.keys()], ["a"]);
  });
});

Deno.test("two runs cannot write into one journal", async () => {
  await inFolder(async (path) => {
    using _journal = await Journal.open(path);
    const other = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `import { Journal } from ${
          JSON.stringify(import.meta.resolve("../../lib/experiments/journal.ts"))
        };
        try { await Journal.open(${
          JSON.stringify(path)
        }); } catch (error) { console.log(error.message); }`,
      ],
      stderr: "null",
    });
    const { stdout } = await other.output();
    assertEquals(
      new TextDecoder().decode(stdout).trim(),
      `Cannot use ${path}: another process is running with it; wait for it, or choose another folder`,
    );
  });
});

Deno.test({
  name: "a pipe or a folder by its name is refused, and nothing waits",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await new Deno.Command("mkfifo", { args: [`${folder}/run.partial`] }).output();
      await assertRejects(() => Journal.open(`${folder}/run.partial`), Error, "it is a pipe");
      await assertRejects(() => Journal.open(folder), Error, "it is a folder");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
