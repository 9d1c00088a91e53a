import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import {
  type Evidence,
  evidenceTokens,
  tokensInBox,
  UnseenEvidenceError,
} from "../../lib/inputs/evidence.ts";
import type { Box } from "../../lib/inputs/image.ts";
import { type PlacedGrid, visualTokens } from "../../lib/inputs/visual_grid.ts";

const side = fc.integer({ min: 1, max: 9 });
const pixels = fc.integer({ min: 1, max: 2000 });

/** One grid over a whole image. */
const wholeGrids: fc.Arbitrary<PlacedGrid> = fc.record({
  size: fc.tuple(pixels, pixels),
  rows: side,
  columns: side,
  start: fc.nat(30),
}).map(({ size, rows, columns, start }) => ({
  kind: "image",
  media: 0,
  size,
  frames: [],
  rows,
  columns,
  newline: "none",
  region: [0, 0, size[0], size[1]],
  start,
}));

/** A box of whole pixels within an image. */
const boxIn = ([width, height]: readonly [number, number]): fc.Arbitrary<Box> =>
  fc.tuple(
    fc.nat(width - 1).chain((x) =>
      fc.tuple(fc.constant(x), fc.integer({ min: x + 1, max: width }))
    ),
    fc.nat(height - 1).chain((y) =>
      fc.tuple(fc.constant(y), fc.integer({ min: y + 1, max: height }))
    ),
  ).map(([[x0, x1], [y0, y1]]) => [x0, y0, x1, y1]);

const prompt = (grids: readonly PlacedGrid[]) => ({
  text: "",
  offsets: new Int32Array(0),
  texts: [],
  grids,
});

/** The rule in exact arithmetic, on the image resized to 32 pixels a token. */
function exactRule(grid: PlacedGrid, box: Box): number[] {
  const overlap = (token: number, tokens: number, from: number, to: number, length: number) => {
    const [scale, unit] = [BigInt(32 * tokens), 32n * BigInt(length)];
    const low = BigInt(from) * scale, high = BigInt(to) * scale;
    const start = BigInt(token) * unit, end = start + unit;
    const shared = (end < high ? end : high) - (start > low ? start : low);
    return shared > 0n ? shared : 0n;
  };
  const area = 32n * BigInt(grid.size[0]) * 32n * BigInt(grid.size[1]);
  const half: number[] = [];
  let best = 0n, first: number[] = [];
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      const shared = overlap(column, grid.columns, box[0], box[2], grid.size[0]) *
        overlap(row, grid.rows, box[1], box[3], grid.size[1]);
      const token = grid.start + row * grid.columns + column;
      if (2n * shared >= area) half.push(token);
      if (shared > best) [best, first] = [shared, [token]];
    }
  }
  return half.length > 0 ? half : first;
}

Deno.test("evidenceTokens: half of the area, else the largest overlap, in exact arithmetic", () => {
  const cases = wholeGrids.chain((grid) => fc.tuple(fc.constant(grid), boxIn(grid.size)));
  fc.assert(
    fc.property(cases, ([grid, box]) => {
      assertEquals(evidenceTokens(prompt([grid]), [{ image: 0, box }]), exactRule(grid, box));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("evidenceTokens: exactly half counts, and a tie goes to the first", () => {
  const grid: PlacedGrid = {
    ...{ kind: "image", media: 0, size: [90, 60], frames: [], rows: 2, columns: 3 },
    ...{ newline: "none", region: [0, 0, 90, 60], start: 10 },
  };
  const tokens = (...box: Box) => evidenceTokens(prompt([grid]), [{ image: 0, box }]);
  assertEquals(tokens(0, 0, 15, 30), [10]);
  assertEquals(tokens(15, 0, 75, 30), [10, 11, 12]);
  assertEquals(tokens(16, 0, 74, 30), [11]);
  assertEquals(tokens(20, 20, 40, 40), [10]); // four tokens with the same share
  assertEquals(tokens(25, 25, 36, 36), [14]); // the largest share, though not the first
});

Deno.test("the box of one visual token, as evidence, is that token", () => {
  fc.assert(fc.property(wholeGrids, fc.nat(), (grid, pick) => {
    const all = visualTokens([grid]);
    const { token, box } = all[pick % all.length];
    assertEquals(evidenceTokens(prompt([grid]), [{ image: 0, box }]), [token]);
  }));
});

Deno.test("a whole page is all of its tokens, and a larger box never has fewer full tokens", () => {
  const cases = wholeGrids.chain((grid) => fc.tuple(fc.constant(grid), boxIn(grid.size)));
  fc.assert(fc.property(cases, ([grid, box]) => {
    const page = evidenceTokens(prompt([grid]), [{ image: 0 }]);
    assertEquals(page, visualTokens([grid]).map(({ token }) => token));
    const wide: Box = [0, box[1], grid.size[0], box[3]];
    const inner = tokensInBox([grid], box);
    if (inner.length > 1) {
      const outer = new Set(tokensInBox([grid], wide));
      assert(inner.every((token) => outer.has(token)));
    }
  }));
});

Deno.test("tiles and thumbnail: each token of whichever grid counts by its own area", () => {
  const size = [80, 40] as const;
  const grid = { kind: "image", media: 0, size, frames: [], rows: 2, columns: 2 } as const;
  const grids: PlacedGrid[] = [
    { ...grid, newline: "none", region: [0, 0, 40, 40], start: 0 },
    { ...grid, newline: "none", region: [40, 0, 80, 40], start: 4 },
    { ...grid, newline: "none", region: [0, 0, 80, 40], start: 8 },
  ];
  const tokens = (box: Box) => evidenceTokens(prompt(grids), [{ image: 0, box }]);
  assertEquals(tokens([0, 0, 20, 20]), [0, 8]); // the second is half of a thumbnail's token
  assertEquals(tokens([60, 0, 79, 20]), [5]);
  assertEquals(tokens([0, 0, 5, 5]), [0]); // none reaches half
  assertEquals(tokens([0, 0, 80, 40]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

Deno.test("rows with newlines and borders: neither is evidence", () => {
  const grid: PlacedGrid = {
    ...{ kind: "image", media: 0, size: [40, 20], frames: [], rows: 2, columns: 2 },
    ...{ newline: "row", region: [0, -10, 40, 30], start: 5 },
  };
  assertEquals(evidenceTokens(prompt([grid]), [{ image: 0 }]), [5, 6, 8, 9]);
  const bordered: PlacedGrid = { ...grid, region: [0, -50, 40, 20], newline: "none" };
  assertEquals(evidenceTokens(prompt([bordered]), [{ image: 0 }]), [7, 8]);
});

const video: PlacedGrid[] = [[0, 2], [5, 7], [7, 7]].map((frames, i) => ({
  ...{ kind: "video", media: 0, size: [40, 20], frames, rows: 1, columns: 2 },
  ...{ newline: "none", region: [0, 0, 40, 20], start: 10 * i },
}));

Deno.test("frames: a temporal patch counts when any of its frames is in the range", () => {
  const tokens = (first: number, last: number, box?: Box) =>
    evidenceTokens(prompt(video), [{ frames: [first, last], box }]);
  assertEquals(tokens(0, 0), [0, 1]);
  assertEquals(tokens(1, 4), [0, 1]);
  assertEquals(tokens(1, 5), [0, 1, 10, 11]);
  assertEquals(tokens(7, 9), [10, 11, 20, 21]);
  assertThrows(() => tokens(3, 4), InputError, "the model sees frames 0, 2, 5, 7 only"); // not sampled
  assertEquals(tokens(0, 7, [0, 0, 20, 20]), [0, 10, 20]);
  assertEquals(tokens(0, 7, [22, 3, 25, 5]), [1, 11, 21]); // the largest share in each patch
});

Deno.test("evidence that the model does not see is refused, and says what it sees", () => {
  const whole = video.map((grid) => ({ ...grid, frameCount: 40 }));
  const frames = (first: number, last: number) =>
    evidenceTokens(prompt(whole), [{ frames: [first, last] }]);
  assertThrows(() => frames(20, 30), InputError, "sample more of them (fps, nframes)");
  assertThrows(() => frames(100, 200), InputError, "the video has 40 frames, counted from 0");
  assertThrows(() => frames(0, 40), InputError, "the video has 40 frames");
  const pieces = [3, 5, 20].map((frame) => ({ frames: [frame, frame] as const }));
  assertEquals(evidenceTokens(prompt(whole), pieces), [10, 11]); // one of three is seen
  assertThrows(() => evidenceTokens(prompt(whole), [pieces[0], pieces[2]]), UnseenEvidenceError);
  // the middle of an image, as LLaVA 1.5 sees it
  const cut: PlacedGrid = { ...video[0], kind: "image", frames: [], region: [10, 0, 30, 20] };
  const boxed = (box: Box) => evidenceTokens(prompt([cut]), [{ image: 0, box }]);
  assertEquals(boxed([0, 0, 15, 20]).length, 1);
  assertThrows(() => boxed([0, 0, 9, 20]), InputError, "the model sees [10, 0, 30, 20] only");
});

Deno.test("text: tokens of the question's characters, counted in code points", () => {
  const text = "<u>Find 😀 it</u>"; // characters 3 … 13 are the question
  const offsets = Int32Array.of(0, 3, 3, 7, 7, 8, 8, 10, 10, 13, 13, 17);
  const texts = [{ message: 0, role: "user", start: 3, end: 13 }];
  const sources = { text, offsets, grids: [], texts };
  const tokens = (start: number, end: number) => evidenceTokens(sources, [{ text: [start, end] }]);
  assertEquals(tokens(0, 4), [1]);
  assertEquals(tokens(5, 6), [3]);
  assertEquals(tokens(6, 9), [4]);
  assertEquals(tokens(0, 9), [1, 2, 3, 4]);
  assertThrows(() => tokens(3, 10), Error, "its texts have 9");
  assertThrows(() => tokens(4, 4), Error, "characters 4 to 4");
});

Deno.test("several pieces of evidence join, in order and without repetition", () => {
  const evidence: Evidence[] = [{ frames: [7, 7] }, { frames: [0, 5], box: [0, 0, 20, 20] }];
  assertEquals(evidenceTokens(prompt(video), evidence), [0, 10, 11, 20, 21]);
});

Deno.test("evidence that does not exist is refused", () => {
  const refused = (evidence: Evidence, message: string, grids: readonly PlacedGrid[] = video) =>
    assertThrows(() => evidenceTokens(prompt(grids), [evidence]), Error, message);
  refused({ image: 0 }, "the prompt has 0 images");
  refused({ frames: [0, 1] }, "the prompt has no video", []);
  refused({ frames: [3, 2] }, "in order");
  refused({ frames: [0, 2], box: [10, 0, 10, 20] }, "x0 < x1");
  refused({ frames: [0, 2], box: [40, 0, 50, 20] }, "within the image");
});

Deno.test("what is no evidence is told by its kind", () => {
  const prompt = { text: "", offsets: new Int32Array(0), texts: [], grids: [] };
  const wrong: unknown[] = ["x", null, { image: 0 }, [null], [3], [{ box: [0, 0, 1, 1] }], [{
    frames: 3,
  }]];
  for (const evidence of wrong) {
    assertThrows(() => evidenceTokens(prompt, evidence as Evidence[]), InputError, "wanted");
  }
});
