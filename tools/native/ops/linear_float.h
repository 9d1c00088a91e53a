// y = x w^T + bias for many rows of floats, by Strassen's products of half blocks: an eighth fewer
// multiplications than the sums need. Rounding errors are about twice those of plain sums, relative
// to the largest value (2e-7 to 1.5e-6 for depths of 1,024 to 3,072).
#ifndef CORELENS_LINEAR_FLOAT_H_
#define CORELENS_LINEAR_FLOAT_H_

#include <algorithm>

#include "half_products.h"
#include "parallel.h"
#include "scratch.h"

namespace corelens {

constexpr int64_t kHalfRows = 8 * kProductRows;  // rows of a block of A at most
constexpr int64_t kQuarterColumns = 128;         // columns of a quarter of C that is worked on
constexpr int64_t kPackedBytes = 16ll << 20;     // of packed w at once

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t UpTo(int64_t a, int64_t b) { return CeilDiv(a, b) * b; }

// How x [rows, depth] and w [width, depth] are cut. Blocks are padded with zeros at the end.
struct LinearCut {
  int64_t rows, width, depth;
  int64_t steps;   // along the depth, of two blocks each
  int64_t k;       // depth of a block
  int64_t n;       // columns of a block of B, of a strip of 2 n columns that is packed at once
  int64_t strips;
  int64_t tile() const { return k * kProductColumns; }  // floats of one packed tile of B
  int64_t tiles() const { return n / kProductColumns; }

  static LinearCut Of(int64_t rows, int64_t width, int64_t depth) {
    LinearCut cut{rows, width, depth};
    cut.steps = CeilDiv(depth, 2 * kProductDepth);
    cut.k = UpTo(CeilDiv(depth, 2 * cut.steps), kLanes);
    const int64_t columns = kPackedBytes / (kHalfProducts * sizeof(float) * cut.k * cut.steps);
    const int64_t most = std::max<int64_t>(kQuarterColumns, columns / kQuarterColumns * kQuarterColumns);
    cut.n = UpTo(CeilDiv(width, 2 * CeilDiv(width, 2 * most)), kProductColumns);
    cut.strips = CeilDiv(width, 2 * cut.n);
    return cut;
  }
  // Rows of x in runs of two blocks of A, as even as tiles allow.
  int64_t pairs() const { return CeilDiv(rows, 2 * kProductRows); }
  int64_t runs() const { return CeilDiv(pairs(), kHalfRows / kProductRows); }
  int64_t RunStart(int64_t run) const { return run * pairs() / runs() * 2 * kProductRows; }
  // Where the seven packed tiles of B begin, one after the other, of a step and a tile of columns.
  int64_t PackedB(int64_t step, int64_t column) const {
    return (step * tiles() + column) * kHalfProducts * tile();
  }
};

// Packs the sums of blocks of w, whose columns [left, left + 2 n) of the product form B.
inline void PackB(const LinearCut &cut, const float *w, int64_t left, int64_t step,
                  int64_t tile_column, float *packed) {
  alignas(64) float block[4][kLanes * kProductColumns];
  float *to = packed + cut.PackedB(step, tile_column);
  for (int64_t d = 0; d < cut.k; d += kLanes) {
    for (int q = 0; q < 4; q++) {  // b11, b12, b21, b22: depth by columns
      const int64_t column = left + (q & 1) * cut.n + tile_column * kProductColumns;
      const int64_t row = (2 * step + (q >> 1)) * cut.k + d;
      for (int v = 0; v < 2; v++) {
        float *square = block[q] + v * kLanes;
        const int64_t j = column + v * kLanes;
        if (j < cut.width && row < cut.depth) {
          TransposeWords(reinterpret_cast<const int32_t *>(w + j * cut.depth + row), cut.depth,
                         reinterpret_cast<int32_t *>(square), kProductColumns);
        } else {
          for (int i = 0; i < kLanes; i++) Store(square + i * kProductColumns, Floats{});
        }
      }
    }
    for (int i = 0; i < kLanes * kProductColumns; i += kLanes) {
      SumsOfB(Load(block[0] + i), Load(block[1] + i), Load(block[2] + i), Load(block[3] + i),
              to + d * kProductColumns + i, cut.tile());
    }
  }
}

// Packs the sums of blocks of x, whose rows [top, top + 2 m) form A.
inline void PackA(const LinearCut &cut, const float *x, int64_t top, int64_t m, int64_t step,
                  float *packed) {
  const int64_t left = 2 * step * cut.k;
  const auto at = [&](int64_t row, int64_t column) {
    return row < cut.rows && column < cut.depth ? Load(x + row * cut.depth + column) : Floats{};
  };
  for (int64_t r = 0; r < m; r++) {
    for (int64_t d = 0; d < cut.k; d += kLanes) {
      const int64_t row = top + r, column = left + d;
      SumsOfA(at(row, column), at(row, column + cut.k), at(row + m, column),
              at(row + m, column + cut.k), packed + r * kProductStride + d,
              m * kProductStride);
    }
  }
}

// Stores the quarters of C, which lie in tiles one after the other, plus the bias, in y.
inline void StoreQuarters(const LinearCut &cut, const float *quarters, int64_t columns, int64_t top,
                          int64_t m, int64_t left, const float *bias, float *y) {
  for (int q = 0; q < 4; q++) {
    const int64_t row = top + (q >> 1) * m, column = left + (q & 1) * cut.n;
    const int64_t rows = std::min(m, cut.rows - row);
    const int64_t end = std::min(columns, cut.width - column);
    for (int64_t r = 0; r < rows; r++) {
      for (int64_t j = 0; j < end; j += kLanes) {
        const int64_t tile = (q * columns + j / kProductColumns * kProductColumns) * m;
        Floats sum = Load(quarters + tile + r * kProductColumns + j % kProductColumns);
        if (bias) sum += Load(bias + column + j);
        Store(y + (row + r) * cut.width + column + j, sum);
      }
    }
  }
}

// One run of rows by the tiles of columns [begin, end) of a strip.
inline void LinearRun(const LinearCut &cut, const float *x, const float *packed_b, int64_t left,
                      int64_t run, int64_t begin, int64_t end, const float *bias, float *y) {
  const int64_t top = cut.RunStart(run), m = (cut.RunStart(run + 1) - top) / 2;
  const int64_t block = m * kProductStride;  // floats of a packed block of A
  float *packed_a = Scratch<float>(kQueries, cut.steps * kHalfProducts * block);
  float *quarters = Scratch<float>(kScores, 4 * m * kQuarterColumns);
  for (int64_t step = 0; step < cut.steps; step++) {
    PackA(cut, x, top, m, step, packed_a + step * kHalfProducts * block);
  }
  const int64_t at_once = kQuarterColumns / kProductColumns;
  for (int64_t from = begin; from < end; from += at_once) {
    const int64_t tiles = std::min(at_once, end - from), columns = tiles * kProductColumns;
    for (int64_t i = 0; i < cut.steps * kHalfProducts; i++) {
      const int64_t step = i / kHalfProducts;
      const HalfProduct product = kProducts[i % kHalfProducts].After(step);
      for (int64_t t = 0; t < tiles; t++) {
        const float *b = packed_b + cut.PackedB(step, from + t) + i % kHalfProducts * cut.tile();
        const auto quarter = [&](Quarter q) {
          return q == kNone ? nullptr : quarters + (q * columns + t * kProductColumns) * m;
        };
        float *first = quarter(product.first), *second = quarter(product.second);
        for (int64_t r = 0; r < m; r += kProductRows) {
          const int64_t offset = r * kProductColumns;
          ProductTile(packed_a + i * block + r * kProductStride, b, cut.k, product, first + offset,
                      second ? second + offset : nullptr);
        }
      }
    }
    StoreQuarters(cut, quarters, columns, top, m, left + from * kProductColumns, bias, y);
  }
}

// x [rows, depth], w [width, depth], bias [width] or null, y [rows, width]; depth and width are
// multiples of kLanes.
inline void LinearFloat(const float *x, const float *w, const float *bias, float *y, int64_t rows,
                        int64_t width, int64_t depth) {
  const LinearCut cut = LinearCut::Of(rows, width, depth);
  float *packed = Scratch<float>(kPackedKeys, cut.steps * cut.tiles() * kHalfProducts * cut.tile());
  // Enough tasks for every thread, each of as many columns as possible: it packs its rows of x.
  const int64_t parts = std::min(cut.tiles(), CeilDiv(3 * Pool::Get().threads(), cut.runs()));
  const int64_t part = Pool::Get().threads() > 1 ? CeilDiv(cut.tiles(), parts) : cut.tiles();
  const int64_t pieces = CeilDiv(cut.tiles(), part);
  for (int64_t strip = 0; strip < cut.strips; strip++) {
    const int64_t left = strip * 2 * cut.n;
    Pool::Get().Run(cut.steps * cut.tiles(), [&](int64_t task) {
      PackB(cut, w, left, task / cut.tiles(), task % cut.tiles(), packed);
    });
    Pool::Get().Run(cut.runs() * pieces, [&](int64_t task) {
      const int64_t begin = task % pieces * part;
      LinearRun(cut, x, packed, left, task / pieces, begin, std::min(cut.tiles(), begin + part),
                bias, y);
    });
  }
}

}  // namespace corelens

#endif  // CORELENS_LINEAR_FLOAT_H_
