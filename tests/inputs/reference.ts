/** Small numbers of transformers, torch and Pillow; made by `tools/reference/make_inputs_reference.py`. */
type Pair = readonly [number, number];

/** An image resized by torch. */
export interface ResizeCase {
  readonly from: Pair;
  readonly to: Pair;
  readonly filter: "bicubic" | "bilinear";
  readonly input: string;
  readonly output: string;
}

/** An image file and its pixels as transformers sees them. */
export interface DecodeCase {
  readonly name: string;
  readonly file: string;
  readonly size: Pair;
  readonly pixels: string;
  readonly dropped: string;
}

interface Reference {
  readonly imageSize: readonly (readonly [Pair, readonly [number, number, number], Pair])[];
  readonly videoSize: readonly (readonly [number, Pair, readonly [number, number, number], Pair])[];
  readonly frames: readonly (readonly [
    name: "spread" | "stepped" | "middle" | "default",
    total: number,
    fps: number,
    sampling: readonly [number, number, number],
    indices: readonly number[],
  ])[];
  readonly tileGrid: readonly (readonly [Pair, number, number, Pair])[];
  readonly tokenMap: readonly (readonly [
    Pair,
    readonly [side: number, tile: number, most: number, across: number],
    Pair,
    readonly [tokens: number, newlines: number],
  ])[];
  readonly timeStamps: readonly (readonly [readonly number[], number, readonly string[]])[];
  readonly resize: readonly ResizeCase[];
  readonly decode: readonly DecodeCase[];
  readonly offsets: readonly (readonly [folder: string, text: string, offsets: readonly Pair[]])[];
}

/** Image files as transformers' `load_image` reads them; by `tools/reference/make_image_reference.py`. */
export const pictures: readonly Omit<DecodeCase, "dropped">[] = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/inputs/pictures.json", import.meta.url)),
);

/** The stored numbers. */
export const reference: Reference = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/inputs/transformers_reference.json", import.meta.url)),
);

/** Bytes of base64 text. */
export const bytes = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
