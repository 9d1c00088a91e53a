// y = x w^T + bias for many rows of floats with matrix registers, which multiply bfloat16: each float
// is a sum of bfloat16 parts, and the product a sum of products of parts (Henry, Tang and Heinecke,
// "Leveraging the bfloat16 artificial intelligence datatype for higher-precision computations", 2019).
//
// A part holds 8 bits of the number, so three are the whole number. Of their nine products the six
// largest are summed up; the others are at most 2^-23 of sum |x_i| |w_i| together, less than what plain
// sums of floats round. Two parts take three products, and leave at most 3 * 2^-16 of that sum out.
// Rows are first scaled by powers of two, as for Strassen's method, so that small parts do not vanish.
#ifndef CORELENS_LINEAR_SPLIT_H_
#define CORELENS_LINEAR_SPLIT_H_

#include <algorithm>
#include <vector>

#include "linear_few.h"
#include "pack_float.h"
#include "parallel.h"
#include "pointwise.h"
#include "scratch.h"
#include "sizes.h"
#include "tiles.h"

#if CORELENS_AMX

namespace corelens {

constexpr int64_t kSplitRows = 128;   // rows of x at once
constexpr int64_t kSplitDepth = 512;  // of their columns at once; longer sums are added in floats
constexpr int64_t kSplitPanel = 128;  // columns of the product of one task

// Writes the parts of a row [depth], times its scale, padded with zeros; parts lie `stride` elements
// apart. Rows that are not finite, or not there (null), become zeros.
template <int kParts>
inline RowScale SplitRow(const float *row, int64_t depth, int64_t padded, Bfloat16 *parts,
                         int64_t stride) {
  const RowScale scale = row ? RowScale::Of(row, depth) : RowScale{};
  for (int64_t i = 0; i < padded; i += kLanes) {
    Floats rest{};
    if (row && scale.finite && i < depth) {
      rest = LoadUpTo(row + i, static_cast<int>(std::min<int64_t>(kLanes, depth - i))) * scale.down;
    }
    for (int part = 0; part < kParts; part++) {
      Store(parts + part * stride + i, rest);
      rest -= Load(parts + part * stride + i);
    }
  }
  return scale;
}

// Where the parts of a factor lie.
struct Parts {
  const Bfloat16 *data;
  int64_t stride;  // from one part to the next
};

// sums [32, 32] = 32 rows of x by 32 columns, over `blocks` of 32 numbers: the small products first,
// so that they are not lost beside the large ones. `columns` is from 16 columns to the next.
template <int kParts>
inline void SplitTile(const Parts &x, int64_t lda, const Parts &w, int64_t columns, int64_t blocks,
                      float *sums) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int level = kParts - 1; level >= 0; level--) {
    for (int64_t block = 0; block < blocks; block++) {
      for (int part = 0; part <= level; part++) {
        const Bfloat16 *a = x.data + part * x.stride + block * 32;
        const Bfloat16 *b = w.data + (level - part) * w.stride + block * kBlock;
        _tile_loadd(4, a, lda * 2);
        _tile_loadd(6, b, 64);
        _tile_loadd(7, b + columns, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(5, a + 16 * lda, lda * 2);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
  }
  _tile_stored(0, sums, 32 * 4);
  _tile_stored(1, sums + 16, 32 * 4);
  _tile_stored(2, sums + 16 * 32, 32 * 4);
  _tile_stored(3, sums + 16 * 32 + 16, 32 * 4);
}

// One product: x [rows, depth], w [width, depth], bias [width] or null, y [rows, width].
struct SplitProduct {
  const float *x, *w, *bias;
  float *y;
  int64_t rows, width, depth;
  Activation activation;
  int64_t padded() const { return RoundUp(depth, 32); }
};

// The columns of one task: their packed parts, and what scales them back.
struct SplitPanel {
  int64_t left, columns;
  Parts parts;
  float up[kSplitPanel];
  bool finite[kSplitPanel];
};

template <int kParts>
inline void PackPanel(const SplitProduct &product, SplitPanel &panel) {
  const int64_t padded = product.padded(), wide = RoundUp(panel.columns, 32);
  Bfloat16 *packed = Scratch<Bfloat16>(kPackedKeys, kParts * wide * padded);
  Bfloat16 *rows = Scratch<Bfloat16>(kQueries, kParts * 16 * padded);
  panel.parts = {packed, wide * padded};
  for (int64_t j = 0; j < wide; j += 16) {
    for (int64_t i = 0; i < 16; i++) {
      const bool there = j + i < panel.columns;
      const float *row = there ? product.w + (panel.left + j + i) * product.depth : nullptr;
      const RowScale scale =
          SplitRow<kParts>(row, product.depth, padded, rows + i * padded, 16 * padded);
      panel.up[j + i] = scale.up;
      panel.finite[j + i] = scale.finite;
    }
    for (int part = 0; part < kParts; part++) {
      Bfloat16 *to = packed + part * wide * padded + j * padded;
      for (int64_t d = 0; d < padded; d += 32, to += kBlock) {
        TransposePairs(rows + part * 16 * padded + d, padded, to);
      }
    }
  }
}

// Scales sums of a row back and stores them; what is not finite is computed in plain sums.
inline void StoreSplit(const SplitProduct &product, const SplitPanel &panel, const float *sums,
                       int64_t row, const RowScale &scale) {
  float *y = product.y + row * product.width + panel.left;
  const float *bias = product.bias ? product.bias + panel.left : nullptr;
  WithActivation(product.activation, [&](auto kind) {
    ForVectors(panel.columns, [&](int64_t j, int n) {
      Floats sum = LoadUpTo(sums + j, n) * scale.up * LoadUpTo(panel.up + j, n);
      if (bias) sum += LoadUpTo(bias + j, n);
      StoreUpTo(y + j, Activate<kind.value>(sum), n);
    });
  });
  for (int64_t j = 0; j < panel.columns; j++) {
    if (scale.finite && panel.finite[j]) continue;
    Dots<1, 1>(product.x + row * product.depth, product.w + (panel.left + j) * product.depth,
               bias ? bias + j : nullptr, y + j, product.depth, product.width);
    ActivateRun(product.activation, y + j, 1);
  }
}

template <int kParts>
inline void LinearSplit(const SplitProduct &product) {
  const int64_t padded = product.padded(), lines = RoundUp(product.rows, 32);
  Bfloat16 *split = Scratch<Bfloat16>(kPackedValues, kParts * lines * padded);
  const Parts parts{split, lines * padded};
  std::vector<RowScale> scales(lines);
  ParallelFor(lines, 32, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float *row = r < product.rows ? product.x + r * product.depth : nullptr;
      scales[r] =
          SplitRow<kParts>(row, product.depth, padded, split + r * padded, parts.stride);
    }
  });
  const int64_t panels = CeilDiv(product.width, kSplitPanel);
  // Enough tasks for every thread, of as many rows as possible: each packs its panel of w.
  const int64_t wanted = CeilDiv(3 * Pool::Get().threads(), panels);
  const int64_t piece = std::max(kSplitRows, RoundUp(CeilDiv(product.rows, wanted), kSplitRows));
  const int64_t pieces = CeilDiv(product.rows, piece);
  Pool::Get().Run(panels * pieces, [&](int64_t task) {
    TileRegisters registers;
    SplitPanel panel;
    panel.left = task / pieces * kSplitPanel;
    panel.columns = std::min(kSplitPanel, product.width - panel.left);
    PackPanel<kParts>(product, panel);
    const int64_t top = task % pieces * piece, bottom = std::min(product.rows, top + piece);
    float *sums = Scratch<float>(kScores, kSplitRows * kSplitPanel);
    alignas(64) float tile[32 * 32];
    for (int64_t r = top; r < bottom; r += kSplitRows) {
      const int64_t count = std::min(kSplitRows, bottom - r);
      for (int64_t d = 0; d < padded; d += kSplitDepth) {
        const int64_t blocks = std::min(kSplitDepth, padded - d) / 32;
        for (int64_t j = 0; j < panel.columns; j += 32) {
          const Parts b{panel.parts.data + j * padded + d * 16, panel.parts.stride};
          for (int64_t i = 0; i < count; i += 32) {
            SplitTile<kParts>({split + (r + i) * padded + d, parts.stride}, padded, b, 16 * padded,
                              blocks, tile);
            for (int64_t at = 0; at < 32 * 32; at += kLanes) {
              float *sum = sums + (i + at / 32) * kSplitPanel + j + at % 32;
              Store(sum, d == 0 ? Load(tile + at) : Load(sum) + Load(tile + at));
            }
          }
        }
      }
      for (int64_t i = 0; i < count; i++) {
        StoreSplit(product, panel, sums + i * kSplitPanel, r + i, scales[r + i]);
      }
    }
  });
}

}  // namespace corelens

#endif  // CORELENS_AMX

#endif  // CORELENS_LINEAR_SPLIT_H_
