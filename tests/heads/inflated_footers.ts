/**
 * Arrow files whose footers claim more than the files hold.
 *
 * @module
 */

/** The file with one count or small offset of its footer after the other made huge. */
export function* inflatedFooters(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
  const { buffer, byteOffset, byteLength } = bytes;
  const footer = byteLength - 10 -
    new DataView(buffer, byteOffset).getInt32(byteLength - 10, true);
  for (let at = footer; at < byteLength - 12; at += 4) {
    const view = new DataView(bytes.slice().buffer);
    const value = view.getInt32(at, true);
    if (value < 0 || value > 8) continue;
    view.setInt32(at, 0x7fffff00, true);
    yield new Uint8Array(view.buffer);
  }
}
