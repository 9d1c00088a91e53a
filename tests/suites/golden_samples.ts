/**
 * Golden prompts as samples for head scores: visual tokens as transformers marked them, the text
 * after the last image as the question, and some visual tokens declared to be evidence.
 */
import type { HeadSample } from "../../lib/heads/scored_sample.ts";
import { spansOf } from "../../lib/inputs/token_spans.ts";
import type { PlacedGrid } from "../../lib/inputs/visual_grid.ts";
import { goldenCase } from "./golden.ts";

/** Rows and columns of merged tokens of each image. */
function gridsOf(visual: readonly number[], gridThw: ArrayLike<number>): PlacedGrid[] {
  const grids: PlacedGrid[] = [];
  let used = 0;
  for (let i = 0; i < gridThw.length; i += 3) {
    const rows = gridThw[i + 1] / 2, columns = gridThw[i + 2] / 2;
    grids.push({
      kind: "image",
      media: grids.length,
      frames: [],
      rows,
      columns,
      newline: "none",
      size: [32 * columns, 32 * rows],
      region: [0, 0, 32 * columns, 32 * rows],
      start: visual[used],
    });
    used += rows * columns;
  }
  return grids;
}

/**
 * The golden prompt as a sample; its evidence is every second visual token.
 *
 * @param name a case with images
 */
export async function goldenSample(family: string, name: string): Promise<HeadSample> {
  const golden = await goldenCase(family, name);
  const types = Array.from(golden.tensor("mm_token_type_ids").data);
  const visual = types.flatMap((type, i) => type > 0 ? [i] : []);
  const after = visual[visual.length - 1] + 2; // skips the token that ends the image
  const prompt = golden.inputs.inputIds.length;
  return {
    id: `${family}/${name}`,
    domain: name,
    inputs: golden.inputs,
    spans: {
      system: [],
      visual: spansOf(visual),
      evidence: spansOf(visual.filter((_, i) => i % 2 === 1)),
      question: [[after, prompt - 5]],
      answer: [],
    },
    grids: gridsOf(visual, golden.tensor("image_grid_thw").data),
    nullQuery: golden.inputs.inputIds.slice(after, after + 3),
  };
}
