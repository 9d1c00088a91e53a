import { assertEquals, assertMatch } from "@std/assert";
import { domainOf } from "../../lab/synthetic/domains.ts";
import { writeFolderDataSet } from "../../lib/data/folder_data_set.ts";
import { goldenDir } from "../suites/golden.ts";
import {
  assertRefused,
  assertSameFiles,
  corelens as run,
  runInShards,
} from "../suites/command_line.ts";

Deno.test("steer: scores and samples with foils to a record and a table", async () => {
  const folder = await Deno.makeTempDir();
  const options = { cellsPerSide: 4, images: 1, pairs: 4, difficulty: 1, split: "test" } as const;
  const made = [1, 2, 3].map((seed) => domainOf("scene").generate(seed, options));
  const { foilAnswers: _, ...nowhere } = made[2];
  await writeFolderDataSet(folder, [made[0], made[1], { ...nowhere, id: "nowhere" }]);
  const common = ["--model", goldenDir("qwen3_vl"), "--dataset", folder];
  const heads = `${folder}/heads`, out = `${folder}/steering`;
  assertEquals((await run("identify", ...common, "--out", heads)).code, 0);
  const steer = ["steer", ...common, "--scores", heads, "--out", out];
  const done = await run(...steer, "--biases", "2,-8", "--draws", "2", "--fraction", "0.1");
  assertEquals(done.code, 0, done.err);
  assertMatch(done.out, /^none +0 +0 +1 /m);
  assertMatch(done.out, /^layer-matched +2 +-8 +2 /m);
  const manifest = JSON.parse(await Deno.readTextFile(`${out}/manifest.json`));
  assertEquals(manifest.experiment, "steer_heads");
  assertEquals(manifest.leftOut.samples[0].sample, "nowhere");
  const results = JSON.parse(await Deno.readTextFile(`${out}/results.json`));
  assertEquals(results.length, 1 + 3 * 2);
  await assertRefused([...steer, "--fresh"], [
    [["--biases", "2,x"], /Cannot read "x" in --biases/],
    [["--fraction", "2"], /2/],
    [["--conditions", "cor"], /condition "cor"/],
    [["--during", "never"], /never/],
  ]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("steer and retrieve: planned, worked on in shards and merged, to the results of one process", async () => {
  const folder = await Deno.makeTempDir();
  const data = ["--dataset", "shipped:page", "--limit", "2"];
  assertEquals((await run("identify", ...data, "--out", `${folder}/heads`)).code, 0);
  const tested = ["--dataset", "shipped:page", "--skip", "1", "--limit", "3", "--draws", "2"];
  for (const command of [["steer", "--biases", "16"], ["retrieve"]]) {
    const [name] = command, line = [...command, ...tested, "--scores", `${folder}/heads`];
    const alone = `${folder}/${name}`, planned = `${folder}/planned-${name}`;
    const one = await run(...line, "--out", alone);
    assertEquals(one.code, 0, one.err);
    assertMatch(one.err, /warning: 1 of 3 samples also chose the heads/);
    await runInShards(line, planned);
    assertSameFiles(planned, alone, ["results.json", "rows.json"]);
    const manifest = JSON.parse(await Deno.readTextFile(`${planned}/manifest.json`));
    assertEquals(manifest.options.samplesInBoth, 1);
  }
  const { code, err } = await run("plan", "explore");
  assertEquals(code, 2);
  assertMatch(err, /wanted identify, ablate, attribute, steer, retrieve, accelerate/);
  await Deno.remove(folder, { recursive: true });
});
