// y = x w^T + bias for few rows of x, as in decoding, and weights in blocks: codes are multiplied as they
// come out of a block, and each row of the weight is read once for four rows of x.
//
// Where there is AVX2, small codes are multiplied by digits (packed_digits.h). Others are multiplied as
// floats; for x of bfloat16, where there is AVX2, each run of x becomes whole numbers of 16 bits with a
// scale: half as much work, and finer than bfloat16 is for all but numbers that are small beside the
// largest of their run.
#ifndef CORELENS_PACKED_FEW_H_
#define CORELENS_PACKED_FEW_H_

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "packed.h"
#include "packed_digits.h"
#include "parallel.h"
#include "sizes.h"

namespace corelens {

// Rows of x as they are multiplied, from one of them on.
template <typename Number>
struct PackedRows {
  const Number *x;      // [rows, depth]
  const float *sums;    // of x over runs, [rows, runs]
  const float *scales;  // of the numbers of a run, where these are whole ones
  int64_t depth, runs;
  PackedRows From(int64_t row) const {
    return {x + row * depth, sums + row * runs, scales + row * runs, depth, runs};
  }
};

// The sum of a run of codes times x, in eight or kLanes parts.
template <int kRun>
inline Floats RunDot(const int8_t *codes, const float *x) {
  Floats sum{};
#pragma GCC unroll 8
  for (int i = 0; i < kRun; i += kLanes) sum += CodeFloats(codes + i) * Load(x + i);
  return sum;
}

#if defined(__AVX2__)
constexpr bool kWholeNumbers = true;
template <int kRun>
inline EightFloats RunDot(const int8_t *codes, const int16_t *x) {
  __m256i sum = _mm256_setzero_si256();
#pragma GCC unroll 2
  for (int i = 0; i < kRun; i += 16) {
    const __m256i wide = _mm256_cvtepi8_epi16(LoadAs<__m128i>(codes + i));
    const __m256i pairs = _mm256_madd_epi16(wide, LoadAs<__m256i>(x + i));
    sum = i == 0 ? pairs : _mm256_add_epi32(sum, pairs);
  }
  return (EightFloats)_mm256_cvtepi32_ps(sum);
}
#else
constexpr bool kWholeNumbers = false;
#endif

// What a row of a weight and kRows rows of x have summed up so far.
template <typename Number, int kRows>
struct PackedSums {
  typedef std::conditional_t<sizeof(Number) == 2, EightFloats, Floats> Parts;
  // A sum waits for the one before it: with one row of x, four go on beside each other.
  static constexpr int kChains = kRows == 1 ? 4 : 1;
  Parts totals[kRows][kChains] = {};
  EightFloats shifts[kRows] = {};  // what offsets add

  float Of(int r) const {
    Parts total = totals[r][0];
    for (int i = 1; i < kChains; i++) total += totals[r][i];
    float sum = 0;
    for (size_t i = 0; i < sizeof(Parts) / sizeof(float); i++) sum += total[i];
    for (int i = 0; i < 8; i++) sum += shifts[r][i];
    return sum;
  }

  // Adds a block, the b-th of its row and `place`-th of those written out together.
  template <typename Block>
  __attribute__((always_inline)) void Add(const uint8_t *block, const PackedRows<Number> &rows,
                                          int64_t b, int place) {
    CallUp<Block::kBytes>(block);
    constexpr int kRuns = Block::kElements / Block::kRun;
    alignas(64) int8_t buffer[Block::kElements];
    alignas(32) float scales[kBlockRuns], offsets[kBlockRuns], own[kRows][kBlockRuns];
    const int8_t *codes = Block::Codes(block, buffer);
    Block::Scales(block, scales, offsets);
    if (sizeof(Number) == 2) {
      for (int r = 0; r < kRows; r++) {
        const float *more = rows.scales + r * rows.runs + b * kRuns;
        for (int run = 0; kRuns < 8 && run < kRuns; run++) own[r][run] = scales[run] * more[run];
        for (int run = 0; run + 8 <= kRuns; run += 8) {
          StoreAs(own[r] + run, LoadAs<EightFloats>(scales + run) * LoadAs<EightFloats>(more + run));
        }
      }
    }
    // Codes and scales are read from memory again, a few at a time: shuffles would take longer.
    asm volatile("" ::: "memory");
    const Number *x = rows.x + b * Block::kElements;
#pragma GCC unroll 16
    for (int run = 0; run < kRuns; run++) {
      const int i = run * Block::kRun;
      for (int r = 0; r < kRows; r++) {
        const float scale = sizeof(Number) == 2 ? own[r][run] : scales[run];
        totals[r][(place + run) % kChains] +=
            RunDot<Block::kRun>(codes + i, x + r * rows.depth + i) * scale;
      }
    }
    for (int r = 0; r < kRows && Block::kOffsets; r++) {
      const float *sums = rows.sums + r * rows.runs + b * kRuns;
      for (int run = 0; kRuns < 8 && run < kRuns; run++) {
        shifts[r][run] += offsets[run] * sums[run];
      }
      for (int run = 0; run + 8 <= kRuns; run += 8) {
        shifts[r] += LoadAs<EightFloats>(offsets + run) * LoadAs<EightFloats>(sums + run);
      }
    }
  }
};

// Products of a row of a weight with kRows rows of x.
template <typename Block, int kRows, typename Number>
inline void PackedDots(const uint8_t *row, int64_t blocks, const PackedRows<Number> &rows,
                       float *out) {
  constexpr int kGroup = Block::kElements == Block::kRun ? 4 : 1;
  PackedSums<Number, kRows> result;
  int64_t b = 0;
  for (; b + kGroup <= blocks; b += kGroup) {
#pragma GCC unroll 4
    for (int place = 0; place < kGroup; place++) {
      result.template Add<Block>(row + (b + place) * Block::kBytes, rows, b + place, place);
    }
  }
  for (; b < blocks; b++) result.template Add<Block>(row + b * Block::kBytes, rows, b, 0);
  for (int r = 0; r < kRows; r++) out[r] = result.Of(r);
}

// A run of x as whole numbers of 16 bits; returns their scale, NaN where x is not finite.
template <int kRun>
inline float RoundRun(const float *x, int16_t *out) {
  float largest = 0, zeros = 0;
  for (int i = 0; i < kRun; i++) {
    largest = std::max(largest, std::abs(x[i]));
    zeros += x[i] * 0.0f;  // NaN where x is not finite
  }
  const float inverse = largest > 1e-30f && zeros == 0 ? 32767 / largest : 0;
  for (int i = 0; i < kRun; i++) out[i] = static_cast<int16_t>(std::lrint(x[i] * inverse));
  return zeros == 0 ? largest / 32767 : zeros;
}

template <typename Block, typename Rows, typename T>
void PackedProducts(const Rows &x, const PackedWeight &weight, const T *bias, T *y,
                    int64_t rows) {
  const int64_t width = weight.width;
  const int64_t grain = std::max<int64_t>(1, (1 << 16) / (weight.depth + 1));
  ParallelFor(width, grain, [=](int64_t begin, int64_t end) {
    int64_t r = 0;
    const auto run = [&](auto count) {
      constexpr int kRows = decltype(count)::value;
      for (; r + kRows <= rows; r += kRows) {
        const Rows own = x.From(r);
        for (int64_t j = begin; j < end; j++) {
          float out[kRows];
          PackedDots<Block, kRows>(weight.bytes + j * weight.row_bytes, weight.blocks, own, out);
          const float shift = bias ? Widen(bias[j]) : 0.0f;
          for (int i = 0; i < kRows; i++) Put(y + (r + i) * width + j, out[i] + shift);
        }
      }
    };
    run(std::integral_constant<int, 4>());
    run(std::integral_constant<int, 1>());
  });
}

#if defined(__AVX2__)
// x [rows, depth] by digits.
template <typename Block, typename T>
void DigitProducts(const float *x, const PackedWeight &weight, const T *bias, T *y, int64_t rows) {
  constexpr int kDigits = sizeof(T) == 2 ? 2 : 3, kRuns = Block::kElements / kSumRun<Block>;
  // scales are read eight at a time, with zeros behind the last
  const int64_t blocks = weight.blocks, whole = RoundUp(blocks, 8) + 8, row_bytes = kDigits * weight.depth;
  float *scales = Scratch<float>(kPackedValues, rows * (whole * (1 + kRuns) + row_bytes / 4));
  float *sums = scales + rows * whole;
  int8_t *digits = reinterpret_cast<int8_t *>(sums + rows * whole * kRuns);
  std::fill(scales, sums + rows * whole * kRuns, 0.0f);
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t b = 0; b < blocks; b++) {
      const int64_t at = b * Block::kElements;
      scales[r * whole + b] =
          BlockDigits<Block, kDigits>(x + r * weight.depth + at, digits + r * row_bytes + at * kDigits,
                                      sums + (r * whole + b) * kRuns);
    }
  }
  const DigitRows<kDigits> own{digits, scales, sums, row_bytes, whole, whole * kRuns};
  PackedProducts<Block>(own, weight, bias, y, rows);
}
#endif

// x [rows, depth] by codes as they come out of a block; there is room for as many numbers, and two for
// each of their runs, behind it.
template <typename Block, typename T>
void CodeProducts(float *x, const PackedWeight &weight, const T *bias, T *y, int64_t rows) {
  constexpr bool kWhole = kWholeNumbers && sizeof(T) == 2;
  const int64_t depth = weight.depth, runs = depth / Block::kRun;
  float *sums = x + rows * depth, *scales = sums + rows * runs;
  int16_t *whole = reinterpret_cast<int16_t *>(scales + rows * runs);
  for (int64_t i = 0; i < rows * runs; i++) {
    const float *run = x + i * Block::kRun;
    if (Block::kOffsets) {
      Floats sum{};
      for (int j = 0; j < Block::kRun; j += kLanes) sum += Load(run + j);
      sums[i] = SumOf(sum);
    }
    if (kWhole) scales[i] = RoundRun<Block::kRun>(run, whole + i * Block::kRun);
  }
  if constexpr (kWhole) {
    const PackedRows<int16_t> own{whole, sums, scales, depth, runs};
    PackedProducts<Block>(own, weight, bias, y, rows);
  } else {
    const PackedRows<float> own{x, sums, scales, depth, runs};
    PackedProducts<Block>(own, weight, bias, y, rows);
  }
}

// x [rows, depth], bias [width] or null, y [rows, width].
template <typename Block, typename T>
void PackedFew(const T *x, const PackedWeight &weight, const T *bias, T *y, int64_t rows) {
  const int64_t size = rows * weight.depth, runs = size / Block::kRun;
  float *wide = Scratch<float>(kPackedKeys, 2 * size + 2 * runs);
  for (int64_t i = 0; i < size; i += kLanes) Store(wide + i, Load(x + i));
#if defined(__AVX2__)
  if constexpr (Block::kSmallCodes) DigitProducts<Block>(wide, weight, bias, y, rows);
  else CodeProducts<Block>(wide, weight, bias, y, rows);
#else
  CodeProducts<Block>(wide, weight, bias, y, rows);
#endif
}

}  // namespace corelens

#endif  // CORELENS_PACKED_FEW_H_
