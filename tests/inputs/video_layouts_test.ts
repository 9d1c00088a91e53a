import { assertEquals } from "@std/assert";
import type { VisualGrid } from "../../lib/inputs/visual_grid.ts";
import { plainLayout, timestampedLayout } from "../../lib/inputs/video_layouts.ts";

const grids: VisualGrid[] = [[0, 2], [5, 7]].map((frames) => ({
  kind: "video",
  media: 0,
  size: [90, 60],
  frames,
  rows: 2,
  columns: 3,
  newline: "none",
  region: [0, 0, 90, 60],
}));

Deno.test("plainLayout: one grid after the other", () => {
  assertEquals(plainLayout({ token: "V", grids, seconds: [0, 1] }), [
    { token: "V", grid: grids[0] },
    { token: "V", grid: grids[1] },
  ]);
});

Deno.test("timestampedLayout: markers and the time of each patch", () => {
  const pieces = timestampedLayout("<s>", "<e>")({ token: "V", grids, seconds: [0.25, 1.5] });
  const text = pieces.map((piece) => typeof piece === "string" ? piece : piece.token).join("");
  assertEquals(text, "<0.2 seconds><s>V<e><1.5 seconds><s>V<e>");
});
