import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  allHeads,
  checkHeads,
  compareHeads,
  headAt,
  headIndex,
  headName,
  parseHead,
  parseHeads,
} from "../../lib/common/head_id.ts";

const head = fc.record({ layer: fc.nat(999), head: fc.nat(999) });

Deno.test("a head's name and its command-line form read back as the head", () => {
  fc.assert(fc.property(head, (id) => {
    assertEquals(parseHead(headName(id)), id);
    assertEquals(parseHead(` ${id.layer}:${id.head} `), id);
  }));
});

Deno.test("a list reads back in order; an empty one gives no heads", () => {
  fc.assert(fc.property(fc.array(head, { minLength: 1 }), (heads) => {
    assertEquals(parseHeads(heads.map(headName).join(", ")), heads);
  }));
  assertEquals(parseHeads("  "), []);
});

Deno.test("what is no head is an error that shows the form", () => {
  for (const text of ["", "L1", "H2", "1-2", "L-1H0", "1:2:3", "L1H2x", "1.5:2", "L1H2,"]) {
    assertThrows(() => parseHead(text), Error, "as in L12H3 or 12:3");
  }
  assertThrows(() => parseHeads("0:1,,0:2"), Error, 'Cannot read head ""');
});

Deno.test("places in a map and heads correspond, and are in sorting order", () => {
  const grid = { layers: 3, heads: 4 };
  const all = allHeads(grid);
  assertEquals(all.length, 12);
  all.forEach((id, i) => {
    assertEquals(headAt(i, grid.heads), id);
    assertEquals(headIndex(id, grid.heads), i);
  });
  assertEquals(all.toReversed().sort(compareHeads), all);
});

Deno.test("a head that does not exist, or is named twice, is an error", () => {
  const grid = { layers: 2, heads: 4 };
  checkHeads(allHeads(grid), grid, "ablate");
  checkHeads([], grid, "ablate");
  const wrong = (layer: number, head: number) =>
    assertThrows(
      () => checkHeads([{ layer, head }], grid, "ablate"),
      Error,
      `Cannot ablate head L${layer}H${head}: layers are 0 to 1, heads 0 to 3`,
    );
  wrong(2, 0);
  wrong(0, 4);
  wrong(-1, 0);
  wrong(0.5, 0);
  const twice = [{ layer: 1, head: 2 }, { layer: 0, head: 0 }, { layer: 1, head: 2 }];
  assertThrows(() => checkHeads(twice, grid, "ablate"), Error, "head L1H2 twice");
});
