// Strassen's product of two matrices of 2 by 2 blocks: seven products of blocks in place of eight
// (Strassen 1969). The sums of blocks that they take are made while blocks are packed, and each
// product is added where it belongs as it leaves the registers (Huang et al., "Strassen's algorithm
// reloaded", 2016), so that no pass over memory is spent on them.
#ifndef CORELENS_STRASSEN_H_
#define CORELENS_STRASSEN_H_

#include <algorithm>

#include "sizes.h"
#include "transpose.h"
#include "vectors.h"

namespace corelens {

constexpr int kBlockProducts = 7;
// Blocks of C, by row and column.
enum Quarter { k11, k12, k21, k22, kNone };

// Where a product of blocks goes: to one or two quarters of C, with a sign. `new_first` and
// `new_second` say that none of the products before it went there.
struct BlockProduct {
  Quarter first;
  float first_sign;
  bool new_first;
  Quarter second;
  float second_sign;
  bool new_second;
};

// The factors of product i are the i-th of SumsOfA and SumsOfB.
constexpr BlockProduct kProducts[kBlockProducts] = {
    {k11, 1, true, k22, 1, true},      // (a11 + a22) (b11 + b22)
    {k21, 1, true, k22, -1, false},    // (a21 + a22) b11
    {k12, 1, true, k22, 1, false},     // a11 (b12 - b22)
    {k11, 1, false, k21, 1, false},    // a22 (b21 - b11)
    {k11, -1, false, k12, 1, false},   // (a11 + a12) b22
    {k22, 1, false, kNone, 0, false},  // (a21 - a11) (b11 + b12)
    {k11, 1, false, kNone, 0, false},  // (a12 - a22) (b21 + b22)
};

// Stores the left factors at `to`, each `stride` floats after the last.
inline void SumsOfA(Floats a11, Floats a12, Floats a21, Floats a22, float *to, int64_t stride) {
  Store(to, a11 + a22);
  Store(to + stride, a21 + a22);
  Store(to + 2 * stride, a11);
  Store(to + 3 * stride, a22);
  Store(to + 4 * stride, a11 + a12);
  Store(to + 5 * stride, a21 - a11);
  Store(to + 6 * stride, a12 - a22);
}

// The right factors.
inline void SumsOfB(Floats b11, Floats b12, Floats b21, Floats b22, float *to, int64_t stride) {
  Store(to, b11 + b22);
  Store(to + stride, b11);
  Store(to + 2 * stride, b12 - b22);
  Store(to + 3 * stride, b21 - b11);
  Store(to + 4 * stride, b22);
  Store(to + 5 * stride, b11 + b12);
  Store(to + 6 * stride, b21 + b22);
}

// A tile of a product: rows of A by columns of B, all of whose sums lie in registers.
#if defined(__AVX512F__)
constexpr int kProductRows = 12;  // by 2 vectors: 24 of 32 registers
#else
constexpr int kProductRows = 6;  // 12 of 16 registers
#endif
constexpr int kProductColumns = 2 * kLanes;
constexpr int kProductTile = kProductRows * kProductColumns;

// Depth that one tile sums up at most, and the floats from one row of a packed A to the next: a
// constant, so that the rows of a tile are reached from one address, and no power of two, so that
// they do not fall into the same lines of the first cache.
constexpr int64_t kProductDepth = 512;
constexpr int64_t kProductStride = kProductDepth + 16;

// Adds a tile of sums, or stores it where there is nothing yet.
inline void AddTile(const Floats sums[kProductRows][2], float sign, bool store, float *to) {
#pragma GCC unroll 12
  for (int r = 0; r < kProductRows; r++) {
    for (int v = 0; v < 2; v++) {
      float *p = to + r * kProductColumns + v * kLanes;
      const Floats x = sums[r][v] * sign;
      Store(p, store ? x : Load(p) + x);
    }
  }
}

// What the next tiles read, called up while one is multiplied: it lies in the third cache or beyond.
struct Ahead {
  const float *b;   // a part of the next tile of B, of `count` floats
  int64_t count;
  const float *a;   // the rows of the next block of A, or null
};
constexpr int64_t kAheadDepth = 32;  // of a tile, from one part of what is called up to the next

// One tile of a product: a [kProductRows, depth] of stride kProductStride, b [depth,
// kProductColumns] packed, to tiles of the quarters, which hold nothing before the first step.
inline void ProductTile(const float *a, const float *b, int64_t depth, const BlockProduct &product,
                        bool first_step, float *first, float *second, const Ahead &ahead) {
  Floats sums[kProductRows][2] = {};
  const auto multiply = [&](int64_t count) __attribute__((always_inline)) {
    for (int64_t d = 0; d < count; d++, a++, b += kProductColumns) {
      const Floats left = Load(b), right = Load(b + kLanes);
#pragma GCC unroll 12
      for (int r = 0; r < kProductRows; r++) {
        const Floats x = Splat(a[r * kProductStride]);
        sums[r][0] += x * left;
        sums[r][1] += x * right;
      }
    }
  };
  // What the sums will be added to is called up shortly before: earlier, B would push it out again.
  const int64_t last = std::min<int64_t>(depth, 32), parts = (depth - last) / kAheadDepth;
  const int64_t each = RoundUp(CeilDiv(ahead.count, std::max<int64_t>(1, parts)), 16);
  for (int64_t part = 0; part < parts; part++) {
    Prefetch<false>(ahead.b + part * each, std::min(each, ahead.count - part * each));
    for (int r = 0; ahead.a && r < kProductRows; r++) {
      Prefetch<false>(ahead.a + r * kProductStride + part * kAheadDepth, kAheadDepth);
    }
    multiply(kAheadDepth);
  }
  multiply(depth - last - parts * kAheadDepth);
  for (int i = 0; i < kProductTile; i += 16) {
    __builtin_prefetch(first + i, 1);
    if (second) __builtin_prefetch(second + i, 1);
  }
  multiply(last);
  AddTile(sums, product.first_sign, first_step && product.new_first, first);
  if (second) {
    AddTile(sums, product.second_sign, first_step && product.new_second, second);
  }
}

}  // namespace corelens

#endif  // CORELENS_STRASSEN_H_
