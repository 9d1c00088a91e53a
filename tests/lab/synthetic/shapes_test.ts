import { assert, assertEquals } from "@std/assert";
import {
  cellSide,
  maskMargin,
  maskSide,
  shapeMasks,
  textMasks,
  textureMask,
} from "../../../lab/synthetic/shapes.ts";
import { categories, shapes } from "../../../lab/synthetic/vocabulary.ts";

const area = (mask: Uint8Array): number => mask.reduce((sum, value) => sum + value, 0) / 255;

/** Ink outside of the cell. */
function outside(mask: Uint8Array): number {
  return mask.filter((_, i) => {
    const [x, y] = [i % maskSide - maskMargin, Math.floor(i / maskSide) - maskMargin];
    return x < 0 || y < 0 || x >= cellSide || y >= cellSide;
  }).reduce((sum, value) => sum + value, 0);
}

Deno.test("shapeMasks: areas are those of geometry", () => {
  // Circle pi r^2, square (1.76 r)^2, diamond 2 (1.12 r)^2, cross 2 * 0.68 * 2 - 0.68^2, ring.
  const expected: Readonly<Record<string, number>> = {
    circle: Math.PI,
    square: 1.76 ** 2,
    diamond: 2 * 1.12 ** 2,
    cross: 4 * 0.68 - 0.68 ** 2,
    ring: Math.PI * (1.05 - 0.24),
    triangle: 1.95 * 1.95 / 2,
  };
  for (const [name, unit] of Object.entries(expected)) {
    shapeMasks(shapes.indexOf(name)).forEach(({ upper }, i) => {
      const radius = [5.2, 5.8, 6.4][i];
      assert(Math.abs(area(upper) / (radius ** 2 * unit) - 1) < 0.06, `${name} ${area(upper)}`);
    });
  }
});

Deno.test("shapeMasks: whole in the cell, within their outlines, growing, and mirrored", () => {
  shapes.forEach((name, shape) => {
    const sizes = shapeMasks(shape);
    sizes.forEach(({ lower, upper }, i) => {
      assertEquals(outside(lower), 0, name);
      assert(upper.every((value, k) => value <= lower[k]), name);
      if (i > 0) assert(area(upper) > area(sizes[i - 1].upper), name);
      for (let k = 0; k < upper.length; k++) {
        const mirrored = k - k % maskSide + maskSide - 1 - k % maskSide;
        assert(Math.abs(upper[k] - upper[mirrored]) <= 32, name); // edges fall on sample points
      }
    });
  });
});

Deno.test("textMasks: the ink of the text, on its plate, in the middle", () => {
  const { lower, upper } = textMasks("MAP");
  const ink = Array.from(upper.keys()).filter((i) => upper[i] > 0);
  const columns = ink.map((i) => i % maskSide - maskMargin);
  const rows = ink.map((i) => Math.floor(i / maskSide) - maskMargin);
  assertEquals([Math.min(...columns), Math.max(...columns)], [0, 14]);
  assertEquals([Math.min(...rows), Math.max(...rows)], [4, 10]);
  for (const i of ink) assert(lower[i] > 0);
  assertEquals(outside(lower), 0);
});

Deno.test("textureMask: textures differ, and go on from cell to cell", () => {
  const forms = new Set<string>();
  for (const name of categories.fillers) {
    const mask = textureMask(name);
    forms.add(mask.join());
    const share = area(mask) / mask.length;
    assert(name === "blank" ? share === 0 : share > 0.03 && share <= 0.55, `${name} ${share}`);
    for (let y = 0; y < maskSide; y++) {
      for (let x = 0; x < maskSide - cellSide; x++) {
        assertEquals(mask[y * maskSide + x], mask[y * maskSide + x + cellSide], name);
      }
    }
  }
  assertEquals(forms.size, categories.fillers.length);
});
