import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type FolderSample, writeFolderDataSet } from "../../lib/data/folder_data_set.ts";
import { listSamples } from "../../lib/data/shipped_samples.ts";
import { sampleDigest } from "../../lib/experiments/sample_digest.ts";
import { madeSamples } from "../../lab/synthetic/made_samples.ts";

async function withSamples(body: (samples: FolderSample[], folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const made = madeSamples(1, { domains: ["scene", "video"] });
  await writeFolderDataSet(folder, made);
  try {
    await body(await listSamples(folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const pathsOf = (sample: FolderSample) => sample.images ?? sample.video!.frames;

Deno.test("whatever a result depends on changes a sample's digest; names of files do not", async () => {
  await withSamples(async (samples, folder) => {
    for (const sample of samples) {
      const before = sampleDigest(sample);
      assertMatch(before, /^[0-9a-f]{32}$/);
      const changes: Partial<FolderSample>[] = [
        { question: "what else?" },
        { answer: "other" },
        { answer: [String(sample.answer)] },
        { choices: ["a", "b"] },
        { context: "Read this." },
        { evidence: [] },
        { domain: "elsewhere" },
        { metric: "integer" },
        { video: undefined, images: pathsOf(sample).toReversed().slice(1) } as never,
      ];
      for (const change of changes) {
        const changed = { ...sample, ...change } as FolderSample;
        assertNotEquals(sampleDigest(changed), before, JSON.stringify(change));
      }
      if (sample.video) {
        const slower = { ...sample, video: { ...sample.video, fps: sample.video.fps / 2 } };
        assertNotEquals(sampleDigest(slower), before);
      }
      assertEquals(sampleDigest({ ...sample, id: "renamed" }), before);

      const [path] = pathsOf(sample), bytes = await Deno.readFile(`${folder}/${path}`);
      const renamed = (from: string) => from === path ? "moved.png" : from;
      await Deno.writeFile(`${folder}/moved.png`, bytes);
      const moved = sample.video
        ? { ...sample, video: { ...sample.video, frames: sample.video.frames.map(renamed) } }
        : { ...sample, images: sample.images.map(renamed) };
      assertEquals(sampleDigest(moved), before);

      bytes[bytes.length - 20] ^= 1;
      await Deno.writeFile(`${folder}/${path}`, bytes);
      assertNotEquals(sampleDigest(sample), before);
      await Deno.remove(`${folder}/${path}`);
      const missing = sampleDigest(sample); // loading says what is wrong, not the digest
      assertNotEquals(missing, before);
    }
  });
});

Deno.test("a sample in memory is digested with its pixels", () => {
  const [sample] = madeSamples(1, { domains: ["scene"] });
  const before = sampleDigest(sample);
  assertEquals(sampleDigest({ ...structuredClone(sample), id: "other" }), before);
  const changed = structuredClone(sample);
  changed.images![0].data[7] ^= 1;
  assertNotEquals(sampleDigest(changed), before);
});
