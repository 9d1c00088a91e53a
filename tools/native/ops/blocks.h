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

// What formats of small codes share. Codes lie in their blocks as numbers from 0 up to 63, of which each
// stands for itself less kTaken. ForCodes calls with(place, 32 codes) for every 32 of them. What they
// are multiplied with, and what is added for each number of x (for kTaken too), is said
//
//   where a block has one scale, by ScalesOf, for up to eight blocks at once;
//   where its runs have their own, by Factors: one scale, which it returns, and for each run a whole number
//     and an offset.
//
// Codes and Scales say the same in bytes with a sign and in floats, a run at a time.
template <typename Own, int kTaken, bool kOne>
struct SmallCodes {
  static constexpr bool kSmallCodes = true, kOneScale = kOne;
  static constexpr bool kPlainFactors = false;  // of no sign
  static constexpr bool kNibbles = false;       // 16 bytes, and nothing else, are 32 codes: see Nibbles
  static const int8_t *Codes(const uint8_t *block, int8_t *buffer) {
    Own::ForCodes(block, [&](int place, Bytes codes) {
      StoreAs(buffer + 32 * place, codes - static_cast<uint8_t>(kTaken));
    });
    return buffer;
  }
};

// Blocks of 32 with four or five bits each, a scale, and an offset or none.
template <int kBits, bool kOffset>
struct NarrowBlock
    : SmallCodes<NarrowBlock<kBits, kOffset>, kOffset ? 0 : 1 << (kBits - 1), true> {
  static constexpr int kElements = 32, kRun = 32;
  static constexpr int kHigh = kOffset ? 4 : 2, kLow = kBits == 5 ? kHigh + 4 : kHigh;
  static constexpr int kBytes = kLow + 16;
  static constexpr bool kOffsets = kOffset, kNibbles = kBits == 4;
  static constexpr int kCodes = kLow;  // where they begin
  template <typename With>
  static void ForCodes(const uint8_t *block, With with) {
    Bytes codes = Nibbles(block + kLow);
    if (kBits == 5) codes |= WhereBits<true>(block + kHigh, 16);
    with(0, codes);
  }
  static void ScalesOf(const uint8_t *blocks, int count, EightFloats *scales, EightFloats *offsets) {
    *scales = HalvesAt(blocks, kBytes, count);
    *offsets = kOffset ? HalvesAt(blocks + 2, kBytes, count) : *scales * -float(1 << (kBits - 1));
  }
  static void Scales(const uint8_t *block, float *scales, float *offsets) {
    scales[0] = HalfAt(block);
    if (kOffset) offsets[0] = HalfAt(block + 2);
  }
};

// Blocks of 32 signed bytes and a scale.
struct ByteBlock {
  static constexpr bool kSmallCodes = false;
  static constexpr int kElements = 32, kBytes = 34, kRun = 32;
  static constexpr bool kOffsets = false;
  static const int8_t *Codes(const uint8_t *block, int8_t *) {
    return reinterpret_cast<const int8_t *>(block + 2);
  }
  static void Scales(const uint8_t *block, float *scales, float *) { scales[0] = HalfAt(block); }
};

// Blocks of 256 in eight runs of 32, whose scales and offsets, of six bits each, have a scale in turn.
template <int kBits>
struct RunBlock : SmallCodes<RunBlock<kBits>, 0, false> {
  static constexpr bool kPlainFactors = true;
  static constexpr int kElements = 256, kRun = 32, kLow = kBits == 5 ? 48 : 16;
  static constexpr int kBytes = kLow + 128;
  static constexpr bool kOffsets = true;
  template <typename With>
  static void ForCodes(const uint8_t *block, With with) {
    const Bytes high = kBits == 5 ? LoadAs<Bytes>(block + 16) : Bytes{};
#pragma GCC unroll 4
    for (int pair = 0; pair < 4; pair++) {
      const Bytes both = LoadAs<Bytes>(block + kLow + 32 * pair);
      Bytes first = both & 15, second = ShiftedRight(both, 4);
      if (kBits == 5) {
        first |= BitsTo<4>(high, 2 * pair, 16);
        second |= BitsTo<4>(high, 2 * pair + 1, 16);
      }
      with(2 * pair, first);
      with(2 * pair + 1, second);
    }
  }
  static float Factors(const uint8_t *block, Sixteen *factors, EightFloats *offsets) {
    *factors = SixBits(block + 4);
    offsets[0] = EightOf<true>(*factors) * -HalfAt(block + 2);
    return HalfAt(block);
  }
  static void Scales(const uint8_t *block, float *scales, float *offsets) {
    const Sixteen parts = SixBits(block + 4); // of the scales, then of the offsets
    StoreAs(scales, EightOf<false>(parts) * HalfAt(block));
    StoreAs(offsets, EightOf<true>(parts) * -HalfAt(block + 2));
  }
};

// Blocks of 256 six-bit numbers, with a signed scale for every 16 and a scale of these.
struct SixBitBlock : SmallCodes<SixBitBlock, 32, false> {
  static constexpr int kElements = 256, kBytes = 210, kRun = 16;
  static constexpr bool kOffsets = false;
  template <typename With>
  static void ForCodes(const uint8_t *block, With with) {
#pragma GCC unroll 2
    for (int part = 0; part < 2; part++) {
      const Bytes high = LoadAs<Bytes>(block + 128 + 32 * part);
#pragma GCC unroll 4
      for (int run = 0; run < 4; run++) {
        const Bytes low = LoadAs<Bytes>(block + 64 * part + (run & 1) * 32);
        const Bytes above = BitsTo<4>(high, 2 * run, 48);
        with(4 * part + run, (run < 2 ? low & 15 : ShiftedRight(low, 4)) | above);
      }
    }
  }
  static float Factors(const uint8_t *block, Sixteen *factors, EightFloats *offsets) {
    const float scale = HalfAt(block + 208);
    *factors = LoadAs<Sixteen>(block + 192);
    offsets[0] = EightOf<false>(*factors) * (-32 * scale);
    offsets[1] = EightOf<true>(*factors) * (-32 * scale);
    return scale;
  }
  static void Scales(const uint8_t *block, float *scales, float *) {
    const float scale = HalfAt(block + 208);
    const Sixteen own = LoadAs<Sixteen>(block + 192);
    StoreAs(scales, EightOf<false>(own) * scale);
    StoreAs(scales + 8, EightOf<true>(own) * scale);
  }
};

// Blocks of 256 two-bit numbers, with a scale and an offset of four bits for every 16.
struct TwoBitBlock : SmallCodes<TwoBitBlock, 0, false> {
  static constexpr bool kPlainFactors = true;
  static constexpr int kElements = 256, kBytes = 84, kRun = 16;
  static constexpr bool kOffsets = true;
  template <typename With>
  static void ForCodes(const uint8_t *block, With with) {
#pragma GCC unroll 2
    for (int part = 0; part < 2; part++) {
      const Bytes all = LoadAs<Bytes>(block + 16 + 32 * part);
#pragma GCC unroll 4
      for (int run = 0; run < 4; run++) with(4 * part + run, BitsTo<0>(all, 2 * run, 3));
    }
  }
  static float Factors(const uint8_t *block, Sixteen *factors, EightFloats *offsets) {
    const float least = -HalfAt(block + 82);
    const Sixteen both = LoadAs<Sixteen>(block), other = (both >> 4) & 15;
    *factors = both & 15;
    offsets[0] = EightOf<false>(other) * least;
    offsets[1] = EightOf<true>(other) * least;
    return HalfAt(block + 80);
  }
  static void Scales(const uint8_t *block, float *scales, float *offsets) {
    const float scale = HalfAt(block + 80), least = -HalfAt(block + 82);
    const Sixteen both = LoadAs<Sixteen>(block), own = both & 15, other = (both >> 4) & 15;
    StoreAs(scales, EightOf<false>(own) * scale);
    StoreAs(scales + 8, EightOf<true>(own) * scale);
    StoreAs(offsets, EightOf<false>(other) * least);
    StoreAs(offsets + 8, EightOf<true>(other) * least);
  }
};

// Blocks of 256 three-bit numbers, whose third bits lie apart and count when they are 0, with a signed
// scale of six bits for every 16.
struct ThreeBitBlock : SmallCodes<ThreeBitBlock, 4, false> {
  static constexpr int kElements = 256, kBytes = 110, kRun = 16;
  static constexpr bool kOffsets = false;
  template <typename With>
  static void ForCodes(const uint8_t *block, With with) {
    const Bytes third = LoadAs<Bytes>(block);
#pragma GCC unroll 2
    for (int part = 0; part < 2; part++) {
      const Bytes all = LoadAs<Bytes>(block + 32 + 32 * part);
#pragma GCC unroll 4
      for (int run = 0; run < 4; run++) {
        with(4 * part + run, BitsTo<0>(all, 2 * run, 3) | BitsTo<2>(third, 4 * part + run, 4));
      }
    }
  }
  // The scales of the runs, which have six bits with a sign.
  static Sixteen Parts(const uint8_t *block) {
    const uint32_t a = WordAt(block + 96), b = WordAt(block + 100), high = WordAt(block + 104);
    uint32_t words[4] = {a & 0x0f0f0f0f, b & 0x0f0f0f0f, a >> 4 & 0x0f0f0f0f, b >> 4 & 0x0f0f0f0f};
    for (int i = 0; i < 4; i++) words[i] |= (high >> 2 * i & 0x03030303) << 4;
    return LoadAs<Sixteen>(words) - 32;
  }
  static float Factors(const uint8_t *block, Sixteen *factors, EightFloats *offsets) {
    const float scale = HalfAt(block + 108);
    *factors = Parts(block);
    offsets[0] = EightOf<false>(*factors) * (-4 * scale);
    offsets[1] = EightOf<true>(*factors) * (-4 * scale);
    return scale;
  }
  static void Scales(const uint8_t *block, float *scales, float *) {
    const float scale = HalfAt(block + 108);
    const Sixteen own = Parts(block);
    StoreAs(scales, EightOf<false>(own) * scale);
    StoreAs(scales + 8, EightOf<true>(own) * scale);
  }
};

// Blocks of 32 numbers of four bits that stand for the levels, and a scale.
struct LevelBlock {
  static constexpr bool kSmallCodes = false;
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
  static constexpr bool kSmallCodes = false;
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

}  // namespace corelens

#endif  // CORELENS_BLOCKS_H_
