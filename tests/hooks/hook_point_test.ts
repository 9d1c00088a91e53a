import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decoderLayerPoints, hookNames, matchHookNames } from "../../lib/hooks/hook_point.ts";

Deno.test("hook names are distinct and each matches itself only", () => {
  const names = hookNames(3, 2);
  assertEquals(new Set(names).size, names.length);
  fc.assert(fc.property(fc.constantFrom(...names), (name) => {
    assertEquals(matchHookNames(name, names), [name]);
  }));
});

Deno.test("a star stands for one part of a name", () => {
  const names = hookNames(4, 1);
  for (const point of decoderLayerPoints) {
    assertEquals(matchHookNames(`blocks.*.${point}`, names).length, 4);
  }
  assertEquals(matchHookNames("blocks.2.attn.*", names).length, 8);
  assertEquals(matchHookNames("vision.blocks.*.attn_out", names), ["vision.blocks.0.attn_out"]);
});

Deno.test("a name that matches nothing is an error with near names", () => {
  const names = hookNames(2, 0);
  assertThrows(() => matchHookNames("blocks.1.attn.patern", names), Error, "blocks.1.attn.pattern");
  assertThrows(() => matchHookNames("blocks.7.attn.z", names), Error, "no such hook point");
  assertThrows(() => matchHookNames("vision.blocks.*.attn_out", names), Error, "Nearest");
});

Deno.test("names as TransformerLens writes them lead to ours", () => {
  const names = hookNames(4, 0);
  const theirs: readonly (readonly [string, string])[] = [
    ...["q", "k", "v", "z", "rot_q", "rot_k", "pattern"].map((point) =>
      [`blocks.3.attn.hook_${point}`, `blocks.3.attn.${point}`] as const
    ),
    ...["resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out"].map((point) =>
      [`blocks.3.hook_${point}`, `blocks.3.${point}`] as const
    ),
    ["blocks.3.ln1.hook_normalized", "blocks.3.ln1.normalized"],
    ["hook_embed", "embed"],
  ];
  for (const [name, ours] of theirs) {
    assertThrows(() => matchHookNames(name, names), Error, `Nearest: ${ours}`);
  }
});
