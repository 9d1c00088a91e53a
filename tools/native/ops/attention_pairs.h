// Attention of bfloat16 tensors on processors that multiply pairs of bfloat16 numbers: in matrix
// registers (AMX) or in vectors (AVX-512 BF16). Sums are float.
#ifndef CORELENS_ATTENTION_PAIRS_H_
#define CORELENS_ATTENTION_PAIRS_H_

#if CORELENS_BF16_TILES

#include <cpuid.h>

namespace corelens {

constexpr int kPairTile = 64;  // queries at once
constexpr int kPairKeys = 512;
// From one row to the next, so that rows do not fall into the same lines of the first cache.
constexpr int kPairScores = kPairKeys + 16;
constexpr int kPairShares = kPairKeys + 32;

// Keys and values of one key head as packed factors (see PackedB): keys and width are padded to
// multiples of 32.
struct PairPack {
  PackPlace place;
  int64_t width;
  Bfloat16 *key;    // columns are keys, rows the width: [keys / 16][width / 32] blocks
  Bfloat16 *value;  // columns are the width, rows keys: [keys / 32][width / 16] blocks
  bool finite;      // all values of all packs of the call

  Bfloat16 *KeyAt(int64_t j, int64_t h) const {
    return key + (j / 16 * (width / 32) + h / 32) * kBlock + h % 32 / 2 * 32 + j % 16 * 2 + h % 2;
  }
  Bfloat16 *ValueAt(int64_t j, int64_t h) const {
    return value + (j / 32 * (width / 16) + h / 16) * kBlock + j % 32 / 2 * 32 + h % 16 * 2 + j % 2;
  }
};

// Packs keys and values [begin, end), which are whole blocks; unsets `finite` where a value is not.
inline void PackPairs(const AttentionCall<Bfloat16> &call, int64_t batch, int64_t key_head,
                      int64_t begin, int64_t end, const PairPack &pack,
                      std::atomic<bool> &finite) {
  Floats zeros{};
  if (call.width < pack.width || end > pack.place.count) {  // padding is 0
    std::fill(pack.KeyAt(begin, 0), pack.KeyAt(begin, 0) + (end - begin) * pack.width, Bfloat16{0});
    std::fill(pack.ValueAt(begin, 0), pack.ValueAt(begin, 0) + (end - begin) * pack.width,
              Bfloat16{0});
  }
  int64_t offset = -pack.place.offset;
  for (const Segment<Bfloat16> &segment : call.segments) {
    const int64_t from = std::max(begin, offset), to = std::min(end, offset + segment.length);
    const int64_t head = (segment.shared ? 0 : batch) * call.key_heads + key_head;
    for (int64_t j = from; j < to; j++) {
      const bool whole = call.width % 32 == 0 && j / 16 * 16 >= from && j / 16 * 16 + 16 <= to;
      if (whole && j % 16 == 0) {
        const Bfloat16 *keys = segment.key + (head * segment.length + j - offset) * call.width;
        for (int64_t h = 0; h < call.width; h += 32) {
          TransposePairs(keys + h, call.width, pack.KeyAt(j, h));
        }
      }
      const int64_t row = (head * segment.length + j - offset) * call.width;
      const Bfloat16 *key = segment.key + row, *value = segment.value + row;
      for (int64_t h = 0; h < call.width && !whole; h += 32) {
        const int64_t rest = std::min<int64_t>(32, call.width - h);
        Bfloat16 *block = pack.KeyAt(j, h);
        int64_t i = 0;
        for (; i + 2 <= rest; i += 2) std::memcpy(block + 16 * i, key + h + i, 4);
        if (i < rest) block[16 * i] = key[h + i];
      }
      for (int64_t h = 0; h < call.width; h += 16) {
        const int64_t rest = std::min<int64_t>(16, call.width - h);
        Bfloat16 *block = pack.ValueAt(j, h);
        for (int64_t i = 0; i < rest; i++) block[2 * i] = value[h + i];
        ForVectors(rest, [&](int64_t i, int n) { zeros += LoadUpTo(value + h + i, n) * 0.0f; });
      }
    }
    offset += segment.length;
  }
  if (SumOf(zeros) != 0) finite = false;  // it is NaN
}

// C = A B (+ C) with whichever instructions there are.
inline void PairProduct(bool matrix, int rows, int64_t columns, const Bfloat16 *a, int64_t lda,
                        const PackedB &b, int64_t blocks, float *c, int64_t ldc, bool add) {
#if CORELENS_AMX
  if (matrix) {
    return MatrixTiles(rows, static_cast<int>(columns), a, lda, b, blocks, c, ldc, add);
  }
#endif
#if defined(__AVX512BF16__)
  PairTiles(rows, static_cast<int>(columns), a, lda, b, blocks, c, ldc, add);
#endif
}

inline void PairQueryTile(const AttentionCall<Bfloat16> &call, int64_t batch, int64_t head,
                          int64_t first, const PairPack *packs, int count, bool matrix) {
  const int rows = static_cast<int>(std::min<int64_t>(kPairTile, call.queries - first));
  const int padded_rows = static_cast<int>(RoundUp(rows, 32));
  const int64_t width = packs[0].width;
  Bfloat16 *queries = Scratch<Bfloat16>(kQueries, kPairTile * width);
  float *scores = Scratch<float>(kScores, kPairTile * kPairScores);
  Bfloat16 *shares = Scratch<Bfloat16>(kShares, kPairTile * kPairShares);
  float *mixed = Scratch<float>(kMixed, kPairTile * width);
  RowState &state = *Scratch<RowState>(kRowState, 1);
  const int64_t from = ((batch * call.heads + head) * call.queries + first) * call.width;
  std::fill(queries, queries + padded_rows * width, Bfloat16{0});
  for (int r = 0; r < rows; r++) {
    std::memcpy(queries + r * width, call.query + from + r * call.width, 2 * call.width);
  }
  std::fill(mixed, mixed + padded_rows * width, 0.0f);
  std::fill(state.maximum, state.maximum + padded_rows, kNoMaximum);
  std::fill(state.sum, state.sum + padded_rows, Floats{});

  const auto tile = [&](const PairPack &pack, int64_t from, int64_t begin, int64_t end) {
    const int64_t columns = RoundUp(end - begin, 32), local = begin - pack.place.offset;
    const PackedB keys{pack.key + local * width, kBlock, 16 * width};
    PairProduct(matrix, padded_rows, columns, queries, width, keys, width / 32, scores,
                kPairScores, false);
    HideScores(call, head, first, rows, from, begin, end, begin + columns, scores,
               kPairScores);
    SoftmaxTile<Exp>(padded_rows, columns, scores, kPairScores, shares, kPairShares, state);
    if (!pack.finite) {
      return MixSeen(call, batch, head / call.group(), rows, begin, end, shares, kPairShares,
                     state.scale, mixed, width);
    }
    for (int r = 0; r < rows; r++) {
      if (state.scale[r] == 1.0f) continue;
      float *row = mixed + r * width;
      for (int64_t i = 0; i < width; i += kLanes) Store(row + i, Load(row + i) * state.scale[r]);
    }
    const PackedB values{pack.value + local * width, 32 * width, kBlock};
    PairProduct(matrix, padded_rows, width, shares, kPairShares, values, columns / 32, mixed,
                width, true);
  };
  for (int p = 0; p < count; p++) {
    ForKeyTiles(call, head, first, rows, packs[p].place, 32, kPairKeys,
                [&](int64_t from, int64_t begin, int64_t end) { tile(packs[p], from, begin, end); });
  }
  for (int r = 0; r < rows; r++) {
    const float inverse = 1.0f / SumOf(state.sum[r]);
    Bfloat16 *out = call.Out(batch, head, first + r);
    ForVectors(call.width, [&](int64_t i, int n) {
      StoreUpTo(out + i, LoadUpTo(mixed + r * width + i, n) * inverse, n);
    });
  }
}

// Whether products of pairs are faster here than float products: in matrix registers they are, in
// vectors only on AMD's processors (Intel's do half as many a cycle).
inline bool PairsPay() {
#if CORELENS_AMX
  if (TileRegisters::Allowed()) return true;
#endif
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  __get_cpuid(0, &eax, &ebx, &ecx, &edx);
  return ecx == 0x444d4163;  // "cAMD", the end of "AuthenticAMD"
}

inline void AttendPairs(const AttentionCall<Bfloat16> &call) {
#if CORELENS_AMX
  const bool matrix = TileRegisters::Allowed();
#else
  const bool matrix = false;
#endif
  PackPlace places[2];
  const int count = PackPlace::Of(call, places);
  const int64_t width = RoundUp(call.width, 32);
  Bfloat16 *key[2], *value[2];
  std::atomic<bool> finite{true};
  const auto packOf = [&](int p, int64_t batch, int64_t key_head) {
    const int64_t head = (places[p].batches == 1 ? 0 : batch) * call.key_heads + key_head;
    const int64_t at = head * RoundUp(places[p].count, 32) * width;
    return PairPack{places[p], width, key[p] + at, value[p] + at, finite};
  };
  for (int p = 0; p < count; p++) {
    const int64_t keys = RoundUp(places[p].count, 32);
    const int64_t size = places[p].batches * call.key_heads * keys * width;
    key[p] = Scratch<Bfloat16>(p == 0 ? kPackedKeys : kMoreKeys, size);
    value[p] = Scratch<Bfloat16>(p == 0 ? kPackedValues : kMoreValues, size);
    ForPackPieces(call, places[p].batches, keys,
                  [&](int64_t batch, int64_t head, int64_t from, int64_t to) {
                    PackPairs(call, batch, head, from, to, packOf(p, batch, head), finite);
                  });
  }
  ForQueryTiles(call, kPairTile, [&](int64_t batch, int64_t head, int64_t first) {
    PairPack packs[2];
    for (int p = 0; p < count; p++) packs[p] = packOf(p, batch, head / call.group());
#if CORELENS_AMX
    if (matrix) {
      TileRegisters registers;
      return PairQueryTile(call, batch, head, first, packs, count, true);
    }
#endif
    PairQueryTile(call, batch, head, first, packs, count, matrix);
  });
}

}  // namespace corelens

#endif  // CORELENS_BF16_TILES

#endif  // CORELENS_ATTENTION_PAIRS_H_
