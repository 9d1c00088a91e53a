import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { decodeVariants } from "../../lib/causal/decode_variants.ts";
import { sweep } from "../../lib/causal/sweep.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { generate } from "../../lib/model/generate.ts";
import { goldenDir, goldenModel } from "../suites/golden.ts";
import { videoDecodings, videoMessages } from "../suites/video_decoding.ts";

for (const family of ["qwen2_vl", "qwen2_5_vl"]) {
  Deno.test(`after videos of 8 to 60 frames ${family} decodes transformers' tokens`, async () => {
    const cases = videoDecodings(family);
    assertEquals(cases.length, 32);
    const told = cases.filter((entry) => entry.lastPosition !== entry.largestPosition);
    assert(told.length >= 5, "no prompt tells the last position from the largest one");
    const processor = await loadProcessorOf(goldenDir(family));
    const model = await goldenModel(family);
    for (const entry of cases) {
      const where = `${entry.frames} frames at ${entry.fps} a second`;
      const inputs = await processor.prepare(videoMessages(entry));
      assertEquals(inputs.inputIds.length, entry.promptTokens, where);
      assertEquals(inputs.nextPosition, entry.lastPosition + 1, where);
      const ids: number[] = [];
      const options = { maxNewTokens: entry.ids.length, stopTokenIds: [] };
      for await (const { id } of generate(model, inputs, options)) ids.push(id);
      assertEquals(ids, entry.ids, where);
      if (!told.includes(entry) || told.indexOf(entry) % 4 > 0) continue;
      const sample = { id: where, inputs, spans: inputs.spans };
      assertEquals(await decodeVariants(model, sample, [[]], options), [entry.ids], where);
      const answer = { ...sample, answerIds: Int32Array.from(entry.ids) };
      const [{ logProb }] = await sweep(model, answer, [[]]);
      assertAlmostEquals(logProb, entry.logProb, 5e-4, where);
    }
    model.dispose();
  });
}
