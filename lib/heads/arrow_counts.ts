/**
 * What an Arrow file claims, checked before the reader believes it: the reader loops over a list as
 * long as the file says it is, and asks again and again for a batch that is none; nothing can end that.
 *
 * Layout: `format/File.fbs`, `Schema.fbs` and `Message.fbs` of Apache Arrow, as flatbuffers.
 * @module
 */

/** Bytes of a flatbuffer, and how much is left to look at in all of them together. */
interface Buffer {
  readonly view: DataView;
  readonly budget: { left: number };
}

/** Bytes of a `Block` of the footer, of a `FieldNode` or `Buffer` of a batch, of an offset. */
const sizes = { block: 24, node: 16, offset: 4 } as const;

/** Position of a table's field; null where the table does not have it. */
function fieldOf({ view }: Buffer, table: number, field: number): number | null {
  const vtable = table - view.getInt32(table, true);
  if (view.getInt16(vtable, true) < 4 + 2 * (field + 1)) return null; // signed, as the reader takes it
  const offset = view.getInt16(vtable + 4 + 2 * field, true);
  return offset === 0 ? null : table + offset;
}

/** Position of the table or list that a field points to. */
function target(buffer: Buffer, table: number, field: number): number | null {
  const at = fieldOf(buffer, table, field);
  return at === null ? null : at + buffer.view.getUint32(at, true);
}

/** Start and length of a list; throws where it cannot lie in the buffer. */
function list(
  buffer: Buffer,
  table: number,
  field: number,
  size: number,
): { start: number; length: number } {
  const at = target(buffer, table, field);
  if (at === null) return { start: 0, length: 0 };
  const length = buffer.view.getUint32(at, true);
  const room = buffer.view.byteLength - at - 4;
  if (length * size > room) {
    throw new RangeError(`a list claims ${length} entries in ${Math.max(0, room)} bytes`);
  }
  buffer.budget.left -= 1 + length;
  if (buffer.budget.left < 0) throw new RangeError("its lists claim more than the file can hold");
  return { start: at + 4, length };
}

/** Looks at the fields of a schema or of a field, and at theirs. */
function checkFields(buffer: Buffer, table: number, field: number, depth = 0): void {
  if (depth > 64) throw new RangeError("its fields are nested without end");
  const { start, length } = list(buffer, table, field, sizes.offset);
  for (let i = 0; i < length; i++) {
    const at = start + 4 * i;
    const child = at + buffer.view.getUint32(at, true);
    list(buffer, child, 6, sizes.offset);
    checkFields(buffer, child, 5, depth + 1);
  }
}

/** The root table of a flatbuffer. */
const rootOf = ({ view }: Buffer): number => view.getUint32(0, true);

/**
 * Looks at the message that a block of the footer points to, and at the lists of its batch. Dictionary
 * batches are messages of kind 2 and in field 2 of the footer, record batches 3 and in 3.
 */
function checkBatch(
  bytes: DataView,
  block: number,
  { view: footer, budget }: Buffer,
  field: 2 | 3,
): void {
  const offset = Number(footer.getBigInt64(block, true));
  const prefix = bytes.getInt32(offset, true) === -1 ? 8 : 4;
  const length = bytes.getInt32(offset + prefix - 4, true);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset + prefix, length);
  const buffer = { view, budget };
  const message = rootOf(buffer);
  const header = target(buffer, message, 2), kind = fieldOf(buffer, message, 1);
  if (header === null || kind === null || view.getUint8(kind) !== field) {
    throw new RangeError("a block of its footer points to no batch");
  }
  const batch = field === 2 ? target(buffer, header, 1) : header;
  if (batch === null) return;
  for (const nodes of [1, 2]) list(buffer, batch, nodes, sizes.node);
}

/**
 * Why bytes are no Arrow file whose footer can be true; null where they may be one.
 *
 * @example
 * ```ts
 * import { arrowCountProblem } from "./arrow_counts.ts";
 * import { assertEquals } from "@std/assert";
 * const text = new TextEncoder().encode("{}");
 * assertEquals(arrowCountProblem(text), "it is no Arrow file with a footer");
 * ```
 */
export function arrowCountProblem(bytes: Uint8Array): string | null {
  const ends = [bytes.subarray(0, 6), bytes.subarray(-6)];
  if (
    bytes.length < 18 || !ends.every((end) => new TextDecoder("latin1").decode(end) === "ARROW1")
  ) {
    return "it is no Arrow file with a footer";
  }
  const whole = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const length = whole.getInt32(bytes.length - 10, true);
    const start = bytes.length - 10 - length;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
    const footer = { view, budget: { left: bytes.length } };
    const root = rootOf(footer);
    const schema = target(footer, root, 1);
    if (schema !== null) {
      checkFields(footer, schema, 1);
      list(footer, schema, 2, sizes.offset);
    }
    list(footer, root, 4, sizes.offset);
    for (const field of [2, 3] as const) {
      const blocks = list(footer, root, field, sizes.block);
      for (let i = 0; i < blocks.length; i++) {
        checkBatch(whole, blocks.start + sizes.block * i, footer, field);
      }
    }
    return null;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `its counts do not fit (${error.message})`;
  }
}
