// y = x w^T + bias for many rows of floats, by Strassen's method: an eighth fewer multiplications
// than the plain sums need. Errors, relative to the norms of the two rows that meet, are about twice
// those of plain sums.
#ifndef CORELENS_LINEAR_FLOAT_H_
#define CORELENS_LINEAR_FLOAT_H_

#include <algorithm>
#include <atomic>

#include "pack_float.h"
#include "parallel.h"
#include "plain_weight.h"
#include "pointwise.h"
#include "scratch.h"
#include "sizes.h"
#include "strassen.h"
#include "vectors.h"

namespace corelens {

// One product: x [rows, depth], w [width, depth], bias [width] or null, y [rows, width].
template <typename T, typename Weight>
struct FloatProduct {
  LinearCut cut;
  const T *x;
  Weight w;
  const T *bias;
  T *y;
  Activation activation;  // of what is stored
};

// A strip of columns of the product: those from `left` on, with their packed B.
struct Strip {
  int64_t left;
  const float *packed;
  const float *up;  // what scales the columns back
  bool finite;      // the rows of w
};

// Stores the quarters of C, which lie in tiles one after the other, scaled back and with the bias.
template <Activation kind, typename T, typename Weight>
inline void StoreQuarters(const FloatProduct<T, Weight> &product, const Strip &strip,
                          const float *quarters, int64_t columns, int64_t place, int64_t top,
                          int64_t m, const float *row_up) {
  constexpr int64_t kAhead = 3;  // rows of y called up: their lines lie far apart
  const LinearCut &cut = product.cut;
  for (int q = 0; q < 4; q++) {
    const int64_t upper = (q >> 1) * m, first = (q & 1) * cut.n + place;
    const int64_t rows = std::min(m, cut.rows - top - upper);
    const int64_t end = std::max<int64_t>(0, std::min(columns, cut.width - strip.left - first));
    for (int64_t r = 0; r < rows; r++) {
      T *y = product.y + (top + upper + r) * cut.width + strip.left + first;
      if (r + kAhead < rows) PrefetchToWrite(y + kAhead * cut.width, end);
      ForVectors(end, [&](int64_t j, int count) {
        const int64_t tile = (q * columns + j / kProductColumns * kProductColumns) * m;
        const Floats scaled = Load(quarters + tile + r * kProductColumns + j % kProductColumns);
        // one after the other: their product may be beyond the range of floats
        Floats sum = scaled * row_up[upper + r] * Load(strip.up + first + j);
        if (product.bias) sum += LoadUpTo(product.bias + strip.left + first + j, count);
        StoreUpTo(y + j, Activate<kind>(sum), count);
      });
    }
  }
}

// The rows [top, top + 2 m) by the tiles of columns [begin, end) of a strip in plain sums: where
// numbers are not finite, sums of blocks would carry them into other rows.
template <typename T, typename Weight>
inline void PlainRun(const FloatProduct<T, Weight> &product, const Strip &strip, int64_t top, int64_t m,
                     int64_t begin, int64_t end) {
  const LinearCut &cut = product.cut;
  const int64_t bottom = std::min(cut.rows, top + 2 * m);
  for (int half = 0; half < 2; half++) {
    const int64_t first = strip.left + half * cut.n;
    const int64_t last = std::min(cut.width, first + end * kProductColumns);
    for (int64_t j = first + begin * kProductColumns; j < last; j++) {
      const float *w = product.w.template Rows<float>(j, 1, kMoreKeys);
      for (int64_t row = top; row < bottom; row++) {
        Floats sum{};
        ForVectors(cut.depth, [&](int64_t i, int count) {
          sum += LoadUpTo(product.x + row * cut.depth + i, count) * LoadUpTo(w + i, count);
        });
        const float shift = product.bias ? Widen(product.bias[j]) : 0.0f;
        Put(product.y + row * cut.width + j, SumOf(sum) + shift);
      }
    }
    for (int64_t row = top; row < bottom; row++) {
      const int64_t from = first + begin * kProductColumns;
      ActivateRun(product.activation, product.y + row * cut.width + from, last - from);
    }
  }
}

// One run of rows by the tiles of columns [begin, end) of a strip.
template <typename T, typename Weight>
inline void LinearRun(const FloatProduct<T, Weight> &product, const Strip &strip, int64_t run, int64_t begin,
                      int64_t end) {
  const LinearCut &cut = product.cut;
  const int64_t top = cut.RunStart(run), m = (cut.RunStart(run + 1) - top) / 2;
  const int64_t block = m * kProductStride;  // floats of a packed block of A
  float *packed = Scratch<float>(kQueries, cut.steps * kBlockProducts * block);
  float *quarters = Scratch<float>(kScores, 4 * m * kQuarterColumns);
  float row_up[2 * kBlockRows];
  if (!strip.finite || !PackA(cut, product.x, top, m, packed, row_up)) {
    return PlainRun(product, strip, top, m, begin, end);
  }
  const int64_t at_once = kQuarterColumns / kProductColumns;
  for (int64_t from = begin; from < end; from += at_once) {
    const int64_t tiles = std::min(at_once, end - from), columns = tiles * kProductColumns;
    for (int64_t i = 0; i < cut.steps * kBlockProducts; i++) {
      const int64_t step = i / kBlockProducts, which = i % kBlockProducts;
      const BlockProduct &blocks = kProducts[which];
      for (int64_t t = 0; t < tiles; t++) {
        const float *b = strip.packed + cut.TileAt(step, from + t) + which * cut.tile();
        const auto quarter = [&](Quarter q) {
          return q == kNone ? nullptr : quarters + (q * columns + t * kProductColumns) * m;
        };
        float *first = quarter(blocks.first), *second = quarter(blocks.second);
        // after the last tile of columns the next product of blocks follows
        const bool last = t + 1 == tiles;
        const int64_t next = last ? std::min(i + 1, cut.steps * kBlockProducts - 1) : i;
        const float *next_b = strip.packed +
                              cut.TileAt(next / kBlockProducts, last ? from : from + t + 1) +
                              next % kBlockProducts * cut.tile();
        const int64_t part = RoundUp(CeilDiv(cut.tile(), m / kProductRows), 16);
        for (int64_t r = 0; r < m; r += kProductRows) {
          const int64_t offset = r * kProductColumns, begin = r / kProductRows * part;
          const Ahead ahead{next_b + begin, std::min(part, cut.tile() - begin),
                            last ? packed + next * block + r * kProductStride : nullptr};
          ProductTile(packed + i * block + r * kProductStride, b, cut.k, blocks, step == 0,
                      first + offset, second ? second + offset : nullptr, ahead);
        }
      }
    }
    WithActivation(product.activation, [&](auto kind) {
      StoreQuarters<kind.value>(product, strip, quarters, columns, from * kProductColumns, top, m,
                                row_up);
    });
  }
}

// The width of a `PlainWeight` must be a multiple of kLanes.
template <typename T, typename Weight>
inline void LinearFloat(const T *x, const Weight &w, const T *bias, T *y, int64_t rows,
                        Activation activation = kNoActivation) {
  const int64_t width = w.width, depth = w.depth;
  const FloatProduct<T, Weight> product{
      LinearCut::Of(rows, width, depth, Pool::Get().threads()), x, w, bias, y, activation};
  const LinearCut &cut = product.cut;
  const int64_t size = cut.TileAt(cut.steps, 0);
  float *packed = Scratch<float>(kPackedKeys, size + 2 * cut.n), *up = packed + size;
  const int64_t part = cut.part, pieces = CeilDiv(cut.tiles(), part);
  for (int64_t left = 0; left < width; left += 2 * cut.n) {
    std::atomic<bool> finite{true};
    Pool::Get().Run(cut.tiles(), [&](int64_t tile_column) {
      const int64_t first = left + tile_column * kProductColumns;
      const float *const halves[2] = {
          w.template Rows<float>(first, kProductColumns, kMoreKeys),
          w.template Rows<float>(first + cut.n, kProductColumns, kMoreValues)};
      if (!PackB(cut, halves, left, tile_column, packed, up)) finite = false;
    });
    const Strip strip{left, packed, up, finite};
    Pool::Get().Run(cut.runs * pieces, [&](int64_t task) {
      const int64_t begin = task % pieces * part;
      LinearRun(product, strip, task / pieces, begin, std::min(cut.tiles(), begin + part));
    });
  }
}

}  // namespace corelens

#endif  // CORELENS_LINEAR_FLOAT_H_
