// y = x w^T + bias for few rows of x, as in decoding: each row of w is read once, as it lies or as floats
// that are unpacked a few rows at a time.
#ifndef CORELENS_LINEAR_FEW_H_
#define CORELENS_LINEAR_FEW_H_

#include <algorithm>

#include "parallel.h"
#include "plain_weight.h"
#include "pointwise.h"
#include "scratch.h"
#include "vectors.h"

namespace corelens {

// Adds the dot products of kRows rows of x with kOuts rows of w, both of stride depth, to sums.
template <int kRows, int kOuts, typename T, typename W>
inline void AddDots(const T *x, const W *w, int64_t depth, Floats sums[kRows][kOuts]) {
  ForVectors(depth, [&](int64_t i, int n) {
    Floats columns[kOuts];
    for (int j = 0; j < kOuts; j++) columns[j] = LoadUpTo(w + j * depth + i, n);
    for (int r = 0; r < kRows; r++) {
      const Floats v = LoadUpTo(x + r * depth + i, n);
      for (int j = 0; j < kOuts; j++) sums[r][j] += v * columns[j];
    }
  });
}

#if defined(__AVX512BF16__)
// The same, by products of pairs.
template <int kRows, int kOuts>
inline void AddDots(const Bfloat16 *x, const Bfloat16 *w, int64_t depth,
                    Floats sums[kRows][kOuts]) {
  for (int64_t i = 0; i < depth; i += 32) {
    const __mmask32 used = depth - i < 32 ? (1u << (depth - i)) - 1 : ~0u;
    const auto load = [=](const Bfloat16 *p) {
      return (__m512bh)_mm512_maskz_loadu_epi16(used, p);
    };
    __m512bh columns[kOuts];
    for (int j = 0; j < kOuts; j++) columns[j] = load(w + j * depth + i);
    for (int r = 0; r < kRows; r++) {
      const __m512bh v = load(x + r * depth + i);
      for (int j = 0; j < kOuts; j++) {
        sums[r][j] = (Floats)_mm512_dpbf16_ps((__m512)sums[r][j], v, columns[j]);
      }
    }
  }
}
#endif

template <int kRows, int kOuts, typename T, typename W>
inline void Dots(const T *x, const W *w, const T *bias, T *y, int64_t depth, int64_t width) {
  Floats sums[kRows][kOuts] = {};
  AddDots<kRows, kOuts>(x, w, depth, sums);
  for (int r = 0; r < kRows; r++) {
    for (int j = 0; j < kOuts; j++) {
      Put(y + r * width + j, SumOf(sums[r][j]) + (bias ? Widen(bias[j]) : 0.0f));
    }
  }
}

template <int kOuts, typename T, typename W>
inline void DotRows(const T *x, const W *w, const T *bias, T *y, int64_t rows, int64_t depth,
                    int64_t width) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    Dots<4, kOuts>(x + r * depth, w, bias, y + r * width, depth, width);
  }
  for (; r < rows; r++) Dots<1, kOuts>(x + r * depth, w, bias, y + r * width, depth, width);
}

// x [rows, depth], w [width, depth], bias [width] or null, y [rows, width].
template <typename T, typename Weight>
void LinearFew(const T *x, const Weight &w, const T *bias, T *y, int64_t rows,
               Activation activation = kNoActivation) {
  const int64_t width = w.width, depth = w.depth;
  const int64_t grain = std::max<int64_t>(4, (1 << 17) / (depth + 1) / 4 * 4);
  ParallelFor(width, grain, [=, &w](int64_t begin, int64_t end) {
    const auto from = [&](int64_t j, int64_t count) {
      return w.template Rows<float>(j, count, kMoreKeys);
    };
    int64_t j = begin;
    for (; j + 4 <= end; j += 4) {
      DotRows<4>(x, from(j, 4), bias ? bias + j : nullptr, y + j, rows, depth, width);
    }
    for (; j < end; j++) {
      DotRows<1>(x, from(j, 1), bias ? bias + j : nullptr, y + j, rows, depth, width);
    }
    for (int64_t r = 0; r < rows; r++) ActivateRun(activation, y + r * width + begin, end - begin);
  });
}

}  // namespace corelens

#endif  // CORELENS_LINEAR_FEW_H_
