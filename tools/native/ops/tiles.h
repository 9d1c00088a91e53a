// Small matrix products, the inner loops of attention: C [rows, columns] = A B, with B packed so that
// it is read in order.
#ifndef CORELENS_TILES_H_
#define CORELENS_TILES_H_

#include "sizes.h"
#include "transpose.h"
#include "vectors.h"

#if defined(CORELENS_SOFTWARE_TILES)
#define CORELENS_AMX 1
#include "soft_tiles.h"
#elif defined(__AMX_BF16__) && defined(__AMX_TILE__) && defined(__linux__)
#define CORELENS_AMX 1
#include <sys/syscall.h>
#include <unistd.h>
#else
#define CORELENS_AMX 0
#endif
#define CORELENS_BF16_TILES (CORELENS_AMX || defined(__AVX512BF16__))

namespace corelens {

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kTileVectors = 4;  // 24 of 32 registers hold sums
#else
constexpr int kTileVectors = 2;  // 12 of 16 registers
#endif
constexpr int kTileRows = 6;
// Columns of one panel of a float B.
constexpr int kPanel = kTileVectors * kLanes;

// Where a float A lies: row r has its d-th element at kRow r + kStep d, and groups of kTileRows rows
// begin `group` floats apart.
template <int row, int step>
struct FloatLayout {
  static constexpr int kRow = row, kStep = step;
};

// Rows of C: c = scale[row] c + a b, or c = a b without a scale. b has `depth` rows of kPanel columns.
//
// Part of its caller's loop: as a call of its own it spent a twentieth of the time between tiles.
template <typename A, int kRows, int kVectors, bool kScaled>
inline __attribute__((always_inline)) void FloatTile(const float *a, const float *b, int64_t depth,
                                                     float *c, int64_t ldc, const float *scale) {
  Floats sums[kRows][kVectors];  // in registers only where all loops over them are unrolled
#pragma GCC unroll 24
  for (int r = 0; r < kRows; r++) {
    for (int v = 0; v < kVectors; v++) {
      if constexpr (kScaled) sums[r][v] = Load(c + r * ldc + v * kLanes) * scale[r];
      else sums[r][v] = Floats{};
    }
  }
#pragma GCC unroll 4
  for (int64_t d = 0; d < depth; d++) {
    Floats row[kVectors];
    for (int v = 0; v < kVectors; v++) row[v] = Load(b + d * kPanel + v * kLanes);
#pragma GCC unroll 24
    for (int r = 0; r < kRows; r++) {
      const Floats x = Splat(a[r * A::kRow + d * A::kStep]);
      for (int v = 0; v < kVectors; v++) sums[r][v] += x * row[v];
    }
  }
#pragma GCC unroll 24
  for (int r = 0; r < kRows; r++) {
    for (int v = 0; v < kVectors; v++) Store(c + r * ldc + v * kLanes, sums[r][v]);
  }
}

// The last rows of a product, fewer than kTileRows.
template <typename A, int kVectors, bool kScaled>
inline void FloatRest(int rows, const float *a, const float *b, int64_t depth, float *c, int64_t ldc,
                      const float *scale) {
  switch (rows) {
    case 1: return FloatTile<A, 1, kVectors, kScaled>(a, b, depth, c, ldc, scale);
    case 2: return FloatTile<A, 2, kVectors, kScaled>(a, b, depth, c, ldc, scale);
    case 3: return FloatTile<A, 3, kVectors, kScaled>(a, b, depth, c, ldc, scale);
    case 4: return FloatTile<A, 4, kVectors, kScaled>(a, b, depth, c, ldc, scale);
    case 5: return FloatTile<A, 5, kVectors, kScaled>(a, b, depth, c, ldc, scale);
    default: return;
  }
}

// C [rows, kVectors vectors] = A B for whole A, or the same with a scale. `ahead` is the B that comes
// next, called up meanwhile.
template <typename A, int kVectors, bool kScaled>
inline void FloatRows(int rows, const float *a, int64_t group, const float *b, int64_t depth,
                      float *c, int64_t ldc, const float *scale, const float *ahead) {
  // one vector of columns takes twice the rows, so that enough sums are under way
  constexpr int kGroups = kVectors == 1 && A::kStep == 1 ? 2 : 1, kRows = kGroups * kTileRows;
  const int64_t part = RoundUp(CeilDiv(depth * kVectors * kLanes * kTileRows, rows), 16);
  int r = 0;
  for (; r + kRows <= rows; r += kRows) {
    Prefetch<true>(ahead + r / kTileRows * part, kGroups * part);
    FloatTile<A, kRows, kVectors, kScaled>(a + r / kTileRows * group, b, depth, c + r * ldc, ldc,
                                           scale + r);
  }
  for (; r + kTileRows <= rows; r += kTileRows) {
    FloatTile<A, kTileRows, kVectors, kScaled>(a + r / kTileRows * group, b, depth, c + r * ldc, ldc,
                                               scale + r);
  }
  FloatRest<A, kVectors, kScaled>(rows - r, a + r / kTileRows * group, b, depth, c + r * ldc, ldc,
                                  scale + r);
}

// As FloatRows with a scale, for a number of columns that is a multiple of kLanes and at most kPanel.
template <typename A>
inline void FloatColumns(int rows, int columns, const float *a, int64_t group, const float *b,
                         int64_t depth, float *c, int64_t ldc, const float *scale,
                         const float *ahead) {
  switch (columns / kLanes) {
    case 1: return FloatRows<A, 1, true>(rows, a, group, b, depth, c, ldc, scale, ahead);
    case 2: return FloatRows<A, 2, true>(rows, a, group, b, depth, c, ldc, scale, ahead);
#if defined(__AVX512F__) || defined(__aarch64__)
    case 3: return FloatRows<A, 3, true>(rows, a, group, b, depth, c, ldc, scale, ahead);
    default: return FloatRows<A, 4, true>(rows, a, group, b, depth, c, ldc, scale, ahead);
#endif
  }
}

#if CORELENS_BF16_TILES
// A packed bfloat16 B: blocks of 32 rows by 16 columns, 1 KB each, in which each pair of rows lies
// interleaved: [16 pairs][16 columns][2].
struct PackedB {
  const Bfloat16 *data;
  int64_t block_stride;   // from 32 rows to the next 32, in elements
  int64_t column_stride;  // from 16 columns to the next 16, in elements
};

constexpr int kBlock = 512;  // elements of one block

// One block out of 16 rows of 32 elements, which become its columns.
inline void TransposePairs(const Bfloat16 *rows, int64_t stride, Bfloat16 *block) {
  const int32_t *from = reinterpret_cast<const int32_t *>(rows);
  int32_t *to = reinterpret_cast<int32_t *>(block);
  for (int i = 0; i < 16; i += kLanes) {
    for (int j = 0; j < 16; j += kLanes) {
      TransposeWords(from + i * (stride / 2) + j, stride / 2, to + j * 16 + i, 16);
    }
  }
}

#if CORELENS_AMX
// Gives a thread the matrix registers for one task, and what was in their configuration back.
class TileRegisters {
 public:
  TileRegisters() {
    _tile_storeconfig(before_);
    alignas(64) uint8_t config[64] = {};
    config[0] = 1;
    for (int tile = 0; tile < 8; tile++) {
      config[16 + 2 * tile] = 64;  // bytes of a row
      config[48 + tile] = 16;      // rows
    }
    _tile_loadconfig(config);
  }
  ~TileRegisters() { _tile_loadconfig(before_); }
  // Asks the system for the right to use them; once per process.
  static bool Allowed() {
#if defined(CORELENS_SOFTWARE_TILES)
    static const bool allowed = true;
#else
    static const bool allowed = syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18) == 0;
#endif
    return allowed;
  }

 private:
  alignas(64) uint8_t before_[64];
};

// C [rows, columns] = A B, plus C itself if `add`; rows and columns are multiples of 32.
inline void MatrixTiles(int rows, int columns, const Bfloat16 *a, int64_t lda, const PackedB &b,
                        int64_t blocks, float *c, int64_t ldc, bool add) {
  for (int j = 0; j < columns; j += 32) {
    const Bfloat16 *left = b.data + j / 16 * b.column_stride;
    const Bfloat16 *right = left + b.column_stride;
    for (int i = 0; i < rows; i += 32) {
      float *top = c + i * ldc + j, *bottom = top + 16 * ldc;
      if (add) {
        _tile_loadd(0, top, ldc * 4);
        _tile_loadd(1, top + 16, ldc * 4);
        _tile_loadd(2, bottom, ldc * 4);
        _tile_loadd(3, bottom + 16, ldc * 4);
      } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
      }
      for (int64_t block = 0; block < blocks; block++) {
        const Bfloat16 *rows_of_a = a + i * lda + block * 32;
        _tile_loadd(4, rows_of_a, lda * 2);
        _tile_loadd(6, left + block * b.block_stride, 64);
        _tile_loadd(7, right + block * b.block_stride, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(5, rows_of_a + 16 * lda, lda * 2);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
      _tile_stored(0, top, ldc * 4);
      _tile_stored(1, top + 16, ldc * 4);
      _tile_stored(2, bottom, ldc * 4);
      _tile_stored(3, bottom + 16, ldc * 4);
    }
  }
}
#endif  // CORELENS_AMX

#if defined(__AVX512BF16__)
template <int kRows>
inline void PairTile(const Bfloat16 *a, int64_t lda, const PackedB &b, int64_t blocks, float *c,
                     int64_t ldc, bool add) {
  __m512 sums[kRows][2];
  for (int r = 0; r < kRows; r++) {
    for (int v = 0; v < 2; v++) {
      sums[r][v] = add ? _mm512_loadu_ps(c + r * ldc + 16 * v) : _mm512_setzero_ps();
    }
  }
  for (int64_t block = 0; block < blocks; block++) {
    const Bfloat16 *left = b.data + block * b.block_stride, *right = left + b.column_stride;
    for (int pair = 0; pair < 16; pair++) {
      const __m512bh x = LoadAs<__m512bh>(left + 32 * pair), y = LoadAs<__m512bh>(right + 32 * pair);
      for (int r = 0; r < kRows; r++) {
        const int32_t both = LoadAs<int32_t>(a + r * lda + block * 32 + 2 * pair);
        const __m512bh w = (__m512bh)_mm512_set1_epi32(both);
        sums[r][0] = _mm512_dpbf16_ps(sums[r][0], w, x);
        sums[r][1] = _mm512_dpbf16_ps(sums[r][1], w, y);
      }
    }
  }
  for (int r = 0; r < kRows; r++) {
    for (int v = 0; v < 2; v++) _mm512_storeu_ps(c + r * ldc + 16 * v, sums[r][v]);
  }
}

// The same product without matrix registers.
inline void PairTiles(int rows, int columns, const Bfloat16 *a, int64_t lda, const PackedB &b,
                      int64_t blocks, float *c, int64_t ldc, bool add) {
  constexpr int kRows = 8;  // divides the 32 rows
  for (int j = 0; j < columns; j += 32) {
    const PackedB columns_of_b{b.data + j / 16 * b.column_stride, b.block_stride, b.column_stride};
    for (int i = 0; i < rows; i += kRows) {
      PairTile<kRows>(a + i * lda, lda, columns_of_b, blocks, c + i * ldc + j, ldc, add);
    }
  }
}
#endif  // __AVX512BF16__
#endif  // CORELENS_BF16_TILES

}  // namespace corelens

#endif  // CORELENS_TILES_H_
