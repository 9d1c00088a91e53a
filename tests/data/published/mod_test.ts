import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/common/errors.ts";
import { loadSample } from "../../../lib/data/folder_data_set.ts";
import { isCorrect } from "../../../lib/data/metrics.ts";
import { publishedNames } from "../../../lib/data/published/mod.ts";
import { answersOf, imagesOf } from "../../../lib/data/sample.ts";
import { listSamples, samplesWithEvidence } from "../../../lib/data/shipped_samples.ts";
import { withFiles } from "./data_set.ts";
import { folders, type Made } from "./made_folders.ts";

const made: fc.Arbitrary<Made> = fc.record({
  width: fc.integer({ min: 4, max: 80 }),
  height: fc.integer({ min: 4, max: 80 }),
  count: fc.integer({ min: 2, max: 6 }),
  chosen: fc.nat({ max: 1 }),
  share: fc.double({ min: 0, max: 0.5, noNaN: true }),
});

for (const [name, files] of Object.entries(folders)) {
  Deno.test(`published ${name}: samples load, their evidence is where it was put, answers are right`, async () => {
    await fc.assert(
      fc.asyncProperty(made, (one) =>
        withFiles(files(one), async (folder) => {
          const samples = await listSamples(`${name}:${folder}`);
          for (const entry of samples) {
            assertEquals(entry.domain, name);
            const sample = await loadSample(entry); // refuses boxes that leave their image
            const pictures = imagesOf(sample);
            assertEquals([pictures[0].width, pictures[0].height], [one.width, one.height]);
            assert(isCorrect(answersOf(sample)[0], sample));
            assertEquals(sample.evidence.length, name === "mlvu" ? 0 : 1);
            for (const piece of sample.evidence) {
              if ("text" in piece) throw new Error("evidence in the question");
              const at = "image" in piece ? piece.image : piece.frames[0];
              assertEquals(at, name === "refcocog" ? 0 : one.chosen);
              if (!piece.box) continue;
              assert(Math.abs(piece.box[0] - one.share * one.width) < 1e-9);
              assert(Math.abs(piece.box[1] - one.share * one.height) < 1e-9);
            }
          }
        })),
      { numRuns: 8 },
    );
  });
}

Deno.test("published layouts: different names, each with a test above or with RefCOCOg's reader", () => {
  assertEquals(new Set(publishedNames).size, publishedNames.length);
  const family = ["refcoco", "refcoco+"];
  assertEquals(new Set([...Object.keys(folders), ...family]), new Set(publishedNames));
});

Deno.test("listSamples: a misspelt layout gets the nearest names, a path with a colon is a path", async () => {
  await assertRejects(() => listSamples("mlvv:folder"), InputError, "mlvu");
  await assertRejects(() => listSamples("C:\\folder"), Error, "samples.jsonl");
  await assertRejects(() => listSamples("./a:b"), Error, "samples.jsonl");
});

Deno.test("samplesWithEvidence: keeps the samples that have it, and refuses none", () => {
  const none = { evidence: [] }, one = { evidence: [{ image: 0 }] };
  assertEquals(samplesWithEvidence([none, one, none], "a"), [one]);
  assertThrows(
    () => samplesWithEvidence([none, none], "mlvu:a"),
    InputError,
    "none of its 2 samples",
  );
});
