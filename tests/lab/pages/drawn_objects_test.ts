import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { drawnObjects, drawObject } from "../../../lab/pages/drawn_objects.ts";

const sum = (ink: Float32Array) => ink.reduce((a, b) => a + b);

Deno.test("filled shapes cover the area of their outlines", () => {
  const side = 60, unit = side / 20;
  const disc24 = 12 * Math.sin(Math.PI / 12); // area of a 24-gon of radius 1
  const wanted = {
    circle: disc24 * 8.5 ** 2,
    ring: disc24 * (9 ** 2 - 5.5 ** 2), // the even-odd rule leaves the hole
    square: 14 ** 2,
    triangle: 18 * 15 / 2,
  };
  for (const [name, area] of Object.entries(wanted)) {
    assertAlmostEquals(sum(drawObject(name, side).ink) / unit ** 2, area, 0.02 * area, name);
  }
});

Deno.test("a mirrored drawing is the drawing from right to left", () => {
  for (const name of drawnObjects) {
    const plain = drawObject(name, 40).ink, mirrored = drawObject(name, 40, true).ink;
    const turned = plain.map((_, i) => mirrored[Math.floor(i / 40) * 40 + 39 - i % 40]);
    // samples that lie on an outline fall to one side of it
    const apart = plain.reduce((total, covered, i) => total + Math.abs(covered - turned[i]), 0);
    assert(apart < 0.02 * sum(plain), `${name}: ${apart} of ${sum(plain)}`);
  }
});

Deno.test("no two things look alike, and all have ink", () => {
  const drawings = drawnObjects.map((name) => drawObject(name, 36).ink);
  assertEquals(new Set(drawings.map(String)).size, drawnObjects.length);
  for (const ink of drawings) assert(sum(ink) > 60);
});

Deno.test("what cannot be drawn is named", () => {
  assertThrows(() => drawObject("dragon", 20), InputError, 'Cannot draw "dragon"');
});
