/**
 * Red, green and blue out of what decoders give: grey, transparency, inks, luma and chroma, 16 bits.
 *
 * All as Pillow's `convert("RGB")`, bit by bit.
 * @module
 */

/**
 * One colour over white, `opacity` in 0 … 255.
 *
 * Source: Pillow's `AlphaComposite.c`, whose rounding this is.
 */
function overWhite(level: number, opacity: number): number {
  if (opacity === 0) return 255;
  const sum = (level * opacity + 255 * (255 - opacity) + 0x80) << 7;
  return (((sum >> 8) + sum) >> 8) >> 7;
}

/** Red, green and blue of cyan, magenta, yellow and black, as Pillow's `Convert.c` (`cmyk2rgb`). */
export function withoutInks(data: Uint8Array, channels: number): Uint8Array {
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const light = 255 - data[channels * i + 3];
    for (let c = 0; c < 3; c++) {
      const product = data[channels * i + c] * light + 0x80;
      out[3 * i + c] = light - (((product >> 8) + product) >> 8);
    }
  }
  return out;
}

/**
 * Red, green and blue of pixels with 1 (grey), 2 (grey, alpha), 3 or 4 (with alpha) channels.
 *
 * @param blend whether transparency is laid over white; otherwise it is dropped
 */
export function threeChannels(data: Uint8Array, channels: number, blend: boolean): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * 3);
  const opaque = !blend || channels === 1;
  for (let i = 0; i < pixels; i++) {
    const from = channels * i;
    for (let c = 0; c < 3; c++) {
      const level = data[from + (channels < 3 ? 0 : c)];
      out[3 * i + c] = opaque ? level : overWhite(level, data[from + channels - 1]);
    }
  }
  return out;
}

/** 16-bit grey, clipped at 255 as Pillow does, so that most scans of 16 bits become white. */
export function clippedGrey(data: Uint16Array, channels: number): Uint8Array {
  const out = new Uint8Array(data.length / channels * 3);
  for (let i = 0; i < out.length; i += 3) {
    out.fill(Math.min(data[i / 3 * channels], 255), i, i + 3);
  }
  return out;
}

/** Table of one coefficient with 6 binary digits. */
const chroma = (coefficient: number) =>
  Int32Array.from({ length: 256 }, (_, i) => Math.trunc((i - 128) * coefficient * 64 + 0.5));

/**
 * Luma and chroma to red, green and blue, in place.
 *
 * Source: Pillow's `ConvertYCbCr.c`.
 *
 * @param data `[pixels, 3]`: Y, Cb, Cr
 */
export function fromLumaChroma(data: Uint8Array): Uint8Array {
  const [redCr, greenCb, greenCr, blueCb] = [1.402, -0.34414, -0.71414, 1.772].map(chroma);
  const clamp = (level: number) => level < 0 ? 0 : level > 255 ? 255 : level;
  for (let i = 0; i < data.length; i += 3) {
    const y = data[i], cb = data[i + 1], cr = data[i + 2];
    data[i] = clamp(y + (redCr[cr] >> 6));
    data[i + 1] = clamp(y + ((greenCb[cb] + greenCr[cr]) >> 6));
    data[i + 2] = clamp(y + (blueCb[cb] >> 6));
  }
  return data;
}
