// Weights in blocks, as GGUF files hold them: small whole numbers (codes) with a scale, and for some
// formats an offset, for every run of 16 or 32 of them. A format says where its codes, scales and
// offsets lie; what is done with them is written once for all formats.
//
// Source of GGUF's: llama.cpp `ggml-common.h` (the blocks) and `ggml-quants.c` (`dequantize_row_*`). The
// specification is lib/weights/gguf_blocks.ts; values are equal to it to the bit.
#ifndef CORELENS_BLOCKS_H_
#define CORELENS_BLOCKS_H_

#include "bytes.h"

namespace corelens {

// Blocks of 32 with four or five bits each, a scale, and an offset or none.
template <int kBits, bool kOffset>
struct NarrowBlock {
  static constexpr int kElements = 32, kRun = 32;
  static constexpr int kHigh = kOffset ? 4 : 2, kLow = kBits == 5 ? kHigh + 4 : kHigh;
  static constexpr int kBytes = kLow + 16;
  static constexpr bool kOffsets = kOffset;
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    Bytes codes = Nibbles(block + kLow);
    // Without an offset codes of five bits are less 16: those without the fifth bit become negative.
    if (kBits == 5 && kOffset) codes |= WhereBits<true>(block + kHigh, 16);
    if (kBits == 5 && !kOffset) codes |= WhereBits<false>(block + kHigh, 0xf0);
    if (kBits == 4 && !kOffset) codes -= 8;
    StoreAs(buffer, codes);
    return buffer;
  }
  static void Scales(const uint8_t *block, float *scales, float *offsets) {
    scales[0] = HalfAt(block);
    if (kOffset) offsets[0] = HalfAt(block + 2);
  }
};

// Blocks of 32 signed bytes and a scale.
struct ByteBlock {
  static constexpr int kElements = 32, kBytes = 34, kRun = 32;
  static constexpr bool kOffsets = false;
  static const int8_t *Codes(const uint8_t *block, int8_t *) {
    return reinterpret_cast<const int8_t *>(block + 2);
  }
  static void Scales(const uint8_t *block, float *scales, float *) { scales[0] = HalfAt(block); }
};

// Blocks of 256 in eight runs of 32, whose scales and offsets, of six bits each, have a scale in turn.
template <int kBits>
struct RunBlock {
  static constexpr int kElements = 256, kRun = 32, kLow = kBits == 5 ? 48 : 16;
  static constexpr int kBytes = kLow + 128;
  static constexpr bool kOffsets = true;
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    const Bytes high = kBits == 5 ? LoadAs<Bytes>(block + 16) : Bytes{};
    for (int pair = 0; pair < 4; pair++) {
      const Bytes both = LoadAs<Bytes>(block + kLow + 32 * pair);
      Bytes first = both & 15, second = ShiftedRight(both, 4);
      if (kBits == 5) {
        first |= (Bytes)((Pairs)(ShiftedRight(high, 2 * pair) & 1) << 4);
        second |= (Bytes)((Pairs)(ShiftedRight(high, 2 * pair + 1) & 1) << 4);
      }
      StoreAs(buffer + 64 * pair, first);
      StoreAs(buffer + 64 * pair + 32, second);
    }
    return buffer;
  }
  static void Scales(const uint8_t *block, float *scales, float *offsets) {
    const float scale = HalfAt(block), least = -HalfAt(block + 2);
    const uint32_t a = WordAt(block + 4), b = WordAt(block + 8), c = WordAt(block + 12);
    const uint32_t words[4] = {a & 0x3f3f3f3f, (c & 0x0f0f0f0f) | (a >> 6 & 0x03030303) << 4,
                               b & 0x3f3f3f3f, (c >> 4 & 0x0f0f0f0f) | (b >> 6 & 0x03030303) << 4};
    const uint8_t *parts = reinterpret_cast<const uint8_t *>(words);
    StoreAs(scales, ByteFloats(parts) * scale);
    StoreAs(offsets, ByteFloats(parts + 8) * least);
  }
};

// Blocks of 256 six-bit numbers, with a signed scale for every 16 and a scale of these.
struct SixBitBlock {
  static constexpr int kElements = 256, kBytes = 210, kRun = 16;
  static constexpr bool kOffsets = false;
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    for (int part = 0; part < 2; part++) {
      const Bytes high = LoadAs<Bytes>(block + 128 + 32 * part);
      for (int run = 0; run < 4; run++) {
        const Bytes low = LoadAs<Bytes>(block + 64 * part + (run & 1) * 32);
        const Bytes above = ShiftedRight(high, 2 * run) & 3;
        const Bytes code = (run < 2 ? low & 15 : ShiftedRight(low, 4)) | (Bytes)((Pairs)above << 4);
        StoreAs(buffer + 128 * part + 32 * run, code - 32);
      }
    }
    return buffer;
  }
  static void Scales(const uint8_t *block, float *scales, float *) {
    const float scale = HalfAt(block + 208);
    const int8_t *own = reinterpret_cast<const int8_t *>(block + 192);
    for (int run = 0; run < 16; run += 8) StoreAs(scales + run, ByteFloats(own + run) * scale);
  }
};

// Blocks of 256 two-bit numbers, with a scale and an offset of four bits for every 16.
struct TwoBitBlock {
  static constexpr int kElements = 256, kBytes = 84, kRun = 16;
  static constexpr bool kOffsets = true;
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    for (int part = 0; part < 2; part++) {
      const Bytes all = LoadAs<Bytes>(block + 16 + 32 * part);
      for (int run = 0; run < 4; run++) {
        StoreAs(buffer + 128 * part + 32 * run, ShiftedRight(all, 2 * run) & 3);
      }
    }
    return buffer;
  }
  static void Scales(const uint8_t *block, float *scales, float *offsets) {
    const float scale = HalfAt(block + 80), least = -HalfAt(block + 82);
    const Bytes both = Nibbles(block);
    uint8_t parts[32];
    StoreAs(parts, both);
    for (int run = 0; run < 16; run += 8) {
      StoreAs(scales + run, ByteFloats(parts + run) * scale);
      StoreAs(offsets + run, ByteFloats(parts + 16 + run) * least);
    }
  }
};

// Blocks of 256 three-bit numbers, whose third bits lie apart and count when they are 0, with a signed
// scale of six bits for every 16.
struct ThreeBitBlock {
  static constexpr int kElements = 256, kBytes = 110, kRun = 16;
  static constexpr bool kOffsets = false;
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    const Bytes third = LoadAs<Bytes>(block);
    for (int part = 0; part < 2; part++) {
      const Bytes all = LoadAs<Bytes>(block + 32 + 32 * part);
      for (int run = 0; run < 4; run++) {
        const Bytes low = ShiftedRight(all, 2 * run) & 3;
        const Bytes high = (Bytes)((Pairs)(ShiftedRight(third, 4 * part + run) & 1) << 2);
        StoreAs(buffer + 128 * part + 32 * run, (low | high) - 4);
      }
    }
    return buffer;
  }
  static void Scales(const uint8_t *block, float *scales, float *) {
    const float scale = HalfAt(block + 108);
    const uint32_t a = WordAt(block + 96), b = WordAt(block + 100), high = WordAt(block + 104);
    uint32_t words[4] = {a & 0x0f0f0f0f, b & 0x0f0f0f0f, a >> 4 & 0x0f0f0f0f, b >> 4 & 0x0f0f0f0f};
    for (int i = 0; i < 4; i++) words[i] |= (high >> 2 * i & 0x03030303) << 4;
    const uint8_t *parts = reinterpret_cast<const uint8_t *>(words);
    for (int run = 0; run < 16; run += 8) {
      StoreAs(scales + run, (ByteFloats(parts + run) - 32.0f) * scale);
    }
  }
};

// Blocks of 32 numbers of four bits that stand for the levels, and a scale.
struct LevelBlock {
  static constexpr int kElements = 32, kBytes = 18, kRun = 32;
  static constexpr bool kOffsets = false;
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    StoreAs(buffer, Levels(Nibbles(block + 2)));
    return buffer;
  }
  static void Scales(const uint8_t *block, float *scales, float *) { scales[0] = HalfAt(block); }
};

// Blocks of 256 in eight runs of 32 of the same, each with a signed scale of six bits.
struct LevelRunBlock {
  static constexpr int kElements = 256, kBytes = 136, kRun = 32;
  static constexpr bool kOffsets = false;
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    for (int run = 0; run < 8; run++) {
      StoreAs(buffer + 32 * run, Levels(Nibbles(block + 8 + 16 * run)));
    }
    return buffer;
  }
  static void Scales(const uint8_t *block, float *scales, float *) {
    const float scale = HalfAt(block);
    const int high = block[2] | block[3] << 8;
    for (int run = 0; run < 8; run++) {
      const int low = block[4 + (run >> 1)] >> 4 * (run & 1) & 15;
      scales[run] = scale * ((low | (high >> 2 * run & 3) << 4) - 32);
    }
  }
};

// Blocks of kElements codes of four to eight bits with one float as their scale: how weights lie in memory
// whose codes, scales and zeros are apart in their files (lib/weights/packings/groups.ts). Behind the
// scale stands a float as offset, or what is taken off codes of fewer than eight bits; those of eight
// have a sign.
template <int kBits, bool kOffset, int kSize>
struct GroupBlock {
  static constexpr int kElements = kSize, kRun = 32;
  static constexpr int kStart = kOffset ? 8 : kBits == 8 ? 4 : 5;
  static constexpr int kBytes = kStart + kSize * kBits / 8;
  static constexpr bool kOffsets = kOffset;
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    if (kBits == 8) return reinterpret_cast<const int8_t *>(block + kStart);
    const uint8_t zero = kOffset ? 0 : block[4];
    for (int run = 0; run < kSize / 32; run++) {
      StoreAs(buffer + 32 * run, CodesOf<kBits>(block + kStart + 4 * kBits * run) - zero);
    }
    return buffer;
  }
  static void Scales(const uint8_t *block, float *scales, float *offsets) {
    for (int run = 0; run < kSize / 32; run++) {
      scales[run] = LoadAs<float>(block);
      if (kOffset) offsets[run] = LoadAs<float>(block + 4);
    }
  }
};

// Numbers that lie one behind the other as floats of 16 bits, in blocks of one.
template <typename Number>
struct PlainNumbers {
  typedef Number Element;
  static constexpr int kElements = 1, kBytes = 2;
  template <typename T>
  static void Unpack(const uint8_t *block, int64_t blocks, T *out) {
    const Number *numbers = reinterpret_cast<const Number *>(block);
    ForVectors(blocks, [&](int64_t i, int n) { StoreUpTo(out + i, LoadUpTo(numbers + i, n), n); });
  }
};

// Blocks of kSize floats of eight bits behind a float as their scale.
template <int kSize>
struct Float8Block {
  static constexpr int kElements = kSize, kBytes = 4 + kSize;
  template <typename T>
  static void Unpack(const uint8_t *block, int64_t blocks, T *out) {
    for (int64_t b = 0; b < blocks; b++, block += kBytes, out += kSize) {
      const float scale = LoadAs<float>(block);
      for (int i = 0; i < kSize; i += kLanes) Store(out + i, Float8Floats(block + 4 + i) * scale);
    }
  }
};

// Whether a format's numbers are floats, which it unpacks itself, instead of codes with a scale.
template <typename Block>
constexpr bool kIsFloats = false;
template <typename Number>
constexpr bool kIsFloats<PlainNumbers<Number>> = true;
template <int kSize>
constexpr bool kIsFloats<Float8Block<kSize>> = true;

// Formats by their number in a GGUF file, those of no file from 101 on; `nativeFormats` in lib/backend/native_packed_ops.ts lists them.
// Calls with(Block()) and returns true; false for another number.
template <typename With>
inline bool WithFormat(int number, With with) {
  switch (number) {
    case 1: return with(PlainNumbers<Half>()), true;
    case 2: return with(NarrowBlock<4, false>()), true;
    case 3: return with(NarrowBlock<4, true>()), true;
    case 6: return with(NarrowBlock<5, false>()), true;
    case 7: return with(NarrowBlock<5, true>()), true;
    case 8: return with(ByteBlock()), true;
    case 10: return with(TwoBitBlock()), true;
    case 11: return with(ThreeBitBlock()), true;
    case 12: return with(RunBlock<4>()), true;
    case 13: return with(RunBlock<5>()), true;
    case 14: return with(SixBitBlock()), true;
    case 20: return with(LevelBlock()), true;
    case 23: return with(LevelRunBlock()), true;
    case 30: return with(PlainNumbers<Bfloat16>()), true;
    case 101: return with(GroupBlock<4, false, 32>()), true;
    case 102: return with(GroupBlock<4, false, 64>()), true;
    case 103: return with(GroupBlock<4, false, 128>()), true;
    case 104: return with(GroupBlock<4, true, 32>()), true;
    case 105: return with(GroupBlock<4, true, 64>()), true;
    case 106: return with(GroupBlock<4, true, 128>()), true;
    case 107: return with(GroupBlock<8, false, 32>()), true;
    case 108: return with(GroupBlock<8, false, 128>()), true;
    case 109: return with(Float8Block<32>()), true;
    case 110: return with(Float8Block<128>()), true;
    case 111: return with(GroupBlock<5, true, 32>()), true;
    case 112: return with(GroupBlock<5, true, 64>()), true;
    case 113: return with(GroupBlock<6, true, 32>()), true;
    case 114: return with(GroupBlock<6, true, 64>()), true;
    case 115: return with(GroupBlock<8, true, 32>()), true;
    case 116: return with(GroupBlock<8, true, 64>()), true;
  }
  return false;
}

}  // namespace corelens

#endif  // CORELENS_BLOCKS_H_
