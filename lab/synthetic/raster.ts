/**
 * Drawing boards as pixels: each word in its cell with jitter, tint and noise.
 *
 * @module
 */
import { Random } from "../../lib/stats/random.ts";
import type { Board } from "./board.ts";
import type { RgbImage } from "../../lib/data/sample.ts";
import {
  cellSide,
  type Mask,
  maskMargin,
  maskSide,
  shapeMasks,
  textMasks,
  textureMask,
  type TwoLayers,
} from "./shapes.ts";
import {
  categories,
  categoryOf,
  categoryStart,
  drawableCount,
  objectParts,
  type Section,
  shapes,
} from "./vocabulary.ts";

/** Red, green and blue, 0 to 255. */
type Rgb = readonly [number, number, number];

/** Colours of objects, in the order of the vocabulary's `colours`. */
const OBJECT_COLOURS: readonly Rgb[] = [
  [217, 38, 38],
  [245, 133, 20],
  [250, 218, 40],
  [40, 160, 60],
  [50, 205, 225],
  [40, 80, 215],
  [145, 55, 175],
  [35, 35, 40],
];

/** Colours of a section's texts and of the plates behind them. */
const TEXT_STYLES: Readonly<
  Record<Exclude<Section, "objects" | "fillers">, { readonly plate: Rgb; readonly ink: Rgb }>
> = {
  keys: { plate: [232, 228, 214], ink: [20, 20, 24] },
  values: { plate: [255, 246, 190], ink: [24, 56, 150] },
  marks: { plate: [24, 110, 70], ink: [250, 250, 245] },
  stamps: { plate: [26, 28, 32], ink: [110, 245, 120] },
  pages: { plate: [140, 36, 52], ink: [252, 244, 236] },
};

/** How much darker than the background textures are. */
const TEXTURE_SHADE: Readonly<Record<Board["theme"], number>> = { paper: 0.8, ground: 0.88 };

/** Backgrounds of the themes; a board has one of them, tinted. */
const BACKGROUNDS: Readonly<Record<Board["theme"], readonly Rgb[]>> = {
  paper: [[250, 249, 244], [244, 245, 248], [249, 244, 234]],
  ground: [[205, 224, 190], [196, 218, 234], [232, 218, 188], [216, 208, 226], [214, 214, 210]],
};

/** One way to draw a word: masks and colours, lower layer first, and how far it may be shifted. */
interface Drawing {
  readonly lower: Mask;
  readonly upper: Mask;
  readonly lowerColour: Rgb;
  readonly upperColour: Rgb;
  /** Shifts that leave the upper layer whole, both ends included: left, right, up, down. */
  readonly reach: readonly [left: number, right: number, up: number, down: number];
  /** Whether the drawing is a texture, which takes its colour from the background. */
  readonly texture: boolean;
}

const darker = (colour: Rgb, by: number): Rgb => [colour[0] * by, colour[1] * by, colour[2] * by];

/** Largest shift of a drawing in its cell, in pixels. */
const JITTER = 2;

/**
 * Shifts of at most {@link JITTER} that keep a mask's ink inside the cell and move nothing into
 * its leftmost column of pixels, so that neighbouring words stay apart.
 */
function reachOf(mask: Mask): readonly [number, number, number, number] {
  let [left, right, top, bottom] = [maskSide, -1, maskSide, -1];
  mask.forEach((coverage, i) => {
    if (coverage === 0) return;
    left = Math.min(left, i % maskSide);
    right = Math.max(right, i % maskSide);
    top = Math.min(top, Math.floor(i / maskSide));
    bottom = Math.max(bottom, Math.floor(i / maskSide));
  });
  const room = (pixels: number) => Math.max(0, Math.min(JITTER, pixels));
  const end = maskMargin + cellSide - 1;
  const above = room(top - maskMargin);
  return [room(left - maskMargin - 1), room(end - right), above, room(end - bottom)];
}

const NO_MASK: Mask = new Uint8Array(maskSide * maskSide);

/** Masks of the shapes, each made once for its eight colours. */
const shapeCache = shapes.map((): readonly TwoLayers[] | undefined => undefined);

/** All ways to draw a word. */
function drawingsOf(id: number): readonly Drawing[] {
  const section = categoryOf(id) as Section;
  const index = id - categoryStart[section];
  if (section === "objects") {
    const { colour, shape } = objectParts(index);
    const upperColour = OBJECT_COLOURS[colour];
    const lowerColour = darker(upperColour, 0.45);
    const sizes = shapeCache[shape] ??= shapeMasks(shape);
    return sizes.map((layers) => ({
      ...layers,
      lowerColour,
      upperColour,
      reach: reachOf(layers.lower),
      texture: false,
    }));
  }
  if (section === "fillers") {
    const upper = textureMask(categories.fillers[index]);
    const none = [0, 0, 0] as const;
    return [{
      lower: NO_MASK,
      upper,
      lowerColour: none,
      upperColour: none,
      reach: [0, 0, 0, 0],
      texture: true,
    }];
  }
  const style = TEXT_STYLES[section];
  const word = categories[section][index];
  const layers = textMasks(section === "stamps" ? word : word.toUpperCase());
  return [{
    ...layers,
    lowerColour: style.plate,
    upperColour: style.ink,
    reach: reachOf(layers.upper),
    texture: false,
  }];
}

/** Made on first use: drawing all masks takes some tens of milliseconds. */
let drawings: readonly (readonly Drawing[])[] | undefined;

const NOISE_SIZE = 1 << 16;
let noiseTable: Float32Array | undefined;

/** Spreads 32 bits over the whole word (Murmur's finalizer). */
function scramble(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Takes `bits` apart into a shift between `-low` and `high`. */
const shift = (bits: number, low: number, high: number): number => bits % (low + high + 1) - low;

/** A colour changed by up to 12 of 255 in each channel. */
function tinted(colour: Rgb, bits: number): Rgb {
  return [
    colour[0] + (bits & 31) * 0.8 - 12,
    colour[1] + (bits >>> 5 & 31) * 0.8 - 12,
    colour[2] + (bits >>> 10 & 31) * 0.8 - 12,
  ];
}

/** The pixels of an image and how to fill them. */
interface Canvas {
  readonly pixels: Uint8ClampedArray;
  readonly width: number;
  /** Colour behind everything. */
  readonly back: Rgb;
  /** Standard deviation of the noise, 0 to 255. */
  readonly noise: number;
  readonly table: Float32Array;
}

/** Paints one cell, its upper left pixel at (x0, y0). */
function paint(
  canvas: Canvas,
  x0: number,
  y0: number,
  drawing: Drawing,
  shiftX: number,
  shiftY: number,
  lowerColour: Rgb,
  upperColour: Rgb,
  noiseStart: number,
): void {
  const { pixels, width, table, noise } = canvas;
  const { lower, upper } = drawing;
  const [r0, g0, b0] = canvas.back;
  const [r1, g1, b1] = lowerColour;
  const [r2, g2, b2] = upperColour;
  let k = noiseStart;
  for (let y = 0; y < cellSide; y++) {
    let out = ((y0 + y) * width + x0) * 3;
    let m = (maskMargin + y - shiftY) * maskSide + maskMargin - shiftX;
    for (let x = 0; x < cellSide; x++, m++, out += 3) {
      let r = r0;
      let g = g0;
      let b = b0;
      const under = lower[m];
      const over = upper[m];
      if (under > 0 && over < 255) {
        const a = under / 255;
        r += (r1 - r) * a;
        g += (g1 - g) * a;
        b += (b1 - b) * a;
      }
      if (over > 0) {
        const a = over / 255;
        r += (r2 - r) * a;
        g += (g2 - g) * a;
        b += (b2 - b) * a;
      }
      const grain = noise * table[k++ & (NOISE_SIZE - 1)];
      pixels[out] = r + grain;
      pixels[out + 1] = g + grain;
      pixels[out + 2] = b + grain;
    }
  }
}

/**
 * Draws a board. Colours and jitter come from the board's seed and each cell's place, so that the
 * frames of one video share them; the noise is new in each image.
 *
 * @param board every cell must have a word that can be drawn
 * @param noise standard deviation of the pixel noise in [0, 1]
 * @param noiseSeed 32 bits that decide the noise
 * @returns 16 pixels for each cell
 *
 * @example
 * ```ts
 * import { renderBoard } from "./raster.ts";
 * import { wordId } from "./vocabulary.ts";
 * import { assertEquals } from "@std/assert";
 * const words = Uint16Array.from(["redstar", "c5"], wordId);
 * const image = renderBoard({ columns: 2, rows: 1, words, theme: "ground", seed: 1 }, 0, 0);
 * assertEquals([image.width, image.height, image.data.length], [32, 16, 32 * 16 * 3]);
 * ```
 */
export function renderBoard(board: Board, noise: number, noiseSeed: number): RgbImage {
  drawings ??= Array.from({ length: drawableCount }, (_, id) => drawingsOf(id));
  if (!noiseTable) {
    const random = new Random("tasks/noise");
    noiseTable = Float32Array.from({ length: NOISE_SIZE }, () => random.normal());
  }
  const width = board.columns * cellSide;
  const height = board.rows * cellSide;
  const data = new Uint8Array(width * height * 3);
  const backgrounds = BACKGROUNDS[board.theme];
  const look = scramble(board.seed);
  const back = tinted(backgrounds[look % backgrounds.length], look >>> 8);
  const canvas: Canvas = {
    pixels: new Uint8ClampedArray(data.buffer),
    width,
    back,
    noise: noise * 255,
    table: noiseTable,
  };
  const pattern = darker(back, TEXTURE_SHADE[board.theme]);
  for (let i = 0; i < board.words.length; i++) {
    const bits = scramble(board.seed + Math.imul(i + 1, 0x9e3779b1));
    const more = scramble(bits ^ 0x5bd1e995);
    const ways = drawings[board.words[i]];
    const drawing = ways[bits % ways.length];
    const [left, right, up, down] = drawing.reach;
    paint(
      canvas,
      i % board.columns * cellSide,
      Math.floor(i / board.columns) * cellSide,
      drawing,
      shift(bits >>> 8 & 0xfff, left, right),
      shift(bits >>> 20, up, down),
      drawing.texture ? back : tinted(drawing.lowerColour, more),
      drawing.texture ? pattern : tinted(drawing.upperColour, more >>> 16),
      scramble(noiseSeed + Math.imul(i + 1, 0x85ebca6b)),
    );
  }
  return { width, height, data };
}
