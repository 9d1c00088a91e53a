import { assert, assertEquals, assertMatch } from "@std/assert";
import { corelens, corelensProcess } from "../suites/command_line.ts";
import { repository } from "../suites/program.ts";
import { permissionFlags } from "../../cli/permissions.ts";

/** Records on drawn samples, which no folder holds. */
const results = `${repository}data/results/mini`;

Deno.test("explore says what it needs", async () => {
  const mistakes: [string[], RegExp][] = [
    [["--out", "x.html"], /Missing option --scores/],
    [["--scores", "x"], /Missing option --out/],
    [["--scores", "x", "--out", "x"], /wanted a file that ends in \.html/],
    [["--scores", "no/such/run", "--out", "x.html"], /Cannot find .*manifest\.json/],
    [["--scores", "x", "--out", "x.html", "--samples", "0"], /of at least 1/],
    [["--scores", `${results}/ablate`, "--out", "x.html"], /holds a record of ablate_heads/],
    [
      ["--scores", `${results}/identify`, "--out", "x.html"],
      /which is no data set here; --dataset/,
    ],
  ];
  for (const [args, pattern] of mistakes) {
    const { code, out, err } = await corelens("explore", ...args);
    assertEquals([code, out], [2, ""], err);
    assertMatch(err.trimEnd(), pattern);
    assertEquals(err.trimEnd().split("\n").length, 1);
  }
});

Deno.test("explore scores heads first where there is no record, then shows the record", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const out = `${folder}/heads.html`;
    const first = await corelensProcess(
      ...["explore", "--dataset", "shipped:scene", "--samples", "2", "--out", out],
    );
    assertEquals(first.code, 0, first.err);
    assertMatch(first.out, /2 samples, attention of 96 heads/);
    assert((await Deno.readTextFile(out)).startsWith("<!doctype html>"));
    const again = `${folder}/again.html`;
    const args = ["--scores", `${folder}/heads-scores`, "--samples", "1", "--json", "--out", again];
    const second = await corelensProcess("explore", ...args);
    assertEquals(second.code, 0, second.err);
    assertEquals(JSON.parse(second.out), {
      file: again,
      bytes: (await Deno.stat(again)).size,
      samples: ["scene-01"],
      heads: 96,
    });
    const other = await corelens("explore", ...args, "--model", "mini-natural");
    assertEquals(other.code, 2);
    assertMatch(other.err, /Cannot explore .*: its scores are of "mini" with other weights/);
    const elsewhere = await corelens("explore", ...args, "--dataset", "shipped:video");
    assertMatch(elsewhere.err, /none of its 10 samples is in the data set/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a record opens its model and its samples for reading, and nothing else", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const read = async (manifest: unknown, ...args: string[]) => {
      await Deno.writeTextFile(`${folder}/manifest.json`, JSON.stringify(manifest));
      const flags = permissionFlags(["explore", "--scores", folder, ...args], {
        repository: repository.replace(/\/$/, ""),
        cwd: folder,
        environment: () => undefined,
      });
      return flags.find((flag) => flag.startsWith("--allow-read"))!.split(",");
    };
    for (const name of ["model", "samples", "secrets"]) {
      await Deno.mkdir(`${folder}/at/${name}`, { recursive: true });
    }
    await Deno.writeTextFile(`${folder}/at/model/config.json`, "{}");
    await Deno.writeTextFile(`${folder}/at/samples/samples.jsonl`, "");
    const at = (name: string) => `${folder}/at/${name}`;
    const own = await read({ model: at("model"), data: at("samples") });
    assert(own.includes(at("model")) && own.includes(at("samples")));
    const theirs = await read({ model: at("secrets"), data: at("secrets") });
    assert(!theirs.includes(at("secrets")));
    const named = await read({ model: at("model"), data: 7 }, "--model", "mini");
    assert(!named.includes(at("model")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
