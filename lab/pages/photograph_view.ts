/**
 * A photograph laid on an image: turned, mirrored, at any size and in any light.
 *
 * @module
 */
import type { Box, RgbImage } from "../../lib/data/sample.ts";
import type { Random } from "../../lib/stats/random.ts";
import type { CutOut } from "./photographs.ts";

/** How a photograph is shown: its middle in pixels of the page, size, angle, side and light. */
export interface View {
  readonly x: number;
  readonly y: number;
  /** Pixels of the page for a pixel of the photograph. */
  readonly scale: number;
  /** In radians. */
  readonly angle: number;
  readonly mirrored: boolean;
  /** Factors of red, green and blue. */
  readonly gain: readonly number[];
}

/**
 * A view of a photograph within a box.
 *
 * @param level 0: upright, in the middle, as large as fits, in its own colours; 1: turned, smaller, moved, mirrored, in
 *   another light
 */
export function drawView({ width, height }: CutOut, box: Box, level: number, random: Random): View {
  const angle = level * random.uniform(-0.2, 0.2);
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const across = width * cos + height * sin, down = width * sin + height * cos;
  const room = [box[2] - box[0], box[3] - box[1]];
  const scale = Math.min(room[0] / across, room[1] / down) * (1 - level * random.uniform(0, 0.25));
  const free = [room[0] - across * scale, room[1] - down * scale];
  const shift = (space: number) => space / 2 * (1 + level * random.uniform(-1, 1));
  const light = 1 + level * random.uniform(-0.15, 0.15);
  return {
    x: box[0] + shift(free[0]) + across * scale / 2,
    y: box[1] + shift(free[1]) + down * scale / 2,
    scale,
    angle,
    mirrored: random.uniform() < 0.5 * level,
    gain: [0, 1, 2].map(() => light * (1 + level * random.uniform(-0.08, 0.08))),
  };
}

/** Colour (times opacity) and opacity of a photograph at a place between its pixels. */
function sampled({ width, height, data }: CutOut, x: number, y: number, into: Float32Array): void {
  into.fill(0);
  const left = Math.floor(x - 0.5), top = Math.floor(y - 0.5);
  for (let row = top; row < top + 2; row++) {
    for (let column = left; column < left + 2; column++) {
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const weight = (1 - Math.abs(x - 0.5 - column)) * (1 - Math.abs(y - 0.5 - row));
      const at = 4 * (row * width + column), share = weight * data[at + 3] / 255;
      for (let c = 0; c < 3; c++) into[c] += share * data[at + c];
      into[3] += share;
    }
  }
}

/** Lays a photograph over an image, within a box; what is there stays where the photograph is transparent. */
export function lay(page: RgbImage, box: Box, photograph: CutOut, view: View): void {
  const pixel = new Float32Array(4);
  const cos = Math.cos(view.angle) / view.scale, sin = Math.sin(view.angle) / view.scale;
  for (let y = box[1]; y < box[3]; y++) {
    for (let x = box[0]; x < box[2]; x++) {
      const dx = x + 0.5 - view.x, dy = y + 0.5 - view.y;
      const across = (cos * dx + sin * dy) * (view.mirrored ? -1 : 1);
      const down = cos * dy - sin * dx;
      sampled(photograph, photograph.width / 2 + across, photograph.height / 2 + down, pixel);
      if (pixel[3] === 0) continue;
      const at = 3 * (y * page.width + x);
      for (let c = 0; c < 3; c++) {
        const value = page.data[at + c] * (1 - pixel[3]) + view.gain[c] * pixel[c];
        page.data[at + c] = Math.min(255, value + 0.5);
      }
    }
  }
}
