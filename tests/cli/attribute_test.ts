import { assertEquals, assertMatch } from "@std/assert";
import {
  assertRefused,
  assertSameFiles,
  corelens as run,
  runInShards,
} from "../suites/command_line.ts";

const data = ["--dataset", "shipped:scene", "--limit", "3"];

Deno.test("attribute: from samples to a record that other commands read", async () => {
  const folder = await Deno.makeTempDir(), out = `${folder}/attribution`;
  const attribute = ["attribute", ...data, "--out", out];
  const done = await run(
    ...attribute,
    "--corrupted",
    "other",
    "--metric",
    "logit-difference",
    "--edges",
    "4",
  );
  assertEquals(done.code, 0, done.err);
  assertMatch(done.out, /^head +attribution$/m);
  assertMatch(done.out, /^L\d+H\d+ +-?\d+\.\d{3} \[/m);
  assertMatch(done.out, /into (logits|network|queries|keys|values)/);
  const manifest = JSON.parse(await Deno.readTextFile(`${out}/manifest.json`));
  assertEquals([manifest.experiment, manifest.samples], ["attribute_heads", 3]);
  assertEquals(Object.keys(manifest.files).sort(), [
    ...["edges.json", "results.json", "rows.json", "samples.arrow", "scores.json"],
  ]);
  const scores = JSON.parse(await Deno.readTextFile(`${out}/scores.json`));
  assertEquals([scores.rule, scores.samples], ["attribution", 3]);
  const list = await run(
    "heads",
    "export",
    "--scores",
    out,
    "--to",
    "csv",
    "--out",
    `${folder}/h.csv`,
  );
  assertEquals(list.code, 0, list.err);
  const ablated = ["ablate", "--dataset", "shipped:scene", "--skip", "2", "--limit", "1"];
  const losses = await run(
    ...[...ablated, "--scores", out, "--conditions", "core", "--fractions", "0.05"],
    ...["--out", `${folder}/ablation`],
  );
  assertEquals(losses.code, 0, losses.err);
  assertMatch(losses.err, /warning: 1 of 1 samples also chose the heads/);
  await assertRefused([...attribute, "--fresh"], [
    [["--mask-kind", "zeros"], /by "zeros": there are zero/],
    [["--corrupted", "dark"], /--corrupted dark: wanted noise, other/],
    [["--corrupted", "noise", "--mask-kind", "zero"], /wanted one of them/],
    [["--metric", "logit-difference"], /without --corrupted other/],
    [["--inputs"], /--inputs without --corrupted/],
    [["--steps", "0"], /steps/],
  ]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("attribute: planned, worked on in shards and merged, to the results of one process", async () => {
  const folder = await Deno.makeTempDir(), alone = `${folder}/alone`, planned = `${folder}/planned`;
  const line = [
    "attribute",
    ...data,
    "--corrupted",
    "noise",
    "--grad-drop",
    "--inputs",
    "--edges",
    "3",
  ];
  assertEquals((await run(...line, "--out", alone)).code, 0);
  await runInShards(line, planned);
  assertSameFiles(planned, alone, ["results.json", "scores.json", "edges.json", "rows.json"]);
  await Deno.remove(folder, { recursive: true });
});
