import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { layerMatchedHeads, randomHeads, scoreMatchedHeads } from "../../lib/heads/controls.ts";
import { allHeads, type HeadId, headIndex, headName } from "../../lib/common/head_id.ts";

const grid = { layers: 4, heads: 8 };
const all = allHeads(grid);
const selections = fc.shuffledSubarray(all, { minLength: 1, maxLength: 16 });
const map = Float64Array.from(all, (_, i) => (i * 7) % 32);

/** How many of the heads lie in each layer. */
const perLayer = (heads: readonly HeadId[]) =>
  Array.from({ length: grid.layers }, (_, l) => heads.filter(({ layer }) => layer === l).length);

const draws: [string, (selected: readonly HeadId[], seed: number) => HeadId[]][] = [
  ["random", (selected, seed) => randomHeads(selected, grid, seed)],
  ["layer-matched", (selected, seed) => layerMatchedHeads(selected, grid, seed)],
  ["score-matched", (selected, seed) => scoreMatchedHeads(selected, grid, map, seed)],
];

for (const [name, draw] of draws) {
  Deno.test(`${name} controls: as many, each once, none of the selected, the same for the same seed`, () => {
    fc.assert(fc.property(selections, fc.nat(1000), (selected, seed) => {
      const drawn = draw(selected, seed);
      assertEquals(new Set(drawn.map(headName)).size, selected.length);
      const taken = new Set(selected.map(headName));
      assert(drawn.every((head) => !taken.has(headName(head))));
      assertEquals(draw(selected, seed), drawn);
    }));
  });

  Deno.test(`${name} controls: seeds draw different sets`, () => {
    const selected = [all[8], all[9], all[17]];
    const sets = new Set(
      Array.from({ length: 20 }, (_, seed) => String(draw(selected, seed).map(headName))),
    );
    assert(sets.size > 10, `20 seeds drew ${sets.size} sets`);
  });

  Deno.test(`${name} controls: none or too many selected heads are an error`, () => {
    assertThrows(() => draw([], 0), Error, "Cannot draw controls for 0 of 32 heads");
    assertThrows(() => draw(all.slice(0, 17), 0), Error, "Cannot draw controls for 17 of 32 heads");
    assertThrows(() => draw([{ layer: 4, head: 0 }], 0), Error, "Cannot match head L4H0");
  });
}

Deno.test("layer-matched controls have as many heads in every layer that has room", () => {
  fc.assert(fc.property(selections, fc.nat(1000), (selected, seed) => {
    const wanted = perLayer(selected), found = perLayer(layerMatchedHeads(selected, grid, seed));
    if (wanted.every((count) => count <= grid.heads / 2)) assertEquals(found, wanted);
  }));
});

Deno.test("where a layer is full, the nearest layers give the rest", () => {
  const selected = all.filter(({ layer, head }) => layer === 1 && head < 7);
  const found = perLayer(layerMatchedHeads(selected, grid, 3));
  assertEquals(found, [6, 1, 0, 0]);
});

Deno.test("every head that may be drawn at random is drawn by some seed", () => {
  const selected = all.slice(0, 4);
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    for (const head of randomHeads(selected, grid, seed)) seen.add(headName(head));
  }
  assertEquals(seen.size, 28);
});

Deno.test("score-matched controls are nearer in the matched score than random ones", () => {
  const selected = all.filter((_, i) => map[i] >= 24 && i % 2 === 0);
  const distance = (heads: readonly HeadId[]) => {
    const mean = (of: readonly HeadId[]) =>
      of.reduce((sum, head) => sum + map[headIndex(head, 8)], 0) / of.length;
    return Math.abs(mean(heads) - mean(selected));
  };
  for (let seed = 0; seed < 20; seed++) {
    assert(distance(scoreMatchedHeads(selected, grid, map, seed)) < 6);
  }
  const nearest = scoreMatchedHeads([all[0]], grid, map, 0, 1); // scores 0, then 1 at place 23
  assertEquals(nearest, [all[23]]);
  assertNotEquals(distance(randomHeads(selected, grid, 1)), 0);
});
