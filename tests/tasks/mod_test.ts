import { assertEquals } from "@std/assert";
import * as tasks from "../../lib/tasks/mod.ts";

Deno.test("tasks: one import makes, writes, reads, shows and scores samples", async () => {
  const options = { cellsPerSide: 4, images: 1, difficulty: 2, split: "test" } as const;
  const samples = tasks.domains.map((domain) => domain.generate(1, options));
  const folder = await Deno.makeTempDir();
  try {
    await tasks.writeFolderDataSet(folder, samples);
    const read = await tasks.readFolderDataSet(folder);
    const loaded = await Promise.all(read.map(tasks.loadSample));
    const answers = loaded.map((sample) => tasks.answersOf(sample)[0]);
    const table = tasks.accuracyByDomain(loaded, answers);
    assertEquals([...table.values()].map(({ accuracy }) => accuracy.estimate), [1, 1, 1, 1, 1]);
    assertEquals(
      (await tasks.encodePng(tasks.contactSheet(loaded))).subarray(1, 4),
      new TextEncoder().encode("PNG"),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
