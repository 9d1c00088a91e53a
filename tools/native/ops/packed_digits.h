// y = x w^T + bias for few rows of x and weights in blocks of small codes (blocks.h), by whole numbers.
//
// Each block of x becomes whole numbers with a scale, of 16 bits for x of bfloat16 and of 24 for x of
// floats: off by at most 2^-16 and 2^-24 of the largest number of the block. They are multiplied a digit
// of eight bits at a time, 32 codes by an instruction, without a code being widened; sums over a block are
// exact.
#ifndef CORELENS_PACKED_DIGITS_H_
#define CORELENS_PACKED_DIGITS_H_

#include <algorithm>
#include <type_traits>

#include "packed.h"

namespace corelens {

#if defined(__AVX2__)

// Whether x stays whole numbers of 16 bits: codes of four bits are multiplied with these in fewer steps.
template <typename Block, int kDigits>
constexpr bool kWholeWords = kDigits == 2 && Block::kNibbles;

// Rows of x in digits.
template <int kDigits>
struct DigitRows {
  const int8_t *digits;  // for every 32 numbers kDigits vectors, the lowest digits first; or the numbers
  const float *scales;   // of the blocks of each row
  const float *sums;     // of the rounded numbers of each run of each row
  int64_t row_bytes, row_scales, row_sums;
  DigitRows From(int64_t row) const {
    return {digits + row * row_bytes, scales + row * row_scales, sums + row * row_sums, row_bytes,
            row_scales, row_sums};
  }
};

// Numbers of x that have a sum together.
template <typename Block>
constexpr int kSumRun = Block::kOneScale ? Block::kElements : Block::kRun;

// a + the sums of the products of two neighbours.
inline __m256i AddPairProducts(__m256i a, __m256i x, __m256i y) {
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
  return _mm256_dpwssd_epi32(a, x, y);
#else
  return _mm256_add_epi32(a, _mm256_madd_epi16(x, y));
#endif
}

// Where in 16 bytes the factors of each of 32 codes are, as shuffles take it: as the upper bytes of 16 bits, or
// as the lower ones where factors have no sign.
struct FactorPlaces {
  alignas(32) int8_t of[8][32];
  constexpr FactorPlaces(int run, bool lower) : of() {
    for (int place = 0; place < 8; place++) {
      for (int i = 0; i < 32; i++) {
        of[place][i] = (i % 2 == 0) != lower ? -1 : static_cast<int8_t>((32 * place + i) / run);
      }
    }
  }
};
template <int kRun, bool kLower>
constexpr FactorPlaces kFactorPlaces{kRun, kLower};

// A sum that is there before the next is begun: the compiler would rather keep all terms, in memory.
inline void Settle(__m256i &sum) {
#if defined(__GNUC__)
  asm("" : "+x"(sum));
#endif
}

// What a row of a weight and kRows rows of x have summed up so far.
template <int kDigits, int kRows>
struct DigitSums {
  // A sum waits for the one before it: with one row of x, two go on beside each other.
  static constexpr int kChains = kRows == 1 ? 2 : 1;
  __m256 totals[kRows][kChains] = {}, shifts[kRows] = {};

  float Of(int r) const {
    __m256 total = totals[r][0];
    for (int i = 1; i < kChains; i++) total = _mm256_add_ps(total, totals[r][i]);
    const EightFloats sum = (EightFloats)_mm256_add_ps(total, shifts[r]);
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
  }

  // Adds the b-th block of the row, whose runs have factors.
  template <typename Block>
  __attribute__((always_inline)) void AddRuns(const uint8_t *block, const DigitRows<kDigits> &rows,
                                              int64_t b) {
    constexpr int kRuns = Block::kElements / Block::kRun;
    CallUp<Block::kBytes>(block);
    Sixteen factors;
    EightFloats offsets[kRuns / 8];
    const float scale = Block::Factors(block, &factors, offsets);
    const __m256i all = _mm256_broadcastsi128_si256((__m128i)factors);
    __m256i sums[kRows][kDigits][2] = {};  // a sum waits for the one before it
    const int8_t *x = rows.digits + b * Block::kElements * kDigits;
    Block::ForCodes(block, [&](int place, Bytes codes) __attribute__((always_inline)) {
      constexpr bool kLower = Block::kPlainFactors;
      const __m256i places = LoadAs<__m256i>(kFactorPlaces<Block::kRun, kLower>.of[place]);
      const __m256i shuffled = _mm256_shuffle_epi8(all, places);
      const __m256i own = kLower ? shuffled : _mm256_srai_epi16(shuffled, 8);
      for (int r = 0; r < kRows; r++) {
        for (int d = 0; d < kDigits; d++) {
          const int8_t *digits = x + r * rows.row_bytes + (place * kDigits + d) * 32;
          const __m256i pairs = _mm256_maddubs_epi16((__m256i)codes, LoadAs<__m256i>(digits));
          __m256i &sum = sums[r][d][kRows == 1 ? place % 2 : 0];
          sum = AddPairProducts(sum, pairs, own);
          if (kDigits == 2) Settle(sum);  // with three digits there are more sums than registers
        }
      }
    });
    for (int r = 0; r < kRows; r++) {
      __m256 whole{};
      for (int d = kDigits - 1; d >= 0; d--) {
        const __m256 sum = _mm256_cvtepi32_ps(_mm256_add_epi32(sums[r][d][0], sums[r][d][1]));
        whole = _mm256_fmadd_ps(whole, _mm256_set1_ps(256), sum);
      }
      const float own = scale * rows.scales[r * rows.row_scales + b];
      totals[r][0] = _mm256_fmadd_ps(whole, _mm256_set1_ps(own), totals[r][0]);
      const float *more = rows.sums + r * rows.row_sums + b * kRuns;
      for (int i = 0; i < kRuns / 8; i++) {
        shifts[r] = _mm256_fmadd_ps((__m256)offsets[i], LoadAs<__m256>(more + 8 * i), shifts[r]);
      }
    }
  }

  // Adds a block of codes of four bits times numbers of 16, the i-th of some with scales.
  template <typename Block>
  __attribute__((always_inline)) void AddWords(const uint8_t *block, const int8_t *x, int64_t row_bytes,
                                               const float (&scales)[kRows][8], int i) {
    __m256i sums[kRows] = {};
#pragma GCC unroll 4
    for (int place = 0; place < Block::kElements / 32; place++) {
      const __m256i both = _mm256_cvtepu8_epi16(LoadAs<__m128i>(block + Block::kCodes + 16 * place));
      const __m256i first = _mm256_and_si256(both, _mm256_set1_epi16(15));
      const __m256i second = _mm256_srli_epi16(both, 4);
      for (int r = 0; r < kRows; r++) {
        const int8_t *words = x + r * row_bytes + 64 * place;
        sums[r] = AddPairProducts(sums[r], first, LoadAs<__m256i>(words));
        sums[r] = AddPairProducts(sums[r], second, LoadAs<__m256i>(words + 32));
      }
    }
    for (int r = 0; r < kRows; r++) {
      const __m256 whole = _mm256_cvtepi32_ps(sums[r]);
      __m256 &total = totals[r][i % kChains];
      total = _mm256_fmadd_ps(whole, _mm256_set1_ps(scales[r][i]), total);
    }
  }

  // Adds the blocks from the b-th on, kCount of at most eight, which have one scale each.
  template <typename Block, int kCount>
  __attribute__((always_inline)) void AddBlocks(const uint8_t *blocks,
                                                const DigitRows<kDigits> &rows, int64_t b) {
    EightFloats scales, offsets;
    alignas(32) float own[kRows][8];
    Block::ScalesOf(blocks, kCount, &scales, &offsets);
    for (int r = 0; r < kRows; r++) {  // rows have zeros at their ends
      StoreAs(own[r], scales * LoadAs<EightFloats>(rows.scales + r * rows.row_scales + b));
      const __m256 sums = LoadAs<__m256>(rows.sums + r * rows.row_sums + b);
      shifts[r] = _mm256_fmadd_ps((__m256)offsets, sums, shifts[r]);
    }
    asm volatile("" ::: "memory");
    CallUp<kCount * Block::kBytes>(blocks);
    const __m256i ones = _mm256_set1_epi16(1), base = _mm256_set1_epi16(256);
#pragma GCC unroll 8
    for (int i = 0; i < kCount; i++) {
      const int8_t *x = rows.digits + (b + i) * Block::kElements * kDigits;
      if constexpr (kWholeWords<Block, kDigits>) {
        AddWords<Block>(blocks + i * Block::kBytes, x, rows.row_bytes, own, i);
        continue;
      }
      __m256i upper[kRows] = {}, lowest[kRows] = {};
      Block::ForCodes(blocks + i * Block::kBytes, [&](int place, Bytes codes)
                                                      __attribute__((always_inline)) {
        for (int r = 0; r < kRows; r++) {
          const int8_t *digits = x + r * rows.row_bytes + place * kDigits * 32;
          const auto pairs = [&](int d) {
            return _mm256_maddubs_epi16((__m256i)codes, LoadAs<__m256i>(digits + 32 * d));
          };
          upper[r] = AddPairProducts(upper[r], pairs(kDigits - 1), base);
          upper[r] = AddPairProducts(upper[r], pairs(kDigits - 2), ones);
          if (kDigits == 3) lowest[r] = AddPairProducts(lowest[r], pairs(0), ones);
        }
      });
      for (int r = 0; r < kRows; r++) {
        __m256 whole = _mm256_cvtepi32_ps(upper[r]);
        if (kDigits == 3) {
          whole = _mm256_fmadd_ps(whole, _mm256_set1_ps(256), _mm256_cvtepi32_ps(lowest[r]));
        }
        __m256 &total = totals[r][i % kChains];
        total = _mm256_fmadd_ps(whole, _mm256_set1_ps(own[r][i]), total);
      }
    }
  }
};

// Products of a row of a weight with kRows rows of x.
template <typename Block, int kRows, int kDigits>
inline void PackedDots(const uint8_t *row, int64_t blocks, const DigitRows<kDigits> &rows, float *out) {
  DigitSums<kDigits, kRows> result;
  int64_t b = 0;
  if constexpr (Block::kOneScale) {
    const auto add = [&](auto count) __attribute__((always_inline)) {
      result.template AddBlocks<Block, count>(row + b * Block::kBytes, rows, b);
      b += count;
    };
    while (b + 8 <= blocks) add(std::integral_constant<int, 8>());
    if (b + 4 <= blocks) add(std::integral_constant<int, 4>());
    if (b + 2 <= blocks) add(std::integral_constant<int, 2>());
    if (b < blocks) add(std::integral_constant<int, 1>());
  } else {
    for (; b < blocks; b++) result.template AddRuns<Block>(row + b * Block::kBytes, rows, b);
  }
  for (int r = 0; r < kRows; r++) out[r] = result.Of(r);
}

// 32 numbers as digits, a vector of each kind, or as numbers of 16 bits. Adds up the numbers of each half.
template <int kDigits, bool kWords>
inline void StoreDigits(const float *x, float inverse, int8_t *out, EightInts *sums) {
  __m256i rest[4];
  for (int i = 0; i < 4; i++) {
    const __m256 scaled = _mm256_mul_ps(LoadAs<__m256>(x + 8 * i), _mm256_set1_ps(inverse));
    rest[i] = _mm256_cvtps_epi32(scaled);
    sums[i / 2] += (EightInts)rest[i];
  }
  if (kWords) {
    for (int i = 0; i < 2; i++) {
      const __m256i packed = _mm256_packs_epi32(rest[2 * i], rest[2 * i + 1]);
      StoreAs(out + 32 * i, _mm256_permute4x64_epi64(packed, 0b11011000));
    }
    return;
  }
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);  // as packing leaves groups of four
  for (int d = 0; d < kDigits; d++) {
    __m256i lowest[4];
    for (int i = 0; i < 4; i++) {
      lowest[i] = _mm256_and_si256(rest[i], _mm256_set1_epi32(255));
      rest[i] = _mm256_srai_epi32(_mm256_add_epi32(rest[i], _mm256_set1_epi32(128)), 8);
    }
    const __m256i packed = _mm256_packus_epi16(_mm256_packus_epi32(lowest[0], lowest[1]),
                                               _mm256_packus_epi32(lowest[2], lowest[3]));
    StoreAs(out + 32 * d, _mm256_permutevar8x32_epi32(packed, order));
  }
}

inline float WholeSum(EightInts x) {
  return ((x[0] + x[4]) + (x[1] + x[5])) + ((x[2] + x[6]) + (x[3] + x[7]));
}

// A block of x as digits, and the sums of its runs; returns its scale, NaN where x is not finite.
template <typename Block, int kDigits>
inline float BlockDigits(const float *x, int8_t *out, float *sums) {
  constexpr float kMost = kDigits == 2 ? 127 * 256 : 127 * 65536;
  constexpr int kElements = Block::kElements, kRun = kSumRun<Block>;
  EightInts largest{};  // of the numbers without their signs, which order as their bits do
  for (int i = 0; i < kElements; i += 8) {
    const EightInts bits = LoadAs<EightInts>(x + i) & 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  int32_t word = 0;
  for (int i = 0; i < 8; i++) word = std::max(word, largest[i]);
  float most;
  std::memcpy(&most, &word, sizeof(most));
  const bool finite = word < 0x7f800000;
  const float inverse = finite && most > 1e-30f ? kMost / most : 0;
  const float scale = finite ? most / kMost : __builtin_nanf("");
  EightInts total{};
  for (int i = 0; i < kElements; i += 32) {
    EightInts halves[2] = {};
    StoreDigits<kDigits, kWholeWords<Block, kDigits>>(x + i, inverse, out + i * kDigits, halves);
    if (kRun == 16) {
      sums[i / 16] = scale * WholeSum(halves[0]);
      sums[i / 16 + 1] = scale * WholeSum(halves[1]);
      continue;
    }
    total += halves[0] + halves[1];
    if ((i + 32) % kRun != 0) continue;
    sums[i / kRun] = scale * WholeSum(total);
    total = EightInts{};
  }
  return scale;
}

#endif

}  // namespace corelens

#endif  // CORELENS_PACKED_DIGITS_H_
