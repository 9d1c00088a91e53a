// Attention in one pass over the keys (FlashAttention, Dao et al. 2022): scores of a tile of queries
// and a tile of keys stay in the cache, with a running maximum and sum per query.
#ifndef CORELENS_ATTENTION_H_
#define CORELENS_ATTENTION_H_

#include <algorithm>
#include <atomic>
#include <vector>

#include "parallel.h"
#include "scratch.h"
#include "sizes.h"
#include "tiles.h"
#include "vectors.h"

namespace corelens {

// Keys and values of a run of positions, [1 or batch, key_heads, length, width].
template <typename T>
struct Segment {
  const T *key;
  const T *value;
  int64_t length;
  bool shared;  // batch of 1, the same for all
};

// From one batch, head and query of the output to the next.
struct OutStrides {
  int64_t batch, head, query;
  // Of [batch, heads, queries, width].
  static OutStrides Whole(int64_t heads, int64_t queries, int64_t width) {
    return {heads * queries * width, queries * width, width};
  }
};

template <typename T>
struct AttentionCall {
  const T *query;  // [batch, heads, queries, width], scaled
  T *out;          // of each batch, head and query a row of width, see OutStrides
  OutStrides strides;
  std::vector<Segment<T>> segments;
  const int32_t *ranges;  // [heads, 2]: sink and window of each head; window 0 sees all. May be null
  int64_t batch, heads, key_heads, queries, width;
  int64_t keys;  // of all segments
  bool causal;   // the queries are the last positions, and see no later ones

  int64_t group() const { return heads / key_heads; }
  T *Out(int64_t row, int64_t head, int64_t place) const {
    return out + row * strides.batch + head * strides.head + place * strides.query;
  }
  int64_t Sink(int64_t head) const { return ranges ? ranges[2 * head] : 0; }
  int64_t Window(int64_t head) const {
    return ranges && ranges[2 * head + 1] > 0 ? ranges[2 * head + 1] : keys + queries;
  }
  // Position of a query; past all keys where there is no order.
  int64_t Position(int64_t query) const { return causal ? keys - queries + query : keys - 1; }
};

// Half-open runs of keys that some query of [first, last] sees; the second may be empty.
struct Runs {
  int64_t begin[2], end[2];
};

template <typename T>
Runs VisibleRuns(const AttentionCall<T> &call, int64_t head, int64_t first, int64_t last) {
  const int64_t end = std::min(call.keys, last + 1);
  const int64_t slab = std::max<int64_t>(0, first - call.Window(head) + 1);
  const int64_t sink = std::min(call.Sink(head), end);
  if (slab <= sink) return {{0, 0}, {end, 0}};
  return {{0, slab}, {sink, end}};
}

constexpr float kHidden = -3e38f;   // a score that gives exactly 0
constexpr float kNoMaximum = -1e30f;  // below any real score, far above kHidden
constexpr int kMostQueries = 144;  // of a tile

// Running maximum and sum of each query of a tile.
struct RowState {
  float maximum[kMostQueries];
  float scale[kMostQueries];  // what the last tile of keys made of older sums
  Floats sum[kMostQueries];
};

// Hides what the queries of a tile do not see of the keys [begin, end), all keys before `from`, and
// the padding up to `padded`.
template <typename T>
void HideScores(const AttentionCall<T> &call, int64_t head, int64_t first, int rows, int64_t from,
                int64_t begin, int64_t end, int64_t padded, float *scores, int64_t stride) {
  const int64_t sink = call.Sink(head), window = call.Window(head);
  const int64_t columns = padded - begin;
  const bool full = from <= begin && end == padded && call.Position(first) >= end - 1 &&
                    call.Position(first + rows - 1) - begin < window;
  if (full) return;
  for (int r = 0; r < rows; r++) {
    float *row = scores + r * stride;
    const int64_t position = call.Position(first + r);
    const int64_t seen = std::max<int64_t>(0, std::min(end, position + 1) - begin);
    std::fill(row + std::min(seen, columns), row + columns, kHidden);
    const int64_t past_sink = std::max<int64_t>(0, std::min(sink, end) - begin);
    const int64_t to = std::min(columns, position - window + 1 - begin);
    if (past_sink < to) std::fill(row + past_sink, row + to, kHidden);
    if (from > begin) std::fill(row, row + (from - begin), kHidden);
  }
}

// Shares of kRows rows from their scores, with the running state: one after the other, each row would wait
// for its own maximum.
template <Floats (*power)(Floats), int kRows, typename Share>
inline void SoftmaxRows(int first, int64_t columns, const float *scores, int64_t score_stride,
                        Share *shares, int64_t share_stride, RowState &state) {
  Floats largest[kRows], maximum[kRows], sums[kRows];
  for (int r = 0; r < kRows; r++) largest[r] = Splat(state.maximum[first + r]);
  for (int64_t i = 0; i < columns; i += kLanes) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; r++) {
      largest[r] = Max(largest[r], Load(scores + r * score_stride + i));
    }
  }
  for (int r = 0; r < kRows; r++) {
    maximum[r] = Splat(MaxOf(largest[r]));
    sums[r] = Floats{};
  }
  for (int64_t i = 0; i < columns; i += kLanes) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; r++) {
      const Floats share = power(Load(scores + r * score_stride + i) - maximum[r]);
      sums[r] += share;
      Store(shares + r * share_stride + i, share);
    }
  }
  for (int r = 0; r < kRows; r++) {
    const Floats scale = power(Splat(state.maximum[first + r]) - maximum[r]);
    state.scale[first + r] = scale[0];
    state.maximum[first + r] = maximum[r][0];
    state.sum[first + r] = state.sum[first + r] * scale + sums[r];
  }
}

// Shares of a tile from its scores (not yet divided by their sum), with the running state. `power` is Exp
// of the scores, or Exp2 where they come times kLog2E.
template <Floats (*power)(Floats), typename Share>
void SoftmaxTile(int rows, int64_t columns, const float *scores, int64_t score_stride, Share *shares,
                 int64_t share_stride, RowState &state) {
  constexpr int kRows = 2;
  int r = 0;
  for (; r + kRows <= rows; r += kRows) {
    SoftmaxRows<power, kRows>(r, columns, scores + r * score_stride, score_stride,
                              shares + r * share_stride, share_stride, state);
  }
  for (; r < rows; r++) {
    SoftmaxRows<power, 1>(r, columns, scores + r * score_stride, score_stride,
                          shares + r * share_stride, share_stride, state);
  }
}

// Where packed keys lie among all keys: those that all rows of the batch share are packed once.
struct PackPlace {
  int64_t offset, count;  // positions
  int64_t batches;        // 1 if shared

  template <typename T>
  static int Of(const AttentionCall<T> &call, PackPlace places[2]) {
    int64_t shared = 0;
    for (const Segment<T> &segment : call.segments) {
      if (!segment.shared) break;
      shared += segment.length;
    }
    int count = 0;
    if (shared > 0) places[count++] = {0, shared, 1};
    if (shared < call.keys) places[count++] = {shared, call.keys - shared, call.batch};
    return count;
  }
};

// Calls body(from, begin, end) for tiles of the keys of a pack that a tile of queries sees: the keys
// [begin, end), `tile` at most, of which those before `from` count as hidden. begin - offset is a
// multiple of align.
template <typename T, typename Body>
void ForKeyTiles(const AttentionCall<T> &call, int64_t head, int64_t first, int rows,
                 const PackPlace &place, int64_t align, int64_t tile, Body body) {
  const Runs runs =
      VisibleRuns(call, head, call.Position(first), call.Position(first + rows - 1));
  for (int run = 0; run < 2; run++) {
    const int64_t from = std::max(runs.begin[run], place.offset);
    const int64_t end = std::min(runs.end[run], place.offset + place.count);
    if (from >= end) continue;
    const int64_t start = place.offset + (from - place.offset) / align * align;
    for (int64_t begin = start; begin < end; begin += tile) {
      body(from, begin, std::min(begin + tile, end));
    }
  }
}

// Adds the values of keys [begin, end) by their shares to what a tile of queries has mixed so far, times
// its scale. A share of 0 adds nothing, whatever the value: unlike a product of matrices this keeps
// values that are not finite from queries that do not see them.
template <typename T, typename Share>
void MixSeen(const AttentionCall<T> &call, int64_t batch, int64_t key_head, int rows, int64_t begin,
             int64_t end, const Share *shares, int64_t share_stride, const float *scale, float *mixed,
             int64_t stride) {
  for (int r = 0; r < rows; r++) {
    ForVectors(call.width, [&](int64_t i, int n) {
      float *sum = mixed + r * stride + i;
      StoreUpTo(sum, LoadUpTo(sum, n) * scale[r], n);
    });
  }
  int64_t offset = 0;
  for (const Segment<T> &segment : call.segments) {
    const int64_t head = (segment.shared ? 0 : batch) * call.key_heads + key_head;
    const int64_t to = std::min(end, offset + segment.length);
    for (int64_t j = std::max(begin, offset); j < to; j++) {
      const T *value = segment.value + (head * segment.length + j - offset) * call.width;
      for (int r = 0; r < rows; r++) {
        const float share = Widen(shares[r * share_stride + j - begin]);
        if (share == 0) continue;
        ForVectors(call.width, [&](int64_t i, int n) {
          float *sum = mixed + r * stride + i;
          StoreUpTo(sum, LoadUpTo(sum, n) + LoadUpTo(value + i, n) * share, n);
        });
      }
    }
    offset += segment.length;
  }
}

// Tiles of `rows` queries of all heads, those with the most keys first: body(batch, head, first).
template <typename T, typename Body>
void ForQueryTiles(const AttentionCall<T> &call, int64_t rows, Body body) {
  const int64_t tiles = CeilDiv(call.queries, rows);
  const int64_t heads = call.batch * call.heads;
  Pool::Get().Run(tiles * heads, [&](int64_t task) {
    const int64_t tile = tiles - 1 - task / heads, head = task % heads;
    body(head / call.heads, head % call.heads, tile * rows);
  });
}

// Keys that one task packs; a multiple of every panel.
constexpr int64_t kPackPiece = 512;

// Calls body(batch, key_head, begin, end) for pieces of the keys of a pack, padded to `keys`.
template <typename T, typename Body>
void ForPackPieces(const AttentionCall<T> &call, int64_t batches, int64_t keys, Body body) {
  const int64_t pieces = CeilDiv(keys, kPackPiece);
  Pool::Get().Run(batches * call.key_heads * pieces, [&](int64_t task) {
    const int64_t head = task / pieces, begin = task % pieces * kPackPiece;
    body(head / call.key_heads, head % call.key_heads, begin, std::min(begin + kPackPiece, keys));
  });
}

}  // namespace corelens

#include "attention_few.h"
#include "attention_float.h"
#include "attention_pairs.h"

namespace corelens {

// Queries below which packing the keys does not pay.
constexpr int64_t kFewQueries = 4;

inline void Attend(const AttentionCall<float> &call) {
  if (call.queries <= kFewQueries) AttendFew(call);
  else AttendFloat(call);
}

inline void Attend(const AttentionCall<Bfloat16> &call) {
  if (call.queries <= kFewQueries) return AttendFew(call);
#if CORELENS_BF16_TILES
  if (PairsPay()) return AttendPairs(call);
#endif
  AttendFloat(call);
}

}  // namespace corelens

#endif  // CORELENS_ATTENTION_H_
