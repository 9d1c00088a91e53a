import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Board } from "../../../lab/synthetic/board.ts";
import { generateContext } from "../../../lab/synthetic/context.ts";
import { renderBoard } from "../../../lab/synthetic/raster.ts";
import { categoryOf, wordId, words } from "../../../lab/synthetic/vocabulary.ts";
import { readCell } from "../../data/reader.ts";

const board = (names: string, seed: number, theme: Board["theme"] = "ground"): Board => {
  const ids = Uint16Array.from(names.split(" "), wordId);
  return { columns: ids.length, rows: 1, words: ids, theme, seed };
};

Deno.test("renderBoard: a reader names every word of noisy images", () => {
  for (const domain of ["scene", "document"] as const) {
    const { images: [image], labels } = generateContext(domain, 21, {
      cellsPerSide: 6,
      images: 1,
      difficulty: { clutter: 0.7 },
      split: "train",
      noise: 0.05,
    });
    labels.forEach((id, i) => {
      if (categoryOf(id) === "fillers") return;
      assertEquals(readCell(image, i % 6 * 16, Math.floor(i / 6) * 16), words[id]);
    });
  }
});

Deno.test("renderBoard: the board's seed decides the look, the noise's seed the noise", () => {
  const one = board("redstar c5 map tom", 4);
  assertEquals(renderBoard(one, 0.05, 7), renderBoard(one, 0.05, 7));
  assertNotEquals(renderBoard(one, 0.05, 7), renderBoard(one, 0.05, 8));
  assertEquals(renderBoard(one, 0, 7), renderBoard(one, 0, 8));
  assertNotEquals(renderBoard(one, 0, 7), renderBoard({ ...one, seed: 5 }, 0, 7));
});

Deno.test("renderBoard: cells of frames with one seed are equal where their words are", () => {
  const a = renderBoard(board("redstar c5 grass tom", 4), 0, 0);
  const b = renderBoard(board("redstar c5 waves tom", 4), 0, 0);
  for (let i = 0; i < a.data.length; i++) {
    const cell = Math.floor(Math.floor(i / 3) % 64 / 16);
    if (cell !== 2) assertEquals(a.data[i], b.data[i]);
  }
  assertNotEquals(a.data, b.data);
});

Deno.test("renderBoard: noise has the wanted deviation", () => {
  const names = Array(64).fill("blank").join(" ");
  const { data } = renderBoard(board(names, 1, "ground"), 0.04, 3);
  const clean = renderBoard(board(names, 1, "ground"), 0, 3).data;
  const green = Float64Array.from(
    { length: data.length / 3 },
    (_, i) => data[3 * i + 1] - clean[3 * i + 1],
  );
  const deviation = Math.sqrt(green.reduce((sum, value) => sum + value * value, 0) / green.length);
  assert(Math.abs(deviation / 255 - 0.04) < 0.003, `${deviation / 255}`);
});

Deno.test("renderBoard: the same word is drawn in several places and sizes", () => {
  const clean = (seed: number) => renderBoard(board("redstar", seed), 0, 0).data.join();
  assertEquals(new Set(Array.from({ length: 20 }, (_, seed) => clean(seed))).size, 20);
});
