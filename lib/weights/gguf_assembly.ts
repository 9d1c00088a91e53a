/**
 * Weights as Hugging Face stores them, put together from the tensors of GGUF files: most are one
 * tensor, some are cut in parts there, or have their rows in another order.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { BlockFormat, FileBytes } from "../nn/kernels.ts";
import { blockFormat, dequantize } from "./gguf_blocks.ts";
import type { GgufTensor } from "./gguf_header.ts";
import type { RangeFile } from "./range_file.ts";

/** A tensor of an open GGUF file. */
export interface PlacedTensor extends GgufTensor {
  /** Its name in the file. */
  readonly name: string;
  readonly source: RangeFile;
}

/** How one weight is put together. */
export interface Assembly {
  /** Tensors that it is made of. */
  readonly parts: readonly PlacedTensor[];
  /** Sizes of its axes. */
  readonly shape: readonly number[];
  /** Pieces of each part that lie apart in the weight: the product of the axes before the joined one. */
  readonly pieces?: number;
  /** Another order of the rows, of `width` elements each, whatever these are. */
  readonly reorder?: <A extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(
    rows: A,
    width: number,
  ) => A;
  /** What is made of the values. */
  readonly change?: (values: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>;
}

/** A weight that is one tensor, possibly with more or fewer axes of size 1. */
export function whole(tensor: PlacedTensor, shape: readonly number[] = tensor.shape): Assembly {
  return { parts: [tensor], shape };
}

/**
 * A weight whose parts lie along an axis, in order.
 *
 * @param axis the axis along which parts of the same shape are joined
 * @throws {InputError} for parts that do not fit
 */
export function joined(parts: readonly PlacedTensor[], axis: number): Assembly {
  const [first] = parts;
  const sizes = (tensor: PlacedTensor) => tensor.shape.filter((_, i) => i !== axis).join();
  for (const part of parts) {
    if (part.shape.length === first.shape.length && sizes(part) === sizes(first)) continue;
    throw new InputError(
      `Cannot use ${part.source.path}: ${
        quoted(part.name)
      } of shape [${part.shape}] does not fit ` +
        `${quoted(first.name)} of [${first.shape}]`,
    );
  }
  const length = parts.reduce((sum, { shape }) => sum + shape[axis], 0);
  return {
    parts,
    shape: first.shape.map((size, i) => i === axis ? length : size),
    pieces: first.shape.slice(0, axis).reduce((a, b) => a * b, 1),
  };
}

/**
 * A weight with one more axis, along which its parts lie.
 *
 * @throws {InputError} for parts of different shapes
 */
export function stacked(parts: readonly PlacedTensor[], axis: number): Assembly {
  const [{ shape }] = parts;
  const { pieces } = joined(parts, 0);
  const before = shape.slice(0, axis);
  return {
    parts,
    shape: [...before, parts.length, ...shape.slice(axis)],
    pieces: pieces === undefined ? undefined : before.reduce((a, b) => a * b, 1),
  };
}

async function readBytes(part: PlacedTensor): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await part.source.read(part.offset, part.byteLength);
  if (bytes.length < part.byteLength) {
    throw new InputError(
      `Cannot read tensor ${quoted(part.name)} of ${part.source.path}: the file was truncated ` +
        "after it was opened",
    );
  }
  return bytes;
}

/** Parts one after the other, piece by piece. */
async function joinParts<A extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(
  { parts, pieces = 1 }: Assembly,
  size: number,
  make: (size: number) => A,
  read: (part: PlacedTensor) => Promise<A>,
): Promise<A> {
  if (parts.length === 1) return await read(parts[0]);
  const out = make(size);
  let before = 0;
  for (const part of parts) {
    const values = await read(part), length = values.length / pieces;
    for (let piece = 0; piece < pieces; piece++) {
      out.set(
        values.subarray(piece * length, (piece + 1) * length),
        piece * (size / pieces) + before,
      );
    }
    before += length;
  }
  return out;
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/**
 * Reads a weight as numbers.
 *
 * @throws {InputError} if a file was truncated
 */
export async function assemble(weight: Assembly): Promise<Float32Array<ArrayBuffer>> {
  const { shape, reorder, change = (values) => values } = weight;
  const values = await joinParts(
    weight,
    product(shape),
    (size) => new Float32Array(size),
    async (part) => dequantize(await readBytes(part), part.type),
  );
  return change(reorder ? reorder(values, shape[shape.length - 1]) : values);
}

/** The blocks in which all parts of a weight lie, row by row; null where it has to be unpacked. */
export function blocksOf({ parts, shape, change }: Assembly): BlockFormat | null {
  const [{ type }] = parts, format = blockFormat(type);
  const columns = shape[shape.length - 1];
  const alike = parts.every((part) =>
    part.type === type && part.shape[part.shape.length - 1] === columns
  );
  return format && alike && !change && shape.length >= 2 ? format : null;
}

/** The type of a matrix whose numbers are handed on in two bytes; null for others. */
export function halfType({ parts, shape, change }: Assembly): "F16" | "BF16" | null {
  const [{ type }] = parts;
  if (type !== "F16" && type !== "BF16") return null;
  return !change && shape.length >= 2 && parts.every((part) => part.type === type) ? type : null;
}

/**
 * Reads a weight in its blocks.
 *
 * @param format what {@link blocksOf} gave, or the size of a number for {@link halfType}
 * @throws {InputError} if a file was truncated
 */
export async function assembleBlocks(
  weight: Assembly,
  format: Pick<BlockFormat, "elements" | "bytes">,
): Promise<Uint8Array<ArrayBuffer>> {
  const { shape, reorder } = weight;
  const size = product(shape) / format.elements * format.bytes;
  const bytes = await joinParts(weight, size, (size) => new Uint8Array(size), readBytes);
  return reorder ? reorder(bytes, size / product(shape.slice(0, -1))) : bytes;
}

/** Whether a weight's numbers are handed on as they lie in the file, in four bytes or in two. */
export function numbersLie(weight: Assembly): boolean {
  const { parts, change } = weight;
  return halfType(weight) !== null || !change && parts.every(({ type }) => type === "F32");
}

/** Ranges of the parts, piece by piece. */
function piecesOf({ parts, pieces = 1 }: Assembly): [offset: number, length: number][] {
  return Array.from(
    { length: pieces },
    (_, piece) =>
      parts.map(({ offset, byteLength }): [number, number] => {
        const length = byteLength / pieces;
        return [offset + piece * length, length];
      }),
  ).flat();
}

/** Ranges of single rows in another order, those that follow each other joined. */
function reordered(
  { shape, reorder }: Assembly,
  [[offset, size]]: readonly (readonly [number, number])[],
): [number, number][] {
  const [rows] = shape, length = size / rows;
  const order = reorder!(Float32Array.from({ length: rows }, (_, row) => row), 1);
  const ranges: [number, number][] = [];
  for (const row of order) {
    const last = ranges.at(-1), begin = offset + row * length;
    if (last && last[0] + last[1] === begin) last[1] += length;
    else ranges.push([begin, length]);
  }
  return ranges;
}

/**
 * Where the bytes of a weight lie that is put together of whole pieces or rows; null where these are in
 * several files.
 */
export function rangesOf(weight: Assembly): FileBytes | null {
  const { parts, reorder, shape } = weight, [{ source }] = parts;
  if (parts.some((part) => part.source !== source)) return null;
  const pieces = piecesOf(weight);
  if (!reorder) return source.lying(pieces);
  return pieces.length === 1 && shape.length <= 2 ? source.lying(reordered(weight, pieces)) : null;
}
