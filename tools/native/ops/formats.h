// Weights of codes and scales that are apart in their files, and of floats, as blocks; and all formats of
// blocks by their numbers. Those of GGUF files are in blocks.h.
#ifndef CORELENS_FORMATS_H_
#define CORELENS_FORMATS_H_

#include <algorithm>

#include "blocks.h"

namespace corelens {

// Blocks of kElements codes of four to eight bits with one float as their scale: how weights lie in memory
// whose codes, scales and zeros are apart in their files (lib/weights/packings/groups.ts). Behind the
// scale stands a float as offset, or what is taken off codes of fewer than eight bits; those of eight
// have a sign.
template <int kBits, bool kOffset, int kSize>
struct GroupBlock {
  static constexpr bool kSmallCodes = kBits < 8, kOneScale = true, kNibbles = kBits == 4;
  static constexpr int kElements = kSize, kRun = 32;
  static constexpr int kStart = kOffset ? 8 : kBits == 8 ? 4 : 5;
  static constexpr int kBytes = kStart + kSize * kBits / 8, kCodes = kStart;
  static constexpr bool kOffsets = kOffset;
  template <typename With>
  static void ForCodes(const uint8_t *block, With with) {
#pragma GCC unroll 4
    for (int place = 0; place < kSize / 32; place++) {
      with(place, CodesOf<kBits>(block + kStart + 4 * kBits * place));
    }
  }
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    if (kBits == 8) return reinterpret_cast<const int8_t *>(block + kStart);
    const uint8_t taken = kOffset ? 0 : block[4];
    ForCodes(block, [&](int place, Bytes codes) { StoreAs(buffer + 32 * place, codes - taken); });
    return buffer;
  }
  static void ScalesOf(const uint8_t *blocks, int count, EightFloats *scales, EightFloats *offsets) {
    float own[8] = {}, more[8] = {};
    for (int i = 0; i < count; i++) {
      const uint8_t *block = blocks + i * kBytes;
      own[i] = LoadAs<float>(block);
      more[i] = kOffset ? LoadAs<float>(block + 4) : own[i] * -static_cast<int8_t>(block[4]);
    }
    *scales = LoadAs<EightFloats>(own);
    *offsets = LoadAs<EightFloats>(more);
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
    // called up a little ahead: the pages of a file are small, and no processor looks beyond a page
    constexpr int64_t kAhead = 2048, kLine = 64 / kBytes;
    const Number *numbers = reinterpret_cast<const Number *>(block);
    for (int64_t line = 0; line < blocks; line += kLine) {
      __builtin_prefetch(block + kBytes * line + kAhead);
      ForVectors(std::min(kLine, blocks - line), [&](int64_t i, int n) {
        StoreUpTo(out + line + i, LoadUpTo(numbers + line + i, n), n);
      });
    }
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

// Formats by their number in a GGUF file, those of no file from 101 on; `nativeFormats` in lib/backend/native_formats.ts lists them.
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

#endif  // CORELENS_FORMATS_H_
