// y = x w^T + bias in bfloat16 with matrix registers (AMX), sums in float. TensorFlow's own product
// reaches a quarter of their speed.
#ifndef CORELENS_LINEAR_H_
#define CORELENS_LINEAR_H_

#include <algorithm>

#include "parallel.h"
#include "plain_weight.h"
#include "pointwise.h"
#include "scratch.h"
#include "sizes.h"
#include "tiles.h"

#if CORELENS_AMX

namespace corelens {

constexpr int64_t kLinearRows = 128;   // rows of x at once
constexpr int64_t kLinearDepth = 512;  // of their columns at once: 32 columns of w fit the first cache
constexpr int64_t kLinearPanel = 256;  // columns of the product of one task

// Packs rows [begin, end) of w, which become columns of the product.
template <typename Weight>
inline void PackWeight(const Weight &w, int64_t begin, int64_t end, Bfloat16 *packed) {
  for (int64_t j = begin; j < end; j += 16) {
    const Bfloat16 *rows = w.template Rows<Bfloat16>(j, 16, kMoreKeys);
    for (int64_t d = 0; d < w.depth; d += 32, packed += kBlock) {
      TransposePairs(rows + d, w.depth, packed);
    }
  }
}

// Adds the bias to sums [rows, columns] and stores them.
inline void StoreSums(const float *sums, int64_t rows, int64_t columns, int64_t stride,
                      const Bfloat16 *bias, Bfloat16 *y, int64_t width, Activation activation) {
  WithActivation(activation, [&](auto kind) {
    for (int64_t r = 0; r < rows; r++) {
      for (int64_t i = 0; i < columns; i += kLanes) {
        Floats v = Load(sums + r * stride + i);
        if (bias) v += Load(bias + i);
        Store(y + r * width + i, Activate<kind.value>(v));
      }
    }
  });
}

// x [rows, depth], w [width, depth], bias [width] or null, y [rows, width]; depth and width are
// multiples of 32.
template <typename Weight>
inline void LinearTiles(const Bfloat16 *x, const Weight &w, const Bfloat16 *bias, Bfloat16 *y,
                        int64_t rows, Activation activation = kNoActivation) {
  const int64_t width = w.width, depth = w.depth;
  const int64_t panel = std::min(width, kLinearPanel);
  const int64_t panels = CeilDiv(width, panel);
  // Enough tasks for every thread, of as many rows as possible: each packs its panel of w.
  const int64_t wanted = CeilDiv(3 * Pool::Get().threads(), panels);
  const int64_t piece = std::max(kLinearRows, RoundUp(CeilDiv(rows, wanted), kLinearRows));
  const int64_t pieces = CeilDiv(rows, piece);
  Pool::Get().Run(panels * pieces, [&](int64_t task) {
    TileRegisters registers;
    const int64_t left = task / pieces * panel, columns = std::min(panel, width - left);
    const int64_t top = task % pieces * piece, bottom = std::min(rows, top + piece);
    Bfloat16 *packed = Scratch<Bfloat16>(kPackedKeys, columns * depth);
    float *sums = Scratch<float>(kScores, kLinearRows * panel);
    Bfloat16 *padded = Scratch<Bfloat16>(kQueries, 32 * depth);
    PackWeight(w, left, left + columns, packed);
    for (int64_t r = top; r < bottom; r += kLinearRows) {
      const int64_t count = std::min(kLinearRows, bottom - r), whole = count / 32 * 32;
      if (whole < count) {  // the last rows, padded to 32
        std::memcpy(padded, x + (r + whole) * depth, 2 * (count - whole) * depth);
        std::memset(static_cast<void *>(padded + (count - whole) * depth), 0,
                    2 * (32 - (count - whole)) * depth);
      }
      for (int64_t d = 0; d < depth; d += kLinearDepth) {
        const int64_t blocks = std::min(kLinearDepth, depth - d) / 32;
        const PackedB b{packed + d / 32 * kBlock, kBlock, depth / 32 * kBlock};
        MatrixTiles(static_cast<int>(whole), static_cast<int>(columns), x + r * depth + d, depth,
                    b, blocks, sums, panel, d > 0);
        if (whole < count) {
          MatrixTiles(32, static_cast<int>(columns), padded + d, depth, b, blocks,
                      sums + whole * panel, panel, d > 0);
        }
      }
      StoreSums(sums, count, columns, panel, bias ? bias + left : nullptr, y + r * width + left,
                width, activation);
    }
  });
}

}  // namespace corelens

#endif  // CORELENS_AMX

#endif  // CORELENS_LINEAR_H_
