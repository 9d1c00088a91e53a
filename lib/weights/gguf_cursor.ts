/**
 * Reads the values of a GGUF file's header one after the other, with every bound checked.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";

/** A note: a number (64-bit ones only where exact), a switch, a text, or a list of one of these. */
export type GgufValue = number | boolean | string | readonly (number | boolean | string)[];

/** Most values in the lists of a header, all together; published vocabularies need 1.5 million. */
const maxListValues = 3_000_000;
/** Longest text, in bytes; the longest published are chat templates. */
const maxTextBytes = 8_000_000;

/** The bytes at hand end before the header does. */
export class HeaderIncomplete extends Error {}

/** Kinds of values by their number in a file, with the fewest bytes that one takes. */
const kinds: readonly (readonly [name: string, bytes: number])[] = [
  ...[["uint8", 1], ["int8", 1], ["uint16", 2], ["int16", 2]] as const,
  ...[["uint32", 4], ["int32", 4], ["float32", 4], ["bool", 1]] as const,
  ...[["string", 8], ["array", 12], ["uint64", 8], ["int64", 8], ["float64", 8]] as const,
];

/** Reads values one after the other. */
export class Cursor {
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
          "it is truncated or damaged; fetch it again",
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
        `${this.fileBytes - this.at} bytes follow: it is truncated or damaged; fetch it again`,
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
