import { assertEquals } from "@std/assert";
import * as data from "../../lib/data/mod.ts";
import { domains } from "../../lab/synthetic/domains.ts";

Deno.test("data: one import writes, reads and scores samples", async () => {
  const options = { cellsPerSide: 4, images: 1, difficulty: 2, split: "test" } as const;
  const samples = domains.map((domain) => domain.generate(1, options));
  const folder = await Deno.makeTempDir();
  try {
    await data.writeFolderDataSet(folder, samples);
    const read = await data.readFolderDataSet(folder);
    const loaded = await Promise.all(read.map(data.loadSample));
    const answers = loaded.map((sample) => data.answersOf(sample)[0]);
    assertEquals(
      loaded.map((sample, i) => data.isCorrect(answers[i], sample)),
      domains.map(() => true),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
