/** GGUF files written by hand, for tests of what is wrong with them. */

/** A note: its key, the number of its kind, and its bytes. */
export type Note = readonly [key: string, kind: number, value: Uint8Array];

/** A tensor's entry: name, sizes (innermost first), number of the type, place. */
export type Entry = readonly [name: string, sizes: readonly number[], type: number, offset: number];

/** A number as little-endian bytes. */
export function le(value: number | bigint, bytes: 1 | 4 | 8): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return out.slice(0, bytes);
}

/** A text with its length in front. */
export function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return join(le(bytes.length, 8), bytes);
}

/** A text note. */
export const textNote = (key: string, value: string): Note => [key, 8, text(value)];
/** A note of 32 bits. */
export const numberNote = (key: string, value: number): Note => [key, 4, le(value, 4)];
/** A note that is a list of texts. */
export const textsNote = (key: string, values: readonly string[]): Note => [
  key,
  9,
  join(le(8, 4), le(values.length, 8), ...values.map(text)),
];
/** A note that is a list of 32-bit numbers. */
export const numbersNote = (key: string, values: readonly number[]): Note => [
  key,
  9,
  join(le(4, 4), le(values.length, 8), ...values.map((value) => le(value, 4))),
];

/** Pieces one after the other. */
export function join(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A whole file; the data begin at a multiple of 32. */
export function ggufBytes(
  notes: readonly Note[],
  entries: readonly Entry[] = [],
  data: Uint8Array = new Uint8Array(0),
  { magic = "GGUF", version = 3 }: { magic?: string; version?: number } = {},
): Uint8Array<ArrayBuffer> {
  const header = join(
    new TextEncoder().encode(magic),
    le(version, 4),
    le(entries.length, 8),
    le(notes.length, 8),
    ...notes.flatMap(([key, kind, value]) => [text(key), le(kind, 4), value]),
    ...entries.flatMap(([name, sizes, type, offset]) => [
      text(name),
      le(sizes.length, 4),
      ...sizes.map((size) => le(size, 8)),
      le(type, 4),
      le(offset, 8),
    ]),
  );
  return join(header, new Uint8Array(data.length ? (32 - header.length % 32) % 32 : 0), data);
}
