import { assert, assertEquals } from "@std/assert";
import { Random } from "../../../lib/stats/random.ts";
import {
  blockBox,
  blockGrids,
  drawPhotographs,
  photographBox,
} from "../../../lab/pages/photograph_page.ts";
import { listedCaptions, photographSample } from "../../../lab/pages/photograph_samples.ts";

/** A square of one colour. */
function square(red: number, green: number, blue: number) {
  const data = new Uint8Array(30 * 30 * 4);
  for (let i = 0; i < data.length; i += 4) data.set([red, green, blue, 255], i);
  return { width: 30, height: 30, data };
}

const colours = ["red", "lime", "blue", "pink", "teal", "gold", "navy", "plum", "rust"];
const photographs = colours.map((name, i) => ({ name, image: square(250 - 25 * i, 20 * i, 90) }));

Deno.test("photographs lie in their own boxes, in their own colours, and captions in every row", () => {
  for (const grid of blockGrids) {
    const shown = photographs.slice(0, grid.columns * grid.rows);
    const { image, words } = drawPhotographs(shown, grid, 0, new Random(1));
    shown.forEach(({ name, image: { data } }, block) => {
      const [left, top, right, bottom] = photographBox(grid, block);
      const middle = (top + bottom >> 1) * image.width + (left + right >> 1);
      assertEquals([...image.data.slice(3 * middle, 3 * middle + 3)], [...data.slice(0, 3)]);
      assertEquals(blockBox(grid, block)[0], left - 48);
      for (let row = top / 48; row < bottom / 48; row++) {
        const line = words.slice(8 * row + left / 48 - 1, 8 * row + right / 48);
        assertEquals(line, ["ABCDEFGH"[block], ":", name, "\n"]);
      }
    });
  }
});

Deno.test("at full variety no photograph leaves its box, and no two drawings are alike", () => {
  const grid = blockGrids[1];
  const draw = (seed: number, level: number, count: number) =>
    drawPhotographs(photographs.slice(0, count), grid, level, new Random(seed)).image;
  const full = draw(1, 1, 8), again = draw(2, 1, 8);
  assert(full.data.some((value, i) => value !== again.data[i]));
  // what one photograph more changes lies in its box
  const without = draw(1, 0, 7), whole = draw(1, 0, 8);
  const [left, top, right, bottom] = blockBox(grid, 7);
  let outside = 0, inside = 0;
  whole.data.forEach((value, i) => {
    const x = Math.floor(i / 3) % 384, y = Math.floor(i / 3 / 384);
    const within = x >= left && x < right && y >= top && y < bottom;
    if (value === without.data[i]) return;
    if (within) inside++;
    else outside++;
  });
  assertEquals(outside, 0);
  assert(inside > 1000);
});

Deno.test("questions have one right answer, the block as evidence, and the others as foils", () => {
  for (const question of ["what", "which"] as const) {
    const options = { question, grid: blockGrids[1], split: "test", set: "squares" } as const;
    const asked = new Set<number>();
    for (let seed = 0; seed < 12; seed++) {
      const found = photographSample(seed, photographs, options);
      const { sample, names, candidates } = found;
      asked.add(found.asked);
      assertEquals(new Set(names).size, 8);
      const wanted = question === "what" ? names[found.asked] : "ABCDEFGH"[found.asked];
      assertEquals(sample.answer[0], wanted);
      assertEquals(candidates[found.asked], ` ${wanted}`);
      assertEquals(sample.evidence, [{ image: 0, box: blockBox(blockGrids[1], found.asked) }]);
      assertEquals([sample.foils!.length, sample.foilAnswers!.length, sample.chance], [
        7,
        7,
        1 / 8,
      ]);
      assert(!names.some((name) => sample.null!.includes(`the ${name}?`)), sample.null);
      assertEquals(photographSample(seed, photographs, options).sample, sample);
    }
    assert(asked.size > 4);
  }
  assertEquals(listedCaptions(["fox", "key"]), " A: fox\n B: key\n");
});
