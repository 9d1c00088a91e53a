/**
 * The header of a GGUF file: notes by key, and which bytes of the rest belong to which tensor. Read
 * with every bound checked, because the file may be anybody's.
 *
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian)
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { refuseLfsPointer } from "./lfs_pointer.ts";
import { blockSizes, type GgufType, ggufTypeOf, ggufTypes } from "./gguf_types.ts";

/** A note: a number (64-bit ones only where exact), a switch, a text, or a list of one of these. */
export type GgufValue = number | boolean | string | readonly (number | boolean | string)[];

/** Where one tensor lies and how its bytes are to be read. */
export interface GgufTensor {
  /** Stored element type. */
  readonly type: GgufType;
  /** Sizes of the axes, outermost first: the reverse of the file's order. */
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  /** Number of stored bytes. */
  readonly byteLength: number;
}

/** What a header says. */
export interface GgufHeader {
  /** Notes by key, such as `llama.block_count`. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Tensors by their name in the file, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Longest header that is read, in bytes; published vocabularies make headers of 10 MB. */
export const maxGgufHeaderBytes = 64_000_000;

/** Most values in the lists of a header, all together; published vocabularies need 1.5 million. */
const maxListValues = 3_000_000;
/** Longest text, in bytes; the longest published are chat templates. */
const maxTextBytes = 8_000_000;
/** Most notes and most tensors. */
const maxNotes = 10_000, maxTensors = 200_000;

/** The bytes at hand end before the header does. */
export class HeaderIncomplete extends Error {}

/** Kinds of values by their number in a file, with the fewest bytes that one takes. */
const kinds: readonly (readonly [name: string, bytes: number])[] = [
  ...[["uint8", 1], ["int8", 1], ["uint16", 2], ["int16", 2]] as const,
  ...[["uint32", 4], ["int32", 4], ["float32", 4], ["bool", 1]] as const,
  ...[["string", 8], ["array", 12], ["uint64", 8], ["int64", 8], ["float64", 8]] as const,
];

/** Reads values one after the other. */
class Cursor {
  readonly #view: DataView;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  at = 0;
  #listValues = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly fileBytes: number,
    readonly file: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  refuse(problem: string): never {
    throw new InputError(`Cannot read ${this.file}: ${problem}`);
  }

  /** Where the next `length` bytes begin, after which the cursor stands. */
  take(length: number, what: string): number {
    const start = this.at, end = start + length;
    if (end > this.fileBytes) {
      this.refuse(
        `${what} at byte ${start} takes ${length} bytes but the file has ${this.fileBytes}: ` +
          "it is truncated or damaged",
      );
    }
    if (end > this.bytes.length) throw new HeaderIncomplete();
    this.at = end;
    return start;
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.take(4, what), true);
  }

  uint64(what: string): number {
    return this.#exact(this.#view.getBigUint64(this.take(8, what), true), what);
  }

  /** A count of things that take at least `least` bytes each. */
  count(what: string, least: number): number {
    const count = this.uint64(what);
    if (count * least <= this.fileBytes - this.at) return count;
    return this.refuse(
      `${what} is ${count}, which takes at least ${least} bytes each, but ` +
        `${this.fileBytes - this.at} bytes follow: it is truncated or damaged`,
    );
  }

  string(what: string): string {
    const length = this.count(`the length of ${what}`, 1);
    if (length > maxTextBytes) this.refuse(`${what} has ${length} bytes; at most ${maxTextBytes}`);
    const start = this.take(length, what);
    try {
      return this.#utf8.decode(this.bytes.subarray(start, start + length));
    } catch {
      return this.refuse(`${what} at byte ${start} is not text in UTF-8`);
    }
  }

  #exact(value: bigint, what: string): number {
    if (value >= -9007199254740991n && value <= 9007199254740991n) return Number(value);
    return this.refuse(`${what} is ${value}, wanted a number of at most 53 bits`);
  }

  /** One value that is no list. */
  scalar(kind: number, what: string): number | boolean | string {
    const view = this.#view;
    switch (kind) {
      case 0:
        return view.getUint8(this.take(1, what));
      case 1:
        return view.getInt8(this.take(1, what));
      case 2:
        return view.getUint16(this.take(2, what), true);
      case 3:
        return view.getInt16(this.take(2, what), true);
      case 4:
        return this.uint32(what);
      case 5:
        return view.getInt32(this.take(4, what), true);
      case 6:
        return view.getFloat32(this.take(4, what), true);
      case 7: {
        const value = view.getUint8(this.take(1, what));
        return value < 2 ? value === 1 : this.refuse(`${what} is ${value}, wanted 0 or 1`);
      }
      case 8:
        return this.string(what);
      case 10:
        return this.uint64(what);
      case 11:
        return this.#exact(view.getBigInt64(this.take(8, what), true), what);
      case 12:
        return view.getFloat64(this.take(8, what), true);
      default:
        return this.refuse(`${what} is of kind ${kind}, wanted 0 to ${kinds.length - 1}, no list`);
    }
  }

  value(what: string): GgufValue {
    const kind = this.uint32(`the kind of ${what}`);
    if (kind !== 9) return this.scalar(kind, what);
    const element = this.uint32(`the kind of the elements of ${what}`);
    const length = this.count(`the length of ${what}`, kinds[element]?.[1] ?? 1);
    this.#listValues += length;
    if (this.#listValues > maxListValues) {
      this.refuse(`its lists have more than ${maxListValues} values, with ${length} in ${what}`);
    }
    const list: (number | boolean | string)[] = [];
    for (let i = 0; i < length; i++) list.push(this.scalar(element, what));
    return list;
  }
}

/** Magic and version; how many tensors and notes follow. */
function readPrelude(cursor: Cursor): { tensors: number; notes: number } {
  const magic = cursor.uint32("the magic number");
  if (magic !== 0x46554747) cursor.refuse('it does not start with "GGUF"');
  const version = cursor.uint32("the version");
  if (version !== 2 && version !== 3) {
    const bigEndian = version > 0xffffff ? " (a big-endian file?)" : "";
    cursor.refuse(`its version is ${version}${bigEndian}; supported are 2 and 3`);
  }
  const tensors = cursor.count("the number of tensors", 24);
  const notes = cursor.count("the number of notes", 13);
  if (tensors > maxTensors || notes > maxNotes) {
    cursor.refuse(
      `it has ${tensors} tensors and ${notes} notes; at most ${maxTensors} and ${maxNotes}`,
    );
  }
  return { tensors, notes };
}

/** What the header says of one tensor; its offset counts from the start of the data. */
function readTensor(cursor: Cursor, alignment: number): readonly [name: string, GgufTensor] {
  const name = cursor.string("a tensor's name");
  const wrong = (problem: string): never => cursor.refuse(`tensor ${quoted(name)}: ${problem}`);
  const axes = cursor.uint32(`the number of axes of ${quoted(name)}`);
  if (axes < 1 || axes > 4) wrong(`it has ${axes} axes, wanted 1 to 4`);
  const sizes = Array.from({ length: axes }, () => cursor.uint64(`a size of ${quoted(name)}`));
  const number = cursor.uint32(`the type of ${quoted(name)}`);
  const type = ggufTypeOf(number) ??
    wrong(`its type has the number ${number}; supported are ${ggufTypes.join(", ")}`);
  const offset = cursor.uint64(`the place of ${quoted(name)}`);
  const block = blockSizes[type];
  if (sizes[0] % block.elements !== 0) {
    wrong(`its rows have ${sizes[0]} elements, wanted a multiple of ${block.elements} for ${type}`);
  }
  const bytes = sizes.reduce((product, size) => product * BigInt(size), BigInt(block.bytes)) /
    BigInt(block.elements);
  if (bytes === 0n) wrong(`its shape is [${sizes.toReversed()}], wanted no empty axis`);
  if (offset % alignment !== 0) {
    wrong(`it begins at byte ${offset} of the data, wanted a multiple of ${alignment}`);
  }
  if (BigInt(offset) + bytes > BigInt(cursor.fileBytes)) {
    wrong(
      `it takes bytes ${offset} to ${BigInt(offset) + bytes} of the data, but the file has ` +
        `${cursor.fileBytes} bytes: it is truncated or damaged`,
    );
  }
  return [name, { type, shape: sizes.toReversed(), offset, byteLength: Number(bytes) }];
}

/** Orders tensors by place and checks that they lie in the data, apart from each other. */
function placeTensors(
  found: ReadonlyMap<string, GgufTensor>,
  dataStart: number,
  cursor: Cursor,
): Map<string, GgufTensor> {
  const order = [...found].sort(([, a], [, b]) => a.offset - b.offset);
  const placed = new Map<string, GgufTensor>();
  let end = dataStart, previous = "";
  for (const [name, tensor] of order) {
    const offset = dataStart + tensor.offset;
    if (offset < end) {
      cursor.refuse(`tensor ${quoted(name)} overlaps tensor ${quoted(previous)}`);
    }
    end = offset + tensor.byteLength;
    previous = name;
    if (end > cursor.fileBytes) {
      cursor.refuse(
        `tensor ${quoted(name)} ends at byte ${end} but the file has ${cursor.fileBytes}: ` +
          "it is truncated",
      );
    }
    placed.set(name, { ...tensor, offset });
  }
  return placed;
}

/**
 * Reads a header and checks it whole: counts, kinds, texts, shapes against sizes, places.
 *
 * @param bytes the beginning of the file
 * @param fileBytes size of the whole file
 * @param file name of the file, for errors
 * @throws {InputError} naming the file, what was found and what was wanted
 * @throws {HeaderIncomplete} if the header goes on after `bytes`
 */
export function parseGgufHeader(bytes: Uint8Array, fileBytes: number, file: string): GgufHeader {
  refuseLfsPointer(bytes, file);
  const cursor = new Cursor(bytes, fileBytes, file);
  const counts = readPrelude(cursor);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < counts.notes; i++) {
    const key = cursor.string("a key");
    if (metadata.has(key)) cursor.refuse(`it has the key ${quoted(key)} twice`);
    metadata.set(key, cursor.value(quoted(key)));
  }
  const alignment = metadata.get("general.alignment") ?? 32;
  if (typeof alignment !== "number" || !(alignment >= 8 && alignment % 8 === 0)) {
    return cursor.refuse(`general.alignment is ${alignment}, wanted a multiple of 8`);
  }
  const tensors = new Map<string, GgufTensor>();
  for (let i = 0; i < counts.tensors; i++) {
    const [name, tensor] = readTensor(cursor, alignment);
    if (tensors.has(name)) cursor.refuse(`it has the tensor ${quoted(name)} twice`);
    tensors.set(name, tensor);
  }
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  return { metadata, tensors: placeTensors(tensors, dataStart, cursor) };
}

/**
 * The architecture that a file names near its beginning.
 *
 * @param bytes the beginning of the file
 * @returns `general.architecture`, or null where these bytes do not say it
 * @throws {InputError} if they are damaged
 */
export function peekArchitecture(
  bytes: Uint8Array,
  fileBytes: number,
  file: string,
): string | null {
  const cursor = new Cursor(bytes, fileBytes, file);
  try {
    const { notes } = readPrelude(cursor);
    for (let i = 0; i < notes; i++) {
      const key = cursor.string("a key"), value = cursor.value(quoted(key));
      if (key === "general.architecture") return typeof value === "string" ? value : null;
    }
  } catch (error) {
    if (!(error instanceof HeaderIncomplete)) throw error;
  }
  return null;
}
