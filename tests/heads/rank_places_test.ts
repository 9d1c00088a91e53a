import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { mediaPlaces, rankPlaces } from "../../lib/heads/rank_places.ts";
import type { PlacedGrid } from "../../lib/inputs/visual_grid.ts";

const grid = (start: number, other: Partial<PlacedGrid> = {}): PlacedGrid => ({
  kind: "image",
  media: 0,
  size: [32, 16],
  frames: [],
  rows: 1,
  columns: 2,
  newline: "none",
  region: [0, 0, 32, 16],
  start,
  ...other,
});

Deno.test("tiles of an image are one place, frames that share tokens are one", () => {
  assertEquals(
    mediaPlaces([grid(1), grid(3, { newline: "row" }), grid(8, { media: 1 })]),
    [{ name: "image 0", tokens: [[1, 6]] }, { name: "image 1", tokens: [[8, 10]] }],
  );
  const video = { kind: "video", frames: [4, 5] } as const;
  assertEquals(mediaPlaces([grid(1, video), grid(3, { ...video, frames: [6] })]), [
    { name: "video 0, frames 4 to 5", tokens: [[1, 3]] },
    { name: "video 0, frame 6", tokens: [[3, 5]] },
  ]);
});

// 1 layer, 2 heads, 4 keys of which 3 stand before the question
const profile = {
  shape: [1, 2, 4] as const,
  question: Float32Array.of(0.5, 0.2, 0.1, 0.2, 0.1, 0.1, 0.6, 0.2),
  nullQuery: Float32Array.of(0.5, 0.1, 0, 0.1, 0.1, 0.6),
};
const places = [0, 1, 2].map((token) => ({
  name: `${token}`,
  tokens: [[token, token + 1]] as const,
}));
const [first, second] = [0, 1].map((head) => ({ layer: 0, head }));

Deno.test("places come in the order of the heads' mean attention, raw or minus the null query's", () => {
  const order = (heads: { layer: number; head: number }[], calibrated = false) =>
    rankPlaces(profile, heads, places, { calibrated }).map(({ index }) => index);
  assertEquals(order([first]), [0, 1, 2]);
  assertEquals(order([second]), [2, 0, 1]);
  assertEquals(order([first, second]), [2, 0, 1]); // 0.35, 0.3, 0.15
  assertEquals(order([first], true), [1, 2, 0]); // 0.1, 0.1, 0: ties by number
  const [best] = rankPlaces(profile, [first, second], [{ name: "two", tokens: [[0, 2]] }]);
  assertAlmostEquals(best.mass, 0.45, 1e-6);
});

Deno.test("nothing to rank, nobody to rank and no null query are told", () => {
  assertThrows(() => rankPlaces(profile, [], places), InputError, "3 places by 0 heads");
  assertThrows(() => rankPlaces(profile, [first], []), InputError, "0 places by 1 heads");
  const without = { ...profile, nullQuery: null };
  assertThrows(
    () => rankPlaces(without, [first], places, { calibrated: true }),
    InputError,
    "no null query",
  );
});
