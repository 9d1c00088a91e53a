// The matrix registers' instructions in plain C++, for processors without them: what they compute, to
// the last bit, at a hundredth of their speed. With CORELENS_SOFTWARE_TILES the code for matrix
// registers runs on them, so that it can be tested anywhere; see `deno task native --software-tiles`.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, TDPBF16PS.
#ifndef CORELENS_SOFT_TILES_H_
#define CORELENS_SOFT_TILES_H_

#include "vectors.h"

#undef _tile_loadconfig
#undef _tile_storeconfig
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps

namespace corelens {

// Eight registers of 16 rows of 64 bytes.
struct SoftTiles {
  alignas(64) uint8_t rows[8][16][64];
  uint8_t config[64];
  static SoftTiles &Own() {
    static thread_local SoftTiles tiles{};
    return tiles;
  }
};

inline void _tile_loadconfig(const void *config) {
  SoftTiles &own = SoftTiles::Own();
  std::memset(own.rows, 0, sizeof(own.rows));
  std::memcpy(own.config, config, sizeof(own.config));
}

inline void _tile_storeconfig(void *config) {
  std::memcpy(config, SoftTiles::Own().config, sizeof(SoftTiles::config));
}

inline void _tile_zero(int tile) { std::memset(SoftTiles::Own().rows[tile], 0, 16 * 64); }

inline void _tile_loadd(int tile, const void *from, int64_t stride) {
  for (int r = 0; r < 16; r++) {
    std::memcpy(SoftTiles::Own().rows[tile][r], static_cast<const uint8_t *>(from) + r * stride, 64);
  }
}

inline void _tile_stored(int tile, void *to, int64_t stride) {
  for (int r = 0; r < 16; r++) {
    std::memcpy(static_cast<uint8_t *>(to) + r * stride, SoftTiles::Own().rows[tile][r], 64);
  }
}

// The instruction takes numbers below the normal ones as 0, and gives 0 for them.
inline Floats Flushed(Floats x) {
  Words bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return (bits & 0x7f800000u) == 0 ? Floats{} : x;
}

// The numbers in the lower or upper half of each word.
inline Floats HalfOf(Words words, bool upper) {
  const Words bits = upper ? words & 0xffff0000u : words << 16;
  Floats x;
  std::memcpy(&x, &bits, sizeof(x));
  return Flushed(x);
}

// c += a b: the numbers of even and of odd place are summed up by themselves, in order, and then added.
inline void _tile_dpbf16ps(int c, int a, int b) {
  SoftTiles &own = SoftTiles::Own();
  for (int r = 0; r < 16; r++) {
    for (int n = 0; n < 16; n += kLanes) {
      Floats even{}, odd{};
      for (int pair = 0; pair < 16; pair++) {
        const Words left = Words{} + LoadAs<uint32_t>(own.rows[a][r] + 4 * pair);
        const Words right = LoadAs<Words>(own.rows[b][pair] + 4 * n);
        even = Flushed(even + HalfOf(left, false) * HalfOf(right, false));
        odd = Flushed(odd + HalfOf(left, true) * HalfOf(right, true));
      }
      uint8_t *sum = own.rows[c][r] + 4 * n;
      StoreAs(sum, Flushed(Flushed(LoadAs<Floats>(sum)) + Flushed(even + odd)));
    }
  }
}

}  // namespace corelens

#endif  // CORELENS_SOFT_TILES_H_
