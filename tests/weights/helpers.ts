/**
 * What the tests of `lib/weights` share: temporary folders and hand-made safetensors files.
 *
 * @module
 */

/** Runs `body` with an empty folder (its real path), which is removed at the end. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A safetensors file from header text (or an object) and data, whatever they say. */
export function rawFile(
  header: string | Record<string, unknown>,
  data: Uint8Array = new Uint8Array(0),
  claimedLength?: bigint,
): Uint8Array<ArrayBuffer> {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, claimedLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

/** One tensor's header entry. */
export function entry(
  dtype: string,
  shape: readonly number[],
  begin: number,
  end: number,
): Record<string, unknown> {
  return { dtype, shape, data_offsets: [begin, end] };
}
