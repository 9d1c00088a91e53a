/**
 * Writes page needles as a folder data set for `--dataset`: pages for a model with the vision tower of
 * `data/models/smollm2-vision-tower`. Samples of the test split, beyond those that the records use.
 *
 *     deno run -A tools/make_pages.ts [--out data/pages] [--count 24] [--pages 2] [--level 0]
 * @module
 */
import { parseArgs } from "node:util";
import { writeFolderDataSet } from "../lib/data/folder_data_set.ts";
import { pageNeedle } from "../lab/pages/page_needles.ts";

/** Seeds below this one are those of the records. */
const firstSeed = 100_000;

const { values } = parseArgs({
  args: [...Deno.args],
  options: {
    out: { type: "string", default: "data/pages" },
    count: { type: "string", default: "24" },
    pages: { type: "string", default: "2" },
    level: { type: "string", default: "0" }, // plain pages make small files
  },
});
const samples = Array.from({ length: Number(values.count) }, (_, i) =>
  pageNeedle(firstSeed + i, {
    kind: i % 2 === 0 ? "document" : "scene",
    pages: Number(values.pages),
    split: "test",
    level: Number(values.level),
  }).sample);
await writeFolderDataSet(values.out, samples);
console.log(`${samples.length} samples in ${values.out}`);
