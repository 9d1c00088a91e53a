import { assert, assertEquals } from "@std/assert";
import { px, strokeOf, textAt } from "../../lib/figures/svg_text.ts";

Deno.test("lines of a text stand below each other, centred where asked", () => {
  const look = { size: 10, color: "#000", anchor: "start" } as const;
  const ys = (text: string): number[] =>
    [...text.matchAll(/ y="(-?[\d.]+)"/g)].map(([, y]) => Number(y));
  const [first, second] = ys(textAt("one<br><b>two</b>", 0, 100, look));
  assert(second - first > 10 && first > 100);
  assertEquals(textAt("<b>two</b>", 0, 0, look).includes("<b>"), false);
  const [top, bottom] = ys(textAt("a<br>b", 0, 100, { ...look, valign: "bottom" }));
  assert(top < bottom && bottom <= 100);
});

Deno.test("strokes name colour, width and dash", () => {
  assertEquals(strokeOf({ color: "#123456", width: 2 }), 'stroke="#123456" stroke-width="2"');
  assert(strokeOf({ dash: "dot" }).includes("stroke-dasharray"));
  assertEquals(px(1.23456), "1.23");
});
