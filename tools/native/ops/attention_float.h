// Attention in float arithmetic, for float tensors and, where the processor has no bfloat16
// products, for bfloat16 ones.
#ifndef CORELENS_ATTENTION_FLOAT_H_
#define CORELENS_ATTENTION_FLOAT_H_

namespace corelens {

inline int64_t RoundUp(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

// Keys and values of one key head, ready for the tiles.
struct FloatPack {
  int64_t keys;    // padded to whole panels
  int64_t width;   // padded to whole vectors
  float *key;      // [keys / kPanel][width of a head][kPanel]
  float *value;    // [keys][width]
};

template <typename T>
void PackFloats(const AttentionCall<T> &call, int64_t batch, int64_t key_head, int64_t begin,
                int64_t end, const FloatPack &pack) {
  int64_t offset = 0;
  for (const Segment<T> &segment : call.segments) {
    const int64_t from = std::max(begin, offset), to = std::min(end, offset + segment.length);
    const int64_t head = (segment.shared ? 0 : batch) * call.key_heads + key_head;
    for (int64_t j = from; j < to; j++) {
      const int64_t row = (head * segment.length + j - offset) * call.width;
      float *key = pack.key + j / kPanel * call.width * kPanel + j % kPanel;
      for (int64_t h = 0; h < call.width; h++) key[h * kPanel] = Widen(segment.key[row + h]);
      float *value = pack.value + j * pack.width;
      for (int64_t h = 0; h < call.width; h++) value[h] = Widen(segment.value[row + h]);
      for (int64_t h = call.width; h < pack.width; h++) value[h] = 0;
    }
    offset += segment.length;
  }
  for (int64_t j = std::max(begin, call.keys); j < end; j++) {  // padding
    float *key = pack.key + j / kPanel * call.width * kPanel + j % kPanel;
    for (int64_t h = 0; h < call.width; h++) key[h * kPanel] = 0;
    std::fill(pack.value + j * pack.width, pack.value + (j + 1) * pack.width, 0.0f);
  }
}

template <typename T>
void FloatQueryTile(const AttentionCall<T> &call, int64_t batch, int64_t head, int64_t first,
                    const FloatPack &pack) {
  const int rows = static_cast<int>(std::min<int64_t>(kQueryTile, call.queries - first));
  const int64_t width = call.width;
  float *queries = Scratch<float>(kQueries, kQueryTile * width);
  float *scores = Scratch<float>(kScores, kQueryTile * kScoreStride);
  float *mixed = Scratch<float>(kMixed, kQueryTile * pack.width);
  RowState &state = *Scratch<RowState>(kRowState, 1);
  const int64_t from = ((batch * call.heads + head) * call.queries + first) * width;
  ForVectors(rows * width, [&](int64_t i, int n) {
    StoreUpTo(queries + i, LoadUpTo(call.query + from + i, n), n);
  });
  std::fill(mixed, mixed + rows * pack.width, 0.0f);
  std::fill(state.maximum, state.maximum + rows, kNoMaximum);
  std::fill(state.sum, state.sum + rows, Floats{});

  const Runs runs =
      VisibleRuns(call, head, call.Position(first), call.Position(first + rows - 1), kPanel);
  for (int run = 0; run < 2; run++) {
    for (int64_t begin = runs.begin[run]; begin < runs.end[run]; begin += kKeyTile) {
      const int64_t end = std::min(begin + kKeyTile, runs.end[run]);
      const int64_t padded = begin + RoundUp(end - begin, kPanel);
      for (int64_t j = begin; j < padded; j += kPanel) {
        FloatRows<kTileVectors>(rows, queries, width, pack.key + j * width, kPanel, width,
                                scores + j - begin, kScoreStride, nullptr);
      }
      HideScores(call, head, first, rows, begin, end, padded, scores);
      SoftmaxTile(rows, padded - begin, scores, scores, kScoreStride, state);
      // in short runs of keys, whose values stay in the first cache
      float ones[kQueryTile];
      std::fill(ones, ones + kQueryTile, 1.0f);
      for (int64_t j = begin; j < padded; j += kPanel) {
        const float *scale = j == begin ? state.scale : ones;
        for (int64_t h = 0; h < pack.width; h += kPanel) {
          FloatColumns(rows, static_cast<int>(std::min<int64_t>(kPanel, pack.width - h)),
                       scores + j - begin, kScoreStride, pack.value + j * pack.width + h, pack.width,
                       kPanel, mixed + h, pack.width, scale);
        }
      }
    }
  }
  for (int r = 0; r < rows; r++) {
    const float inverse = 1.0f / SumOf(state.sum[r]);
    ForVectors(width, [&](int64_t i, int n) {
      StoreUpTo(call.out + from + r * width + i,
                LoadUpTo(mixed + r * pack.width + i, n) * inverse, n);
    });
  }
}

// Query tiles of all heads, those with the most keys first.
template <typename T, typename Body>
void ForQueryTiles(const AttentionCall<T> &call, Body body) {
  const int64_t tiles = (call.queries + kQueryTile - 1) / kQueryTile;
  const int64_t heads = call.batch * call.heads;
  Pool::Get().Run(tiles * heads, [&](int64_t task) {
    const int64_t tile = tiles - 1 - task / heads, head = task % heads;
    body(head / call.heads, head % call.heads, tile * kQueryTile);
  });
}

// Sizes of the pieces of keys that are packed as one task; a multiple of every panel.
constexpr int64_t kPackPiece = 512;

// Calls body(batch, key_head, begin, end) for pieces of the padded keys of all key heads; where all
// segments are shared, of one batch only.
template <typename T, typename Body>
void ForPackPieces(const AttentionCall<T> &call, int64_t batches, int64_t padded, Body body) {
  const int64_t pieces = (padded + kPackPiece - 1) / kPackPiece;
  Pool::Get().Run(batches * call.key_heads * pieces, [&](int64_t task) {
    const int64_t head = task / pieces, begin = task % pieces * kPackPiece;
    body(head / call.key_heads, head % call.key_heads, begin,
         std::min(begin + kPackPiece, padded));
  });
}

template <typename T>
int64_t PackedBatches(const AttentionCall<T> &call) {
  for (const Segment<T> &segment : call.segments) {
    if (!segment.shared) return call.batch;
  }
  return 1;
}

template <typename T>
void AttendFloat(const AttentionCall<T> &call) {
  const int64_t batches = PackedBatches(call);
  const int64_t keys = RoundUp(call.keys, kPanel), width = RoundUp(call.width, kLanes);
  float *key = Scratch<float>(kPackedKeys, batches * call.key_heads * keys * call.width);
  float *value = Scratch<float>(kPackedValues, batches * call.key_heads * keys * width);
  auto packOf = [&](int64_t batch, int64_t key_head) {
    const int64_t head = (batches == 1 ? 0 : batch) * call.key_heads + key_head;
    return FloatPack{keys, width, key + head * keys * call.width, value + head * keys * width};
  };
  ForPackPieces(call, batches, keys, [&](int64_t batch, int64_t head, int64_t from, int64_t to) {
    PackFloats(call, batch, head, from, to, packOf(batch, head));
  });
  ForQueryTiles(call, [&](int64_t batch, int64_t head, int64_t first) {
    FloatQueryTile(call, batch, head, first, packOf(batch, head / call.group()));
  });
}

}  // namespace corelens

#endif  // CORELENS_ATTENTION_FLOAT_H_
