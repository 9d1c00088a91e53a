import { assert, assertEquals } from "@std/assert";
import { headSamples, samplePrompt } from "../../lib/experiments/samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { listSamples } from "../../lib/data/shipped_samples.ts";
import { goldenDir } from "../suites/golden.ts";
import { withFiles } from "../data/published/data_set.ts";
import { folders } from "../data/published/made_folders.ts";

const made = { width: 128, height: 96, count: 4, chosen: 1, share: 0.25 };

/** Share of the visual tokens that the made-up evidence covers, of a sample with several images. */
const shares: Readonly<Record<string, number>> = {
  vidstg: 1 / 3, // one of five frames; two frames are one temporal patch
  "mmlongbench-doc": 1 / 4,
  mmdocir: 9 / 16 / 4,
  refcocog: 1 / 4,
};

Deno.test("published samples: prompts with the question and the evidence as tokens", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  for (const [name, share] of Object.entries(shares)) {
    await withFiles(folders[name](made), async (folder) => {
      const [entry] = await listSamples(`${name}:${folder}`);
      const { spans } = await headSamples(model, [entry])[0].load();
      const count = (name: keyof typeof spans) =>
        spans[name].reduce((sum, [start, end]) => sum + end - start, 0);
      assert(count("question") >= 1 && count("evidence") >= 1);
      const found = count("evidence") / count("visual");
      assert(Math.abs(found - share) < 0.12, `${name}: ${found}, wanted about ${share}`);
    });
  }
});

Deno.test("published samples: without evidence there is still a prompt to answer", () =>
  withFiles(folders.mlvu(made), async (folder) => {
    using model = await fromPretrained(goldenDir("qwen3_vl"));
    const [entry] = await listSamples(`mlvu:${folder}`);
    const prompt = await samplePrompt(model, entry);
    assertEquals(prompt.spans.evidence, []);
    assert(prompt.text.includes("(B) a cat"));
  }));
