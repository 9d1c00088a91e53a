import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { patternId } from "../../lib/sparse/patterns/pattern.ts";
import { patterns } from "../../lib/sparse/patterns/registry.ts";
import { hybridPlan, layerParts } from "../../lib/sparse/plan.ts";

const local = patterns.local({ sink: 4, window: 16 }), dense = patterns.dense();

Deno.test("the parts of a layer hold every query head once, with its pattern and key-value head", () => {
  const layer = fc.tuple(fc.constantFrom(1, 2, 4), fc.constantFrom(1, 2, 3)).chain(([kv, group]) =>
    fc.tuple(
      fc.constant(kv),
      fc.array(fc.boolean(), { minLength: kv * group, maxLength: kv * group }),
    )
  );
  fc.assert(fc.property(layer, ([keyValueHeads, full]) => {
    const ofHeads = full.map((f) => f ? dense : local);
    const parts = layerParts(ofHeads, keyValueHeads);
    const heads = parts.flatMap(({ queryHeads }) => queryHeads);
    assertEquals([...heads].sort((a, b) => a - b), full.map((_, i) => i));
    for (const part of parts) {
      const each = part.queryHeads.length / part.keyValueHeads.length;
      part.queryHeads.forEach((head, i) => {
        assertEquals(patternId(ofHeads[head]), patternId(part.pattern));
        assertEquals(
          Math.floor(head * keyValueHeads / full.length),
          part.keyValueHeads[Math.floor(i / each)],
        );
      });
    }
  }));
});

Deno.test("a plan keeps the chosen heads full", () => {
  const plan = hybridPlan(
    { layers: 2, heads: 4 },
    [{ layer: 0, head: 3 }, { layer: 1, head: 0 }],
    local,
  );
  const kinds = plan.patterns.map((ofLayer) => ofLayer.map(({ kind }) => kind));
  assertEquals(kinds, [["local", "local", "local", "dense"], ["dense", "local", "local", "local"]]);
  assertThrows(
    () => hybridPlan({ layers: 2, heads: 4 }, [{ layer: 2, head: 0 }], local),
    Error,
    "layers are 0 to 1",
  );
});
