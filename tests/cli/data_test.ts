import { assert, assertEquals, assertMatch } from "@std/assert";
import { main } from "../../cli/main.ts";
import { domainOf } from "../../lab/synthetic/domains.ts";
import { writeFolderDataSet } from "../../lib/data/folder_data_set.ts";
import { encodePng } from "../../lib/data/png.ts";
import { goldenDir } from "../suites/golden.ts";

/** Runs the command line in this process: exit code, standard output, standard error. */
async function corelens(...args: string[]) {
  const { log, error } = console;
  let out = "", err = "";
  console.log = (text) => void (out += `${text}\n`);
  console.error = (text) => void (err += `${text}\n`);
  try {
    return { code: await main(args), get: () => ({ out, err }) };
  } finally {
    Object.assign(console, { log, error });
  }
}

async function json(...args: string[]) {
  const { code, get } = await corelens(...args, "--json");
  assertEquals(code, 0, get().err);
  return JSON.parse(get().out);
}

Deno.test("identify, ablate and accelerate write the promised files, on a folder with contexts", async () => {
  const folder = await Deno.makeTempDir();
  const options = { cellsPerSide: 4, images: 1, difficulty: 1, split: "test" } as const;
  const [scene, page] = (["scene", "page"] as const).map((name) =>
    domainOf(name).generate(1, options)
  );
  const context = "The key is under the mat.";
  await writeFolderDataSet(folder, [
    scene,
    { ...scene, id: "more", domain: "read", context, evidence: [{ text: [4, 7] }] },
    { ...page, id: "unseen", domain: "page", evidence: [] },
  ]);
  const model = ["--model", goldenDir("qwen3_vl"), "--dataset", folder];
  const [heads, ablation, speed] = ["heads", "ablation", "speed"].map((run) => `${folder}/${run}`);
  const files = (run: string) => [...Deno.readDirSync(run)].map(({ name }) => name).sort();

  const scores = await json("identify", ...model, "--out", heads);
  assertEquals(files(heads), ["manifest.json", "moved.arrow", "samples.arrow", "scores.json"]);
  assertEquals(scores, JSON.parse(await Deno.readTextFile(`${heads}/scores.json`)));
  const { leftOut } = JSON.parse(await Deno.readTextFile(`${heads}/manifest.json`));
  assertEquals([leftOut.count, leftOut.samples[0].sample], [1, "unseen"]);
  assertEquals([scores.rule, scores.layers, scores.heads, scores.samples], ["ram", 4, 4, 2]);
  assertEquals(scores.ranking.length, 16);
  assertEquals(scores.ci95.flat().length, 16);
  assertEquals(scores.topMembership.fraction, 0.05);
  assertEquals(scores.topMembership.probability.flat().length, 16);
  assertEquals(Object.keys(scores.domains).sort(), ["read", "scene"]);
  const [best, second] = scores.ranking.map(([l, h]: [number, number]) => scores.scores[l][h]);
  assert(best >= second);

  const run = [...model, "--scores", heads];
  const share = ["--fractions", "0.25", "--limit", "1"];
  const results = await json("ablate", ...run, ...share, "--out", ablation, "--draws", "1");
  assertEquals(files(ablation), ["manifest.json", "results.json", "samples.arrow"]);
  const conditions = new Set(results.map((row: { condition: string }) => row.condition));
  for (const wanted of ["none", "core", "bottom", "random", "layer-matched", "score-matched"]) {
    assert(conditions.has(wanted), wanted);
  }
  for (const row of results) {
    assertEquals(row.heads.length, row.condition === "none" ? 0 : 4);
    for (const key of ["draw", "metric", "value", "ci95", "dropFromBaseline", "pValue"]) {
      assert(key in row, key);
    }
  }

  const small = ["--sink", "2", "--window", "8", "--rounds", "2", "--policies", "core,random"];
  const rows = await json("accelerate", ...run, ...share, ...small, "--out", speed);
  assertEquals(files(speed), ["manifest.json", "results.json"]);
  for (const row of rows) {
    assert(["core", "random"].includes(row.policy));
    assertEquals([row.sink, row.window, row.denseMs.length, row.sparseMs.length], [2, 8, 2, 2]);
    for (
      const key of ["fullHeads", "tokens", "speedup", "ci95", "metric", "denseValue", "sparseValue"]
    ) assert(key in row, key);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("heads tested on the samples that chose them: a warning and a count in the record; --skip has none", async () => {
  const folder = await Deno.makeTempDir();
  const heads = `${folder}/heads`, scene = ["--dataset", "shipped:scene"];
  const { code, get } = await corelens("identify", ...scene, "--limit", "2", "--out", heads);
  assertEquals(code, 0, get().err);
  const commands = [
    ["ablate", "--fractions", "0.05", "--conditions", "core"],
    ["accelerate", "--policies", "core", "--fractions", "0.05", "--rounds", "2"],
  ];
  for (const [command, ...few] of commands) {
    const run = [...few, ...scene, "--scores", heads, "--limit", "1"];
    const same = await corelens(command, ...run, "--out", `${folder}/${command}-same`);
    assertEquals(same.code, 0, same.get().err);
    assertMatch(same.get().err, /warning: 1 of 1 samples also chose the heads/);
    const others = await corelens(command, ...run, "--skip", "2", "--out", `${folder}/${command}`);
    assertEquals(others.code, 0, others.get().err);
    assert(!others.get().err.includes("warning"), others.get().err);
  }
  const said = async (run: string) =>
    JSON.parse(await Deno.readTextFile(`${folder}/${run}/manifest.json`)).options.samplesInBoth;
  assertEquals([await said("ablate-same"), await said("ablate")], [1, 0]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("mistakes about data sets are told before a model is loaded", async () => {
  const out = ["--out", "never-written"], shipped = ["--dataset", "shipped:scene", ...out];
  const scored = [...shipped, "--scores", "/no/run"];
  const mistakes: [string[], RegExp][] = [
    [["identify", ...out], /Missing option --dataset/],
    [["identify", "--dataset", "shipped:scene"], /Missing option --out/],
    [["identify", "--dataset", "shipped:seen", ...out], /"seen".*scene/],
    [["identify", "--dataset", "/no/such/folder", ...out], /no\/such\/folder/],
    [["identify", ...shipped, "--fraction", "2"], /--fraction 2: wanted a number from 0 to 1/],
    [["identify", ...shipped, "--limit", "0"], /--limit 0/],
    [["identify", ...shipped, "--skip", "10"], /--skip 10: it leaves no sample of "shipped:scene"/],
    [["ablate", ...shipped], /Missing option --scores/],
    [["ablate", ...scored, "--conditions", "cor"], /condition "cor".*nearest: core/],
    [["ablate", ...scored, "--fractions", "0,2"], /"0" in --fractions/],
    [["ablate", ...scored], /no\/run/],
    [["accelerate", ...scored, "--policies", "cores"], /policy "cores".*nearest: core/],
    [["accelerate", ...scored, "--window", "none"], /--window none/],
    [["steer", ...scored, "--fraction", "5"], /--fraction 5: wanted a number from 0 to 1/],
    [["retrieve", ...scored, "--fraction", "-1"], /--fraction -1: wanted a number from 0 to 1/],
  ];
  for (const [args, pattern] of mistakes) {
    const { code, get } = await corelens(...args, "--model", "/no/such/model");
    assertEquals([code, get().out], [2, ""], `${args}: ${get().err}`);
    assertMatch(get().err, pattern, `${args}: ${get().err}`);
    assertEquals(get().err.trim().split("\n").length, 1);
  }
});

/** A data set of four samples, of which one has a damaged image and one a shape that no model takes. */
async function damagedFolder(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const pages = ["a", "b", "c", "d"].map((id) => ({
    ...domainOf("page").generate(id.charCodeAt(0), {
      cellsPerSide: 4,
      images: 1,
      difficulty: 1,
      split: "test",
    }),
    id,
  }));
  await writeFolderDataSet(folder, pages);
  await Deno.truncate(`${folder}/page/b-0.png`, 60);
  const thin = { width: 201, height: 1, data: new Uint8Array(603) };
  await Deno.writeFile(`${folder}/page/c-0.png`, await encodePng(thin));
  const lines = (await Deno.readTextFile(`${folder}/samples.jsonl`)).split("\n")
    .map((line) =>
      line.startsWith('{"id":"c"') ? line.replace(/"box":\[[^\]]*\]/, '"box":[0,0,9,1]') : line
    );
  await Deno.writeTextFile(`${folder}/samples.jsonl`, lines.join("\n"));
  return folder;
}

Deno.test("a sample that cannot be used stops a run and names the option that goes past it", async () => {
  const folder = await damagedFolder(), out = `${folder}/heads`;
  const run = ["--model", goldenDir("qwen3_vl"), "--dataset", folder];
  const stopped = await corelens("identify", ...run, "--out", out);
  assertEquals(stopped.code, 2);
  assertMatch(stopped.get().err, /sample "b".*--skip-bad/);
  const manifest = async (path: string) =>
    JSON.parse(await Deno.readTextFile(`${path}/manifest.json`));
  const named = ({ leftOut }: { leftOut: { count: number; samples: { sample: string }[] } }) => [
    leftOut.count,
    leftOut.samples.map(({ sample }) => sample),
  ];

  const { code, get } = await corelens("identify", ...run, "--out", out, "--skip-bad", "--json");
  assertEquals(code, 0, get().err);
  assertEquals(JSON.parse(get().out).samples, 2);
  assertMatch(get().err, /left out: sample b: .*\n(.*\n)*left out: sample c: /);
  assertEquals([...named(await manifest(out)), (await manifest(out)).samples], [2, ["b", "c"], 2]);

  const small = [...run, "--scores", out, "--skip-bad", "--fractions", "0.25"];
  await json("ablate", ...small, "--draws", "1", "--conditions", "core", "--out", `${out}-2`);
  assertEquals(named(await manifest(`${out}-2`)), [2, ["b", "c"]]);
  const fast = ["--sink", "2", "--window", "8", "--rounds", "2", "--policies", "core"];
  const rows = await json("accelerate", ...small, ...fast, "--out", `${out}-3`);
  assertEquals(rows.reduce((sum: number, row: { samples: number }) => sum + row.samples, 0), 2);
  assertEquals(named(await manifest(`${out}-3`)), [2, ["b", "c"]]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a run that a sample stopped goes on once the data set is mended", async () => {
  const folder = await damagedFolder(), out = `${folder}/heads`;
  const run = ["identify", "--model", goldenDir("qwen3_vl"), "--dataset", folder, "--out", out];
  assertEquals((await corelens(...run)).code, 2);
  await Deno.copyFile(`${folder}/page/a-0.png`, `${folder}/page/b-0.png`);
  const lines = (await Deno.readTextFile(`${folder}/samples.jsonl`)).split("\n");
  const left = lines.filter((line) => !line.startsWith('{"id":"c"')).join("\n");
  await Deno.writeTextFile(`${folder}/samples.jsonl`, left);
  const { code, get } = await corelens(...run, "--json");
  assertEquals(code, 0, get().err);
  assertEquals(JSON.parse(get().out).samples, 3);
  assertMatch(get().err, /1 results? kept/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a data set of which nothing can be used is told in one line", async () => {
  const folder = await damagedFolder();
  for (const id of ["a", "d"]) await Deno.remove(`${folder}/page/${id}-0.png`);
  const run = ["--model", goldenDir("qwen3_vl"), "--dataset", folder, "--skip-bad"];
  const { code, get } = await corelens("identify", ...run, "--out", `${folder}/heads`);
  assertEquals(code, 2);
  assertMatch(get().err, /none of 4 samples can be used/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("identify says that samples ask about the same image", async () => {
  const folder = await Deno.makeTempDir();
  const image = { width: 32, height: 32, data: new Uint8Array(3 * 32 * 32) };
  await Deno.writeFile(`${folder}/a.png`, await encodePng(image));
  const line = (id: string) =>
    JSON.stringify({
      id,
      images: ["a.png"],
      question: "Which?",
      answer: "a",
      evidence: [{ image: 0 }],
    });
  await Deno.writeTextFile(`${folder}/samples.jsonl`, ["1", "2", "3"].map(line).join("\n"));
  const run = ["identify", "--model", goldenDir("qwen3_vl"), "--dataset", folder];
  const [all, one] = [
    await corelens(...run, "--out", `${folder}/all`),
    await corelens(...run, "--out", `${folder}/one`, "--limit", "1"),
  ];
  assertEquals([all.code, one.code], [0, 0], all.get().err + one.get().err);
  assertMatch(all.get().err, /^note: 3 samples ask about 1 different images/m);
  assert(!one.get().err.includes("note: "), one.get().err);
});
