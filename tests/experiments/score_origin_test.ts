import { assertEquals, assertRejects } from "@std/assert";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { ablateHeads } from "../../lib/experiments/ablate_heads.ts";
import { digestOfBytes } from "../../lib/common/digest.ts";
import { arrowCountProblem } from "../../lib/heads/arrow_counts.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import { readFoundHeads } from "../../lib/experiments/found_heads.ts";
import { hybridQuality } from "../../lib/experiments/hybrid_quality.ts";
import { readManifest } from "../../lib/experiments/record.ts";
import { meanScores } from "../../lib/heads/head_scores.ts";
import { inflatedFooters } from "../heads/inflated_footers.ts";
import { testKernels } from "../suites/golden.ts";

const sample = (i: number) => ({ ...plantedSample(1, i), domain: "planted" });
const scored = [0, 1, 2, 3].map(sample), test = [3, 4, 5].map(sample);
const own = plantedModel(await testKernels(), { seed: 1, layers: 2 }).model;
const other = plantedModel(await testKernels(), { seed: 2, layers: 2 }).model;
const small = { fractions: [0.2], draws: 1, bootstrapDraws: 100 };

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await findHeads(own, scored, { folder: `${folder}/scores`, model: "one", data: "planted" });
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("an ablation says whose scores it used, and warns of samples that chose the heads", async () => {
  await inFolder(async (folder) => {
    const found = await readFoundHeads(`${folder}/scores`);
    const { identity, files } = await readManifest(`${folder}/scores`);
    const notices: string[] = [];
    // a tiny model may have no score-matched heads, which is told as well
    const onNotice = (text: string) => {
      if (text.startsWith("warning")) notices.push(text);
    };
    await ablateHeads(own, test, found, { ...small, folder: `${folder}/a`, onNotice });
    assertEquals(notices.length, 1);
    assertEquals(notices[0].startsWith("warning: 1 of 3 samples also chose the heads"), true);
    const manifest = await readManifest(`${folder}/a`);
    assertEquals(manifest.scores, {
      model: "one",
      data: "planted",
      weights: identity!.weights,
      table: files!["samples.arrow"],
      ofThisModel: true,
    });
    assertEquals((manifest.options as { samplesInBoth: number }).samplesInBoth, 1);

    // the same id with another content is another sample
    const renamed = test.map((one, i) => ({ ...one, id: scored[i].id })).slice(1);
    await ablateHeads(own, renamed, found, { ...small, onNotice });
    assertEquals(notices.length, 1);
  });
});

Deno.test("scores of another model are refused unless that is allowed, and then recorded", async () => {
  await inFolder(async (folder) => {
    const found = await readFoundHeads(`${folder}/scores`);
    const out = `${folder}/b`, allowed = { ...small, folder: out, allowOtherScores: true };
    await assertRejects(
      () => ablateHeads(other, test, found, { ...small, folder: out, model: "two" }),
      Error,
      'they are of another model, "one"; find the heads of this model with identify, or allow',
    );
    await assertRejects(
      () => ablateHeads(other, test, found, { ...small, folder: out, model: "one" }),
      Error,
      'they are of "one" with other weights',
    );
    await ablateHeads(other, test, found, allowed);
    const { scores } = await readManifest(out);
    assertEquals((scores as { ofThisModel: boolean }).ofThisModel, false);

    const settings = [{ policy: "core", fraction: 0.25, sink: 1, window: 2 }] as const;
    const hybrid = { scores: meanScores(found), settings, origin: found.origin };
    await assertRejects(() => hybridQuality(other, test, hybrid), Error, "of another model");
    assertEquals((await hybridQuality(own, test, hybrid)).length, 1);
  });
});

Deno.test("scores of an earlier version go by the model's name; those without a manifest by nothing", async () => {
  await inFolder(async (folder) => {
    const scores = `${folder}/scores`;
    const old = { ...await readManifest(scores), identity: undefined, files: undefined };
    await Deno.writeTextFile(`${scores}/manifest.json`, JSON.stringify(old));
    const run = async (model?: string) =>
      await ablateHeads(own, test, await readFoundHeads(scores), { ...small, model });
    await run("one");
    await assertRejects(() => run("two"), Error, 'they are of another model, "one"');
    await Deno.remove(`${scores}/manifest.json`);
    await assertRejects(() => run("one"), Error, "do not say which model they are of");
  });
});

Deno.test("scores that were changed after they were written are refused", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/scores/samples.arrow`;
    const bytes = await Deno.readFile(path);
    for (const at of [0, 100, bytes.length >> 1, bytes.length - 30]) {
      await Deno.writeFile(path, bytes.with(at, bytes[at] ^ 1));
      await assertRejects(
        () => readFoundHeads(`${folder}/scores`),
        Error,
        "it is not as it was written",
      );
    }
    await Deno.writeFile(path, bytes.subarray(0, 50));
    await assertRejects(() => readFoundHeads(`${folder}/scores`), Error, "not as it was written");
  });
});

Deno.test("a file that keeps its reader busy is refused, also where the manifest has its digest", async () => {
  await inFolder(async (folder) => {
    const scores = `${folder}/scores`, path = `${scores}/samples.arrow`;
    const bytes = await Deno.readFile(path);
    const manifest = JSON.parse(await Deno.readTextFile(`${scores}/manifest.json`));
    const changed = inflatedFooters(bytes).find((file) => arrowCountProblem(file) !== null);
    if (!changed) throw new Error("no change was refused: the test has lost its point");
    manifest.files["samples.arrow"] = digestOfBytes(changed);
    await Deno.writeFile(path, changed);
    await Deno.writeTextFile(`${scores}/manifest.json`, JSON.stringify(manifest));
    await assertRejects(() => readFoundHeads(scores), Error, "its counts do not fit");
  });
});

Deno.test("the planted models are freed", () => {
  own.dispose();
  other.dispose();
});
