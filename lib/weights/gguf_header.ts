/**
 * The header of a GGUF file: notes by key, and which bytes of the rest belong to which tensor. Read
 * with every bound checked, because the file may be anybody's.
 *
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian)
 * @module
 */
import { quoted } from "../common/text.ts";
import { Cursor, type GgufValue, HeaderIncomplete } from "./gguf_cursor.ts";
import { refuseLfsPointer } from "./lfs_pointer.ts";
import { blockSizes, type GgufType, ggufTypeOf, ggufTypes } from "./gguf_types.ts";

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

/** Most notes and most tensors. */
const maxNotes = 10_000, maxTensors = 200_000;

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
        `${cursor.fileBytes} bytes: it is truncated or damaged; fetch it again`,
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
          "it is truncated; fetch it again",
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
