// The factors of y = x w^T cut into blocks, and packed as sums of blocks for Strassen's method.
//
// The method adds rows of x to each other, and rows of w, so a row of large numbers would blur
// others. Each row is therefore first scaled by a power of two, to a largest value of 1 to 2, and the
// product is scaled back (Ballard et al., "Improving the numerical stability of fast matrix
// multiplication", 2016): errors are then relative to the norms of the two rows that meet, as those
// of plain sums are.
#ifndef CORELENS_PACK_FLOAT_H_
#define CORELENS_PACK_FLOAT_H_

#include <algorithm>

#include "sizes.h"
#include "strassen.h"
#include "transpose.h"

namespace corelens {

constexpr int64_t kBlockRows = 8 * kProductRows;  // rows of a block of A at most
constexpr int64_t kQuarterColumns = 128;          // columns of a quarter of C that is worked on
constexpr int64_t kPackedBytes = 16ll << 20;      // of packed w at once

// How x [rows, depth] and w [width, depth] are cut. Blocks are padded with zeros at the end.
struct LinearCut {
  int64_t rows, width, depth;
  int64_t steps;   // along the depth, of two blocks each
  int64_t k;       // depth of a block
  int64_t n;       // columns of a block of B, of a strip of 2 n columns that is packed at once
  int64_t runs;    // of rows of x, in pairs of blocks of A, as even as tiles allow
  int64_t part;    // tiles of columns of one task, which takes one run

  static LinearCut Of(int64_t rows, int64_t width, int64_t depth, int64_t threads) {
    LinearCut cut{rows, width, depth};
    cut.steps = CeilDiv(depth, 2 * kProductDepth);
    cut.k = RoundUp(CeilDiv(depth, 2 * cut.steps), kLanes);
    const int64_t fitting = kPackedBytes / (kBlockProducts * sizeof(float) * cut.k * cut.steps);
    const int64_t most = std::max<int64_t>(1, fitting / kQuarterColumns) * kQuarterColumns;
    cut.n = RoundUp(CeilDiv(width, 2 * CeilDiv(width, 2 * most)), kProductColumns);
    cut.Share(threads);
    return cut;
  }
  // Chooses the tasks that end soonest on so many threads: runs as long as blocks of A may be where that
  // leaves no thread idle at the end, else shorter ones, or of fewer columns. A task packs its rows of x,
  // which takes about as long as two tiles of columns, and fetches its tiles of B, as long as half a pair
  // of tiles of rows.
  void Share(int64_t threads) {
    const int64_t fewest = CeilDiv(pairs(), kBlockRows / kProductRows);
    double best = 0;
    for (int64_t own_runs = fewest; own_runs < fewest + threads && own_runs <= pairs(); own_runs++) {
      for (int64_t parts = 1; parts <= std::min(tiles(), 3 * threads); parts++) {
        const int64_t own_part = CeilDiv(tiles(), parts), pieces = CeilDiv(tiles(), own_part);
        const double task = double(pairs()) / own_runs * (own_part + 2) + 0.5 * own_part;
        const double time = CeilDiv(own_runs * pieces, threads) * task;
        if (best > 0 && time >= best) continue;
        best = time;
        runs = own_runs;
        part = own_part;
      }
    }
  }
  int64_t pairs() const { return CeilDiv(rows, 2 * kProductRows); }
  int64_t RunStart(int64_t run) const { return run * pairs() / runs * 2 * kProductRows; }
  // Packed tiles of B: the seven of a step and a tile of columns lie one after the other.
  int64_t tile() const { return k * kProductColumns; }  // floats
  int64_t tiles() const { return n / kProductColumns; }
  int64_t TileAt(int64_t step, int64_t tile_column) const {
    return (step * tiles() + tile_column) * kBlockProducts * tile();
  }
};

// The power of two that scales a row, and the one that scales back: 0 for a row of zeros, which thus
// gives exactly 0.
struct RowScale {
  float down = 1, up = 1;
  bool finite = true;  // the row

  template <typename T>
  static RowScale Of(const T *row, int64_t size) {
    Ints largest{};  // of sizes, which as integers are in the order of the floats
    ForVectors(size, [&](int64_t i, int n) {
      const Ints sizes = (Ints)LoadUpTo(row + i, n) & 0x7fffffff;
      largest = sizes > largest ? sizes : largest;
    });
    int32_t bits = 0;
    for (int i = 0; i < kLanes; i++) bits = std::max(bits, largest[i]);
    RowScale scale;
    scale.finite = bits < 0x7f800000;
    if (bits == 0) scale.up = 0;
    if (!scale.finite || bits == 0) return scale;
    const int32_t exponent = std::max(-126, std::min(126, (bits >> 23) - 127));
    scale.down = PowerOfTwo(-exponent);
    scale.up = PowerOfTwo(exponent);
    return scale;
  }

 private:
  static float PowerOfTwo(int32_t exponent) {
    const int32_t bits = (exponent + 127) << 23;
    return LoadAs<float>(&bits);
  }
};

// Packs a tile of columns of B: the rows of w from `left` on and from left + n on, by their place in
// the strip; `rows` holds the tile's first row of either half, with the others after it. Writes to `up`
// [2 n] what scales the columns of the product back; returns whether all rows are finite.
inline bool PackB(const LinearCut &cut, const float *const rows[2], int64_t left,
                  int64_t tile_column, float *packed, float *up) {
  alignas(64) float down[2][kProductColumns], block[4][kLanes * kProductColumns];
  bool finite = true;
  for (int half = 0; half < 2; half++) {
    for (int i = 0; i < kProductColumns; i++) {
      const int64_t place = half * cut.n + tile_column * kProductColumns + i, j = left + place;
      const RowScale scale =
          j < cut.width ? RowScale::Of(rows[half] + i * cut.depth, cut.depth) : RowScale{};
      down[half][i] = scale.down;
      up[place] = scale.up;
      finite = finite && scale.finite;
    }
  }
  for (int64_t step = 0; step < cut.steps; step++) {
    float *to = packed + cut.TileAt(step, tile_column);
    for (int64_t d = 0; d < cut.k; d += kLanes, to += kLanes * kProductColumns) {
      for (int q = 0; q < 8; q++) {  // a square of b11, b12, b21, b22; then the one beside it
        const int half = q & 1, beside = q >> 2;
        const int64_t depth = (2 * step + (q >> 1 & 1)) * cut.k + d;
        const int64_t j = left + half * cut.n + tile_column * kProductColumns + beside * kLanes;
        float *square = block[q & 3] + beside * kLanes;
        const float *from =
            j < cut.width ? rows[half] + beside * kLanes * cut.depth + depth : nullptr;
        if (j < cut.width && depth + kLanes <= cut.depth) {
          TransposeWords(reinterpret_cast<const int32_t *>(from), cut.depth,
                         reinterpret_cast<int32_t *>(square), kProductColumns);
        } else if (j < cut.width && depth < cut.depth) {  // the last columns of w
          alignas(64) float padded[kLanes * kLanes];
          for (int i = 0; i < kLanes; i++) {
            Store(padded + i * kLanes, LoadPart(from + i * cut.depth,
                                                static_cast<int>(cut.depth - depth)));
          }
          TransposeWords(reinterpret_cast<const int32_t *>(padded), kLanes,
                         reinterpret_cast<int32_t *>(square), kProductColumns);
        } else {
          for (int i = 0; i < kLanes; i++) Store(square + i * kProductColumns, Floats{});
        }
      }
      for (int i = 0; i < kLanes * kProductColumns; i += kLanes) {
        const Floats first = Load(down[0] + i % kProductColumns);
        const Floats second = Load(down[1] + i % kProductColumns);
        SumsOfB(Load(block[0] + i) * first, Load(block[1] + i) * second,
                Load(block[2] + i) * first, Load(block[3] + i) * second, to + i, cut.tile());
      }
    }
  }
  return finite;
}

// Packs A: the rows of x from `top` on and from top + m on, for all steps. Writes to `up` [2 m] what
// scales the rows of the product back; returns whether all rows are finite.
template <typename T>
inline bool PackA(const LinearCut &cut, const T *x, int64_t top, int64_t m, float *packed,
                  float *up) {
  const int64_t block = m * kProductStride;
  bool finite = true;
  for (int64_t r = 0; r < m; r++) {
    RowScale scales[2];
    const T *rows[2] = {};  // null past the last row
    for (int half = 0; half < 2; half++) {
      const int64_t row = top + half * m + r;
      if (row < cut.rows) {
        rows[half] = x + row * cut.depth;
        scales[half] = RowScale::Of(rows[half], cut.depth);
      }
      up[half * m + r] = scales[half].up;
      finite = finite && scales[half].finite;
    }
    const auto at = [&](int half, int64_t column) {
      if (!rows[half] || column >= cut.depth) return Floats{};
      const int64_t rest = std::min<int64_t>(kLanes, cut.depth - column);
      return LoadUpTo(rows[half] + column, static_cast<int>(rest)) * scales[half].down;
    };
    for (int64_t step = 0; step < cut.steps; step++) {
      float *to = packed + step * kBlockProducts * block + r * kProductStride;
      const int64_t left = 2 * step * cut.k, right = left + cut.k;
      const bool whole = rows[1] && right + cut.k <= cut.depth;
      const Floats upper = Splat(scales[0].down), lower = Splat(scales[1].down);
      for (int64_t d = 0; whole && d < cut.k; d += kLanes) {
        SumsOfA(Load(rows[0] + left + d) * upper, Load(rows[0] + right + d) * upper,
                Load(rows[1] + left + d) * lower, Load(rows[1] + right + d) * lower, to + d, block);
      }
      for (int64_t d = 0; !whole && d < cut.k; d += kLanes) {
        SumsOfA(at(0, left + d), at(0, right + d), at(1, left + d), at(1, right + d), to + d, block);
      }
    }
  }
  return finite;
}

}  // namespace corelens

#endif  // CORELENS_PACK_FLOAT_H_
