import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Random } from "../../../lib/stats/random.ts";
import { pageWords } from "../../../lab/pages/page_words.ts";
import type { RgbImage } from "../../../lib/data/sample.ts";
import { fontNames } from "../../../lab/pages/stroke_font.ts";
import { drawPage, pageCell, pageCells, pageSide } from "../../../lab/pages/word_page.ts";

/** Cells that hold anything but the paper's colour. */
function inkedCells({ width, data }: RgbImage, paper: number): number[] {
  const found = new Set<number>();
  for (let i = 0; i < data.length; i++) {
    if (data[i] === paper) continue;
    const pixel = Math.floor(i / 3), x = pixel % width, y = Math.floor(pixel / width);
    found.add(Math.floor(y / pageCell) * pageSide + Math.floor(x / pageCell));
  }
  return [...found].sort((a, b) => a - b);
}

Deno.test("a page is the same for the same stream, and another for another", () => {
  const cells = pageWords.slice(1, 65).map((word) => ({ word }));
  const draw = (seed: number) => drawPage(cells, { level: 1 }, new Random(seed)).data;
  assertEquals(draw(3), draw(3));
  assertNotEquals(draw(3), draw(4));
});

Deno.test("plain pages are white, with ink in the cells that hold something and nowhere else", () => {
  const cells = Array.from({ length: pageCells }, (_, i) => ({
    word: i % 3 === 0 ? pageWords[1 + i] : "\n",
    pictured: i % 2 === 0,
  }));
  const page = drawPage(cells, { level: 0 }, new Random(1));
  const wanted = Array.from({ length: pageCells }, (_, i) => i).filter((i) => i % 3 === 0);
  assertEquals(inkedCells(page, 255), wanted);
});

Deno.test("a lonely word stays in its cell, however the page is drawn", () => {
  for (let seed = 0; seed < 24; seed++) {
    const at = 9 + seed;
    const cells = Array.from({ length: pageCells }, (_, i) => ({
      word: i === at ? ["microscope", "gypsy", "star"][seed % 3] : "\n",
      pictured: true,
    }));
    const fonts = [fontNames[seed % fontNames.length]];
    const page = drawPage(cells, { fonts, level: 1 }, new Random(seed));
    // the strongest edges of a noisy page are those of ink
    const steps = new Float32Array(pageCells);
    for (let y = 0; y < page.height; y++) {
      for (let x = 1; x < page.width; x++) {
        const i = (y * page.width + x) * 3;
        if (x % pageCell < 2 || y % pageCell < 2) continue; // rules between cells
        const cell = Math.floor(y / pageCell) * pageSide + Math.floor(x / pageCell);
        const step = Math.abs(page.data[i] - page.data[i - 3]) +
          Math.abs(page.data[i + 1] - page.data[i - 2]) +
          Math.abs(page.data[i + 2] - page.data[i - 1]);
        steps[cell] += step ** 2;
      }
    }
    assertEquals(steps.indexOf(Math.max(...steps)), at, `seed ${seed}`);
  }
});

Deno.test("pages without all their cells are blank there", () => {
  const page = drawPage([{ word: "map" }], { level: 0 }, new Random(1));
  assertEquals(inkedCells(page, 255), [0]);
  assert(page.width === pageSide * pageCell && page.height === page.width);
});
