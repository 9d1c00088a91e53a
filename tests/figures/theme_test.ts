import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { muted } from "../../lib/figures/overlay_image.ts";
import {
  colourAt,
  diverging,
  overlay,
  sequential,
  seriesStyles,
  textColourOn,
} from "../../lib/figures/theme.ts";

/** Luminance of `rgba(...)` on white, 0 to 255. */
function luminance(colour: string): number {
  const [r, g, b, opacity] = colour.slice(5, -1).split(",").map(Number);
  return [r, g, b].reduce(
    (sum, value, i) => sum + [0.299, 0.587, 0.114][i] * (opacity * value + (1 - opacity) * 255),
    0,
  );
}

Deno.test("conditions keep their style in every figure, other names get unlike ones", () => {
  const a = seriesStyles(["core", "random", "mine", "yours"]);
  const b = seriesStyles(["mine", "random", "core"]);
  assertEquals(a[0], b[2]);
  assertEquals(a[1], b[1]);
  assertEquals(new Set(a.map(({ color }) => color)).size, 4);
  const many = seriesStyles(["a", "b", "c", "d", "e", "f"]);
  assertEquals(new Set(many.map(({ color }) => color)).size, 6);
  assertEquals(seriesStyles(["constructor", "toString"]).length, 2);
});

Deno.test("the sequential and overlay scales darken steadily, so they read without colour", () => {
  for (const scale of [sequential, overlay]) {
    const steps = Array.from({ length: 33 }, (_, i) => luminance(colourAt(scale, i / 32)));
    for (let i = 1; i < steps.length; i++) assert(steps[i] < steps[i - 1] + 0.5, `step ${i}`);
  }
});

Deno.test("attention over a pale image is more vivid than any image, which shows through", () => {
  const paleness = 0.7; // opacity of the image on white
  const channel = fc.integer({ min: 0, max: 255 });
  const chroma = (rgb: readonly number[]) => Math.max(...rgb) - Math.min(...rgb);
  fc.assert(fc.property(fc.tuple(channel, channel, channel), (rgb) => {
    const { data } = muted({ width: 1, height: 1, data: Uint8Array.from(rgb) });
    const shown = Array.from(data, (value) => paleness * value + (1 - paleness) * 255);
    assert(chroma(shown) < 60, `${shown}`);
    for (const at of [0.3, 0.5, 0.75, 1]) {
      const [r, g, b, opacity] = colourAt(overlay, at).slice(5, -1).split(",").map(Number);
      const over = [r, g, b].map((value, c) => opacity * value + (1 - opacity) * shown[c]);
      assert(chroma(over) > 60, `${rgb} under ${at}: ${over}`);
      assert(opacity < 0.6);
    }
  }));
});

Deno.test("attention never hides the word below: black on white keeps a contrast of 3 to 1", () => {
  const linear = (v: number) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const relative = ([r, g, b]: readonly number[]) =>
    0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  for (let at = 0; at <= 1; at += 0.05) {
    const [r, g, b, opacity] = colourAt(overlay, at).slice(5, -1).split(",").map(Number);
    // the picture's own opacity on white is 0.7
    const over = (below: number) => [r, g, b].map((c) => opacity * c + (1 - opacity) * below);
    const contrast = (relative(over(255)) + 0.05) / (relative(over(0.3 * 255)) + 0.05);
    assert(contrast >= 3, `${at}: ${contrast}`);
  }
});

Deno.test("the diverging scale is lightest at its middle", () => {
  const middle = luminance(colourAt(diverging, 0.5));
  for (const at of [0, 0.2, 0.4, 0.6, 0.8, 1]) assert(luminance(colourAt(diverging, at)) < middle);
});

Deno.test("colours beyond the ends take the end colours", () => {
  assertEquals(colourAt(sequential, -1), colourAt(sequential, 0));
  assertEquals(colourAt(sequential, 2), colourAt(sequential, 1));
});

Deno.test("texts on colours have contrast", () => {
  for (const scale of [sequential, diverging]) {
    for (let i = 0; i <= 20; i++) {
      const colour = colourAt(scale, i / 20);
      const text = textColourOn(colour) === "#ffffff" ? 255 : 38;
      assert(Math.abs(luminance(colour) - text) > 80, `position ${i / 20}`);
    }
  }
});
