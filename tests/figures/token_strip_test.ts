import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { tokenStrip } from "../../lib/figures/token_strip.ts";
import { assertSound, hostile } from "./helpers.ts";

/** Background colours of the tokens. */
function colours(html: string): string[] {
  return [...html.matchAll(/<span title[^>]*style="background:([^;]*);/g)].map(([, c]) => c);
}

Deno.test("tokens are coloured by value and say it on hover", () => {
  const strip = tokenStrip(["The", " cat", "\n"], [0, 0.5, 0.25], { outlined: [1] });
  assertSound(strip);
  const html = strip.toHtml();
  assertEquals(new Set(colours(html)).size, 3);
  assert(html.includes('title="token 1: attention (share of the row) 0.5"'));
  assert(html.includes("·cat") && html.includes("↵</span><br>"));
  assertEquals(html.match(/outline:2px/g)?.length, 1);
  assert(strip.toText().includes("·cat (1) 0.5, ↵ (2) 0.25"));
});

Deno.test("negative values take two colours around zero", () => {
  const [low, zero, high] = colours(tokenStrip(["a", "b", "c"], [-1, 0, 1]).toHtml());
  assert(low !== high && zero !== low && zero !== high);
  assertEquals(zero, "rgba(247,247,247,1)");
});

Deno.test("a fixed limit makes strips comparable", () => {
  const colour = (limit?: number): string =>
    colours(tokenStrip(["a"], [0.1], { limit }).toHtml())[0];
  assert(colour() !== colour(1));
  assertEquals(colour(), colour(0.1));
});

Deno.test("hostile and empty tokens, and all zeros, are shown", () => {
  assertSound(tokenStrip([hostile, "", "x"], [0, 0, 0], { title: hostile, quantity: hostile }));
});

Deno.test("strips that cannot be drawn are refused", () => {
  assertThrows(() => tokenStrip([], []), InputError, "0 tokens");
  assertThrows(() => tokenStrip(["a"], [1, 2]), InputError, "2 values, wanted 1");
  assertThrows(() => tokenStrip(["a"], [NaN]), InputError, "NaN");
  assertThrows(() => tokenStrip(["a"], [1], { outlined: [1] }), InputError, "tokens are 0 to 0");
});
