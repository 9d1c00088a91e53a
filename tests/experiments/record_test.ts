import { assert, assertEquals, assertRejects } from "@std/assert";
import { digestOfBytes } from "../../lib/common/digest.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import {
  checkoutCommit,
  computedBy,
  jsonText,
  makeManifest,
  writeRecord,
} from "../../lib/experiments/record.ts";
import { scoresRecord } from "../../lib/experiments/scores_record.ts";
import { headRecord } from "../../lib/figures/records.ts";
import { headScores, meanScores } from "../../lib/heads/head_scores.ts";
import { testKernels } from "../suites/golden.ts";

const scores = headScores(
  "ram",
  { layers: 2, heads: 3 },
  Array.from({ length: 6 }, (_, i) => ({
    id: `s${i}`,
    domain: i < 2 ? "page" : "scene",
    map: Float32Array.from({ length: 6 }, (_, h) => (h + (i * 7) % 5) / 12),
  })),
);

Deno.test("scores.json holds the contract's fields, overall and by domain", () => {
  const record = scoresRecord("mini", scores, { draws: 200 });
  assertEquals(Object.keys(record), [
    "model",
    "rule",
    "layers",
    "heads",
    "samples",
    "scores",
    "ci95",
    "ranking",
    "topMembership",
    "ram",
    "domains",
  ]);
  assertEquals(Object.keys(record.domains), ["page", "scene"]);
  assertEquals([record.samples, record.domains["page"].samples], [6, 2]);
  const mean = meanScores(scores);
  assertEquals(record.scores.flat(), [...mean]);
  assertEquals([record.scores.length, record.scores[0].length], [2, 3]);
  record.ci95.flat().forEach(([low, high], i) => assert(low <= mean[i] && mean[i] <= high));
  assertEquals(record.ranking[0], [1, 2]);
  assertEquals(record.topMembership.fraction, 0.05);
  assertEquals(record.topMembership.probability[1][2], 1);
});

Deno.test("figures read scores.json as it is written", () => {
  const json = JSON.parse(jsonText(scoresRecord("mini", scores, { draws: 200 })));
  const record = headRecord(json);
  assertEquals(record.shape, [2, 3]);
  assertEquals(record.samples, 6);
});

Deno.test("JSON text reads back as the value, with seven digits", () => {
  const value = { a: [1 / 3, 2, { b: null }], c: "x", d: undefined };
  assertEquals(JSON.parse(jsonText(value)), { a: [0.3333333, 2, { b: null }], c: "x" });
  assertEquals(JSON.parse(jsonText([{ a: 1 }, { a: 2 }])), [{ a: 1 }, { a: 2 }]);
  assertEquals(JSON.parse(jsonText([])), []);
});

Deno.test("the manifest says model, data, version, backend, type, seed, settings and date", async () => {
  const kernels = await testKernels();
  const parts = {
    experiment: "find_heads",
    model: "mini",
    data: "shipped:scene",
    samples: 6,
    seed: 3,
    options: { draws: 200 },
  };
  const manifest = await makeManifest(parts, computedBy(kernels));
  for (const [key, value] of Object.entries(parts)) {
    assertEquals(manifest[key as keyof typeof parts], value);
  }
  assert(/^\d+\.\d+\.\d+/.test(manifest.version));
  assertEquals(manifest.dtype, "float32");
  assert(manifest.backend.includes(kernels.name));
  assert(Math.abs(Date.parse(manifest.date) - Date.now()) < 60_000);
});

Deno.test("the commit is read from a checkout's files, loose or packed", async () => {
  const folder = await Deno.makeTempDir();
  const root = new URL(`file://${folder}/`);
  const commit = "0123456789abcdef0123456789abcdef01234567";
  assertEquals(await checkoutCommit(root), null);
  await Deno.mkdir(`${folder}/.git/refs/heads`, { recursive: true });
  await Deno.writeTextFile(`${folder}/.git/HEAD`, `${commit}\n`);
  assertEquals(await checkoutCommit(root), commit);
  await Deno.writeTextFile(`${folder}/.git/HEAD`, "ref: refs/heads/main\n");
  assertEquals(await checkoutCommit(root), null);
  await Deno.writeTextFile(`${folder}/.git/packed-refs`, `# pack\n${commit} refs/heads/main\n`);
  assertEquals(await checkoutCommit(root), commit);
  await Deno.writeTextFile(`${folder}/.git/refs/heads/main`, `${commit.replace("0", "f")}\n`);
  assertEquals(await checkoutCommit(root), commit.replace("0", "f"));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a record's files are written with their digests, other files stay", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/notes.txt`, "mine");
  const manifest = await makeManifest(
    { experiment: "e", model: "m", data: "d", samples: 1, seed: 0, options: {} },
    computedBy(await testKernels()),
  );
  const files = { "a.json": jsonText({ a: 1 }), "b.bin": Uint8Array.of(1, 2) };
  await writeRecord(folder, manifest, files);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  assertEquals(names, ["a.json", "b.bin", "manifest.json", "notes.txt"]);
  assertEquals(await readRecordJson(folder, "a.json"), { a: 1 });
  assertEquals(await readRecordJson(folder, "manifest.json"), {
    ...manifest,
    files: {
      "a.json": digestOfBytes(await Deno.readFile(`${folder}/a.json`)),
      "b.bin": digestOfBytes(Uint8Array.of(1, 2)),
    },
  });
  await assertRejects(() => readRecordJson(folder, "c.json"), Error, "no such file");
  await assertRejects(() => readRecordJson(folder, "b.bin"), Error, "Cannot read");
  await writeRecord(folder, manifest, files); // again, over the old one
  await Deno.remove(folder, { recursive: true });
});
