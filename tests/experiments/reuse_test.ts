import { assert, assertEquals } from "@std/assert";
import { ablateHeads } from "../../lib/experiments/ablate_heads.ts";
import { ablationSamples } from "../../lib/experiments/ablation_samples.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import { hybridQuality } from "../../lib/experiments/hybrid_quality.ts";
import { headSamples } from "../../lib/experiments/samples.ts";
import { answerSamples } from "../../lib/experiments/answers.ts";
import { PromptStore } from "../../lib/experiments/prompt_store.ts";
import { ReuseCache } from "../../lib/model/reuse_cache.ts";
import { meanScores } from "../../lib/heads/head_scores.ts";
import { readFolderDataSet, writeFolderDataSet } from "../../lib/data/folder_data_set.ts";
import { fromPretrained, type PretrainedModel } from "../../lib/families/pretrained.ts";
import { domainOf } from "../../lab/synthetic/domains.ts";
import { goldenDir } from "../suites/golden.ts";

const questions = 3;

/** A folder with questions on two documents in turn, and what is to be done with it. */
async function withDocuments(
  use: (
    model: PretrainedModel,
    samples: Awaited<ReturnType<typeof readFolderDataSet>>,
  ) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    const documents = [1, 2].map((seed) =>
      domainOf("scene").generate(seed, { cellsPerSide: 4, images: 2, difficulty: 1, split: "test" })
    );
    await writeFolderDataSet(
      folder,
      Array.from({ length: questions }, (_, number) =>
        documents.map((document, i) => ({
          ...document,
          id: `${i} ${number}`,
          question: `${number} ${document.question}`,
        }))).flat(),
    );
    // the files of one document are the same for all its questions
    const path = `${folder}/samples.jsonl`;
    const lines = (await Deno.readTextFile(path)).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    const images = [lines[0].images, lines[1].images];
    const text = lines.map((line, i) => JSON.stringify({ ...line, images: images[i % 2] }) + "\n");
    await Deno.writeTextFile(path, text.join(""));
    using model = await fromPretrained(goldenDir("qwen3_vl"), { dtype: "float32" });
    await use(model, await readFolderDataSet(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs of the vision tower during a piece of work. */
async function towerRuns(model: PretrainedModel, work: () => Promise<unknown>): Promise<number> {
  const tower = model.network.vision!, encode = tower.encodeMedia;
  let runs = 0;
  tower.encodeMedia = (...given) => (runs++, encode.call(tower, ...given));
  try {
    await work();
  } finally {
    tower.encodeMedia = encode;
  }
  return runs;
}

Deno.test("the vision tower runs once for all questions on the same media, with the same results", async () => {
  await withDocuments(async (model, samples) => {
    const k = model.network.kernels, before = k.tensorCount();
    const scores = await findHeads(model, headSamples(model, samples), {
      reuseBytes: 0,
      draws: 50,
    });
    const settings = [0.125, 0.25].map((fraction) =>
      ({ policy: "core", fraction, sink: 4, window: 8 }) as const
    );
    const works: Record<string, (reuseBytes?: number) => Promise<unknown>> = {
      findHeads: (reuseBytes) =>
        findHeads(model, headSamples(model, samples), { reuseBytes, draws: 50, rivals: false }),
      calibrated: (reuseBytes) =>
        findHeads(model, headSamples(model, samples, { nullQuery: "N/A" }), {
          reuseBytes,
          draws: 50,
          rivals: false,
        }),
      ablateHeads: (reuseBytes) =>
        ablateHeads(model, ablationSamples(model, samples), scores, {
          reuseBytes,
          fractions: [0.1],
          draws: 1,
          bootstrapDraws: 50,
          maxNewTokens: 3,
        }),
      hybridQuality: (reuseBytes) =>
        hybridQuality(model, ablationSamples(model, samples), {
          reuseBytes,
          settings,
          scores: meanScores(scores),
        }),
    };
    for (const [name, work] of Object.entries(works)) {
      const wanted = await work(0);
      assert(await towerRuns(model, () => work(0)) >= 2 * questions, name);
      for (const reuseBytes of [undefined, 3e6]) { // all of it, and one document at a time
        const runs = await towerRuns(
          model,
          async () => assertEquals(await work(reuseBytes), wanted),
        );
        assertEquals(runs, 2, `${name} with ${reuseBytes ?? "the default"}`);
      }
      assertEquals(k.tensorCount(), before, name);
    }
    {
      using reuse = new ReuseCache();
      using store = new PromptStore(model, undefined, reuse);
      const answers = () => answerSamples(model, samples, { store, maxNewTokens: 2 });
      const wanted = await answerSamples(model, samples, { maxNewTokens: 2 });
      const runs = await towerRuns(model, async () => assertEquals(await answers(), wanted));
      assertEquals(runs, 2);
    }
    assertEquals(k.tensorCount(), before);
  });
});

Deno.test("images are read and cut once for all questions on them", async () => {
  await withDocuments(async (model, samples) => {
    const recipe = model.processor.recipe.images!, prepare = recipe.prepare;
    let runs = 0;
    recipe.prepare = (...given) => (runs++, prepare.call(recipe, ...given));
    await findHeads(model, headSamples(model, samples), { draws: 50 });
    assertEquals(runs, 2 + 1); // the first is loaded once more, to see by which rules it can be scored
  });
});
