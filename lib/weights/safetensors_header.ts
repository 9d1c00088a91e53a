/**
 * The header of a safetensors file: eight bytes of length, then JSON that says which bytes of the
 * rest belong to which tensor. Read with every bound checked, because the file may be anybody's.
 *
 * Format: https://github.com/huggingface/safetensors
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted, shownValue } from "../common/text.ts";
import {
  dtypeBytes,
  isSafetensorsDType,
  type SafetensorsDType,
  safetensorsDTypes,
} from "./dtypes.ts";
import { refuseLfsPointer } from "./lfs_pointer.ts";
import { duplicateKey } from "./json_keys.ts";

/** Where one tensor lies and how its bytes are to be read. */
export interface TensorInfo {
  /** Stored element type. */
  readonly dtype: SafetensorsDType;
  /** Sizes of the axes, outermost first; empty for a single number. */
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  /** Number of bytes: product of the shape times the element's size. */
  readonly byteLength: number;
}

/** What a header says. */
export interface SafetensorsHeader {
  /** Every tensor, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The file's own notes (`__metadata__`), such as `{format: "pt"}`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Longest header that is read, in bytes: the limit of the format's reference implementation. */
export const maxHeaderBytes = 100_000_000;

/** Most tensors of one file; the largest published models have under 100,000 in all. */
export const maxTensors = 250_000;

/** Most axes of a tensor. */
const maxAxes = 32;

/** Throws an error that says which file and what is wrong with it. */
function refuse(file: string, problem: string): never {
  throw new InputError(`Cannot read ${file}: ${problem}`);
}

/**
 * Checks the eight bytes that say how long the header is.
 *
 * @param prefix first bytes of the file, eight unless it is shorter
 * @param fileBytes size of the file
 * @param file name of the file, for errors
 * @returns length of the JSON header in bytes
 * @throws {InputError} if the file is too short or the length is absurd
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix.length < 8) {
    refuse(file, `it has ${fileBytes} bytes; a safetensors file has at least 8`);
  }
  refuseLfsPointer(prefix, file);
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > maxHeaderBytes) {
    refuse(file, `its header claims ${length} bytes; at most ${maxHeaderBytes} are allowed`);
  }
  if (Number(length) > fileBytes - 8) {
    refuse(
      file,
      `its header claims ${length} bytes but only ${fileBytes - 8} follow; the file is truncated ` +
        "(fetch it again) or not a safetensors file",
    );
  }
  return Number(length);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** How often `"data_offsets"` stands in a text, which each tensor has once. */
function offsetsIn(text: string): number {
  const key = '"data_offsets"';
  let count = 0;
  for (let at = text.indexOf(key); at >= 0; at = text.indexOf(key, at + key.length)) count++;
  return count;
}

function checkTensorCount(count: number, file: string): void {
  if (count <= maxTensors) return;
  refuse(file, `its header names ${count} tensors; at most ${maxTensors} are read`);
}

function parseJson(bytes: Uint8Array, file: string): Record<string, unknown> {
  if (bytes[0] !== 0x7b) refuse(file, "its header does not start with {");
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    checkTensorCount(offsetsIn(text), file); // before hundreds of megabytes are parsed
    header = JSON.parse(text);
  } catch (error) {
    if (error instanceof InputError) throw error;
    refuse(file, `its header is not JSON in UTF-8 (${quoted((error as Error).message)})`);
  }
  if (!isRecord(header)) refuse(file, "its header is not a JSON object");
  const twice = duplicateKey(text);
  if (twice !== null) refuse(file, `its header names ${quoted(twice)} twice`);
  return header;
}

function parseMetadata(value: unknown, file: string): Record<string, string> {
  if (!isRecord(value)) refuse(file, `__metadata__ is ${shownValue(value)}; wanted an object`);
  for (const [key, note] of Object.entries(value)) {
    if (typeof note !== "string") {
      refuse(file, `__metadata__ ${quoted(key)} is ${shownValue(note)}; wanted a string`);
    }
  }
  return value as Record<string, string>;
}

/** Checks one tensor's entry by itself; `offset` of the result counts from the end of the header. */
function parseEntry(name: string, value: unknown, dataBytes: number, file: string): TensorInfo {
  const wrong = (problem: string): never => refuse(file, `tensor ${quoted(name)}: ${problem}`);
  if (!isRecord(value)) return wrong(`its entry is ${shownValue(value)}; wanted an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !isSafetensorsDType(dtype)) {
    return wrong(`dtype is ${shownValue(dtype)}; wanted one of ${safetensorsDTypes.join(", ")}`);
  }
  if (!Array.isArray(shape) || shape.length > maxAxes || !shape.every(isSize)) {
    return wrong(
      `shape is ${
        shownValue(shape)
      }; wanted a list of at most ${maxAxes} whole numbers, none negative`,
    );
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return wrong(`data_offsets is ${shownValue(offsets)}; wanted [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) return wrong(`it ends at byte ${end}, before its begin ${begin}`);
  if (end > dataBytes) {
    return wrong(
      `it ends at byte ${end} but the file has ${dataBytes} bytes of data: out of range or truncated; ` +
        "fetch the file again",
    );
  }
  const size = dtypeBytes(dtype);
  const wanted = shape.reduce((product, axis) => product * BigInt(axis), BigInt(size));
  if (BigInt(end - begin) !== wanted) {
    return wrong(
      `it has ${end - begin} bytes; wanted ${wanted} for ${dtype} of shape ${shownValue(shape)}`,
    );
  }
  if (begin % size !== 0) {
    return wrong(`it begins at byte ${begin}; wanted a multiple of ${size} for ${dtype}`);
  }
  return { dtype, shape, offset: begin, byteLength: end - begin };
}

/**
 * Reads a header and checks it whole: JSON, types, shapes against sizes, alignment, and that the
 * tensors cover the data exactly once.
 *
 * @param header the JSON bytes, without the eight bytes of length
 * @param fileBytes size of the file
 * @param file name of the file, for errors
 * @throws {InputError} naming file, tensor, what was found and what was wanted
 */
export function parseHeader(
  header: Uint8Array,
  fileBytes: number,
  file: string,
): SafetensorsHeader {
  const json = parseJson(header, file);
  const notes = Object.hasOwn(json, "__metadata__") ? json["__metadata__"] : undefined;
  const metadata = notes === undefined ? {} : parseMetadata(notes, file);
  const dataStart = 8 + header.length;
  const dataBytes = fileBytes - dataStart;
  const names = Object.keys(json).filter((name) => name !== "__metadata__");
  checkTensorCount(names.length, file);
  const found = names
    .map((name) => ({ name, info: parseEntry(name, json[name], dataBytes, file) }))
    .sort((a, b) => a.info.offset - b.info.offset || a.info.byteLength - b.info.byteLength);
  let covered = 0;
  let previous = "";
  const tensors = new Map<string, TensorInfo>();
  for (const { name, info } of found) {
    if (info.offset < covered) {
      refuse(
        file,
        `tensor ${quoted(name)} begins at byte ${info.offset}, inside tensor ${
          quoted(previous)
        }, ` +
          `which ends at ${covered}: they overlap`,
      );
    }
    if (info.offset > covered) {
      refuse(
        file,
        `tensor ${quoted(name)} begins at byte ${info.offset}; wanted ${covered}: ` +
          `${info.offset - covered} bytes before it belong to no tensor`,
      );
    }
    covered = info.offset + info.byteLength;
    previous = name;
    tensors.set(name, { ...info, offset: dataStart + info.offset });
  }
  if (covered !== dataBytes) {
    refuse(
      file,
      `its tensors end at byte ${covered} but its data at ${dataBytes}; fetch the file again`,
    );
  }
  return { tensors, metadata };
}

/** What {@link buildHeader} needs to know of a tensor. */
export interface TensorLayout {
  /** Name in the file. */
  readonly name: string;
  /** Stored element type. */
  readonly dtype: SafetensorsDType;
  /** Sizes of the axes. */
  readonly shape: readonly number[];
}

/**
 * Header bytes (with their length in front) for tensors that follow one another, byte for byte as
 * the reference implementation writes them: widest type first, then by name, padded to eight bytes.
 *
 * @returns the bytes, and the tensors in the order in which their data must follow
 */
export function buildHeader<T extends TensorLayout>(
  tensors: readonly T[],
  metadata?: Readonly<Record<string, string>>,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly order: readonly T[] } {
  const rank = (tensor: T): number => safetensorsDTypes.indexOf(tensor.dtype);
  const order = tensors.toSorted((a, b) => rank(b) - rank(a) || (a.name < b.name ? -1 : 1));
  const entries: [string, unknown][] = metadata ? [["__metadata__", metadata]] : [];
  let offset = 0;
  for (const { name, dtype, shape } of order) {
    const end = offset + shape.reduce((product, axis) => product * axis, dtypeBytes(dtype));
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  // Written by hand: an object would sort names that look like whole numbers to the front.
  const json = `{${
    entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  }}`;
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  return { bytes, order };
}
