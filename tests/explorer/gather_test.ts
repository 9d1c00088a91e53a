import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { headIndex } from "../../lib/common/head_id.ts";
import { listSamples } from "../../lib/data/shipped_samples.ts";
import { attentionFrom } from "../../lib/experiments/attention_view.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import { headSamples, samplePrompt } from "../../lib/experiments/samples.ts";
import { chosenSamples, gatherExplorer } from "../../lib/explorer/gather.ts";
import { explorer } from "../../lib/explorer/explorer.ts";
import { unpackFloats } from "../../lib/explorer/pack.ts";
import { scoreMaps } from "../../lib/explorer/records.ts";
import { fromPretrained, type PretrainedModel } from "../../lib/families/pretrained.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";

/** Half of the last place of a float16 below 1. */
const half = 2 ** -11;

/** A record of the shipped model on some shipped samples, for a test. */
async function withRecord(
  body: (
    model: PretrainedModel,
    samples: Awaited<ReturnType<typeof listSamples>>,
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  using model = await fromPretrained("mini");
  const samples = (await listSamples("shipped", { limit: 1 })).filter(({ domain }) =>
    ["scene", "video", "page"].includes(domain)
  );
  const folder = await Deno.makeTempDir();
  try {
    await findHeads(model, headSamples(model, samples), {
      folder,
      draws: 20,
      model: "mini",
      data: "shipped",
    });
    await body(model, samples, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("attention and scores of a page are those of the record and of the model", () =>
  withRecord(async (model, samples, folder) => {
    const data = await gatherExplorer(model, samples, folder);
    const record = JSON.parse(await Deno.readTextFile(`${folder}/scores.json`));
    assertEquals(data.maps[0].values, record.scores.flat());
    assertEquals(
      data.ranking[0],
      headIndex(
        { layer: record.ranking[0][0], head: record.ranking[0][1] },
        data.heads,
      ),
    );
    assertEquals(data.samples.map(({ id }) => id), samples.map(({ id }) => id));
    const means = new Float64Array(data.layers * data.heads);
    for (const [i, shown] of data.samples.entries()) {
      const rows = await unpackFloats(shown.rows), scores = await unpackFloats(shown.scores!);
      assertEquals(
        rows.length,
        (shown.means + shown.singles * shown.queries.length) * shown.tokens,
      );
      const prompt = await samplePrompt(model, samples[i]);
      const view = await attentionFrom(model, prompt), length = prompt.inputIds.length;
      data.kept.slice(0, shown.means).forEach((head, at) => {
        const own = rows.subarray(at * shown.tokens, (at + 1) * shown.tokens);
        const wanted = view.data.subarray(head * length, (head + 1) * length);
        for (let t = 0; t < length; t++) assertAlmostEquals(own[t], wanted[t], half);
        const onEvidence = tokensOf(shown.evidence).reduce((sum, token) => sum + own[token], 0);
        assertAlmostEquals(onEvidence, scores[head], 4 * half);
      });
      const query = shown.queries.findIndex(({ kind }) => kind === "question");
      const single = await attentionFrom(model, prompt, [shown.queries[query].token]);
      const from = (shown.means + query) * shown.tokens;
      for (let t = 0; t < length; t++) {
        assertAlmostEquals(rows[from + t], single.data[data.kept[0] * length + t], half);
      }
      const words = shown.queries.flatMap(({ kind, text }) => kind === "question" ? [text] : []);
      assertEquals(words.join("").replace(/\s/g, ""), shown.question.replace(/\s/g, ""));
      scores.forEach((score, head) => means[head] += score / samples.length);
    }
    means.forEach((mean, head) => assertAlmostEquals(mean, data.maps[0].values[head]!, half));
    const video = data.samples.find(({ domain }) => domain === "video")!;
    assert(video.panels.length > 1 && video.panels[0].label === "0.0 s");
    const [first] = video.panels[0].grids;
    assertEquals(first.start, video.visual[0][0]);
  }));

Deno.test("scores of another record stand beside, unless it has other heads", () =>
  withRecord(async (model, samples, folder) => {
    const other = await Deno.makeTempDir();
    try {
      const few = headSamples(model, samples.slice(0, 1));
      await findHeads(model, few, { folder: other, draws: 10, model: "mini", data: "one scene" });
      const data = await gatherExplorer(model, samples, folder, { beside: other, samples: 1 });
      const map = data.maps.find(({ id }) => id === "beside-score")!;
      const record = JSON.parse(await Deno.readTextFile(`${other}/scores.json`));
      assertEquals(map.values, record.scores.flat());
      assertEquals([map.label, map.origin?.samples], ["RAM, mini on one scene", 1]);
      await Deno.writeTextFile(
        `${other}/scores.json`,
        JSON.stringify({ ...record, layers: 2, heads: 3 }),
      );
      const manifest = JSON.parse(await Deno.readTextFile(`${other}/manifest.json`));
      delete manifest.files;
      await Deno.writeTextFile(`${other}/manifest.json`, JSON.stringify(manifest));
      const refused = () => gatherExplorer(model, samples, folder, { beside: other });
      await assertRejects(refused, Error, "it has 2 x 3 heads, wanted 8 x 12");
    } finally {
      await Deno.remove(other, { recursive: true });
    }
  }));

Deno.test("another model, other samples and no samples are refused", () =>
  withRecord(async (model, samples, folder) => {
    const changed = samples.map((sample) => ({ ...sample, question: `${sample.question} now` }));
    await assertRejects(() => gatherExplorer(model, changed, folder), Error, "not what was scored");
    const others = samples.map((sample) => ({ ...sample, id: `other ${sample.id}` }));
    await assertRejects(
      () => gatherExplorer(model, others, folder),
      Error,
      "none of its 3 samples",
    );
    using other = await fromPretrained("mini-natural");
    const refused = () => explorer(folder, { model: other, dataset: samples });
    await assertRejects(refused, Error, "with other weights");
  }));

Deno.test("samples are taken evenly from domains, in their order", () => {
  const samples = ["a1", "a2", "a3", "b1", "b2", "c1"].map((id) => ({ id, domain: id[0] }));
  const ids = (count: number, scored: readonly string[]) =>
    chosenSamples(samples, new Set(scored), count).map(({ id }) => id);
  const all = samples.map(({ id }) => id);
  assertEquals(ids(4, all), ["a1", "a2", "b1", "c1"]);
  assertEquals(ids(9, ["b2", "a3"]), ["a3", "b2"]);
});

Deno.test("calibrated scores, selectivity and chance are shown where a record has them", () => {
  const table = [[0.1, 0.4]],
    summary = {
      model: "m",
      rule: "ram",
      layers: 1,
      heads: 2,
      samples: 3,
      scores: table,
      ci95: [[[0, 0.2], [0.3, 0.5]]] as const,
      ranking: [[0, 1], [0, 0]] as const,
      topMembership: { fraction: 0.5, probability: [[0, 1]] },
      domains: {},
    };
  assertEquals(scoreMaps(summary).map(({ id }) => id), ["score", "membership"]);
  const calibrated = { ...summary, calibrated: [[-0.1, 0.2]], chance: [[0.2]] };
  const maps = scoreMaps(calibrated);
  assertEquals(maps.map(({ id }) => id), ["score", "calibrated", "membership"]);
  assertEquals([maps[1].values, maps[1].diverging], [[-0.1, 0.2], true]);
});
