// Attention in float arithmetic, for float tensors and, where the processor has no bfloat16
// products, for bfloat16 ones.
#ifndef CORELENS_ATTENTION_FLOAT_H_
#define CORELENS_ATTENTION_FLOAT_H_

namespace corelens {

// Queries at once: more where all see the same keys.
constexpr int kQueryTile = 72;
constexpr int kFreeQueryTile = kMostQueries;
constexpr int kKeyTile = 256;
// From one row to the next, so that rows do not fall into the same lines of the first cache.
constexpr int kScoreStride = kKeyTile + 16;
// Keys whose values are summed up at once: few, so that they stay in the first cache, but enough that
// reading and writing the sums costs little.
constexpr int64_t kValueRun = 128;

// Keys and values of one key head, ready for the tiles.
struct FloatPack {
  PackPlace place;
  int64_t width;   // padded to whole vectors
  int64_t panel;   // elements of one panel of values
  float *key;      // [keys / kPanel][width of a head][kPanel]
  float *value;    // [width / kPanel, rounded up][keys][kPanel], so that each product reads in order
  bool finite;     // all values of all packs of the call

  float *Value(int64_t position, int64_t h) const {
    return value + h / kPanel * panel + position * kPanel + h % kPanel;
  }
};

// Packs the keys and values [begin, end) of a pack; unsets `finite` where a value is not.
template <typename T>
void PackFloats(const AttentionCall<T> &call, int64_t batch, int64_t key_head, int64_t begin,
                int64_t end, const FloatPack &pack, std::atomic<bool> &finite) {
  Floats zeros{};
  int64_t offset = -pack.place.offset;
  for (const Segment<T> &segment : call.segments) {
    const int64_t from = std::max(begin, offset), to = std::min(end, offset + segment.length);
    const int64_t head = (segment.shared ? 0 : batch) * call.key_heads + key_head;
    for (int64_t j = from; j < to; j++) {
      const int64_t row = (head * segment.length + j - offset) * call.width;
      float *key = pack.key + j / kPanel * call.width * kPanel + j % kPanel;
      for (int64_t h = 0; h < call.width; h++) key[h * kPanel] = Widen(segment.key[row + h]);
      for (int64_t h = 0; h < pack.width; h += kLanes) {
        const int lanes = static_cast<int>(std::min<int64_t>(kLanes, call.width - h));
        const Floats value = LoadUpTo(segment.value + row + h, lanes);
        Store(pack.Value(j, h), value);
        zeros += value * 0.0f;
      }
    }
    offset += segment.length;
  }
  if (SumOf(zeros) != 0) finite = false;  // it is NaN
  for (int64_t j = std::max(begin, pack.place.count); j < end; j++) {  // padding
    float *key = pack.key + j / kPanel * call.width * kPanel + j % kPanel;
    for (int64_t h = 0; h < call.width; h++) key[h * kPanel] = 0;
    for (int64_t h = 0; h < pack.width; h += kLanes) Store(pack.Value(j, h), Floats{});
  }
}

// Queries [first, first + rows) of a head times kLog2E, in groups of kTileRows whose rows are
// interleaved: [groups][width][kTileRows].
template <typename T>
void PackQueries(const AttentionCall<T> &call, int64_t batch, int64_t head, int64_t first, int rows,
                 float *packed) {
  const int64_t width = call.width;
  const T *from = call.query + ((batch * call.heads + head) * call.queries + first) * width;
  for (int r = 0; r < rows; r++) {
    float *to = packed + r / kTileRows * kTileRows * width + r % kTileRows;
    for (int64_t d = 0; d < width; d++) to[d * kTileRows] = Widen(from[r * width + d]) * kLog2E;
  }
}

template <typename T>
void FloatQueryTile(const AttentionCall<T> &call, int64_t batch, int64_t head, int64_t first,
                    int rows, const FloatPack *packs, int count) {
  const int64_t width = call.width, padded_width = packs[0].width;
  float *queries = Scratch<float>(kQueries, kMostQueries * width);
  float *scores = Scratch<float>(kScores, kMostQueries * kScoreStride);
  float *mixed = Scratch<float>(kMixed, kMostQueries * padded_width);
  RowState &state = *Scratch<RowState>(kRowState, 1);
  PackQueries(call, batch, head, first, rows, queries);
  std::fill(mixed, mixed + rows * padded_width, 0.0f);
  std::fill(state.maximum, state.maximum + rows, kNoMaximum);
  std::fill(state.sum, state.sum + rows, Floats{});

  float ones[kMostQueries];
  std::fill(ones, ones + kMostQueries, 1.0f);
  const auto tile = [&](const FloatPack &pack, int64_t from, int64_t begin, int64_t end) {
    const int64_t columns = RoundUp(end - begin, kPanel), local = begin - pack.place.offset;
    for (int64_t j = 0; j < columns; j += kPanel) {
      FloatRows<FloatLayout<1, kTileRows>, kTileVectors, false>(
          rows, queries, kTileRows * width, pack.key + (local + j) * width, width, scores + j,
          kScoreStride, ones, pack.key + (local + j + kPanel) * width);
    }
    HideScores(call, head, first, rows, from, begin, end, begin + columns, scores,
               kScoreStride);
    SoftmaxTile<Exp2>(rows, columns, scores, kScoreStride, scores, kScoreStride, state);
    if (!pack.finite) {
      return MixSeen(call, batch, head / call.group(), rows, begin, end, scores, kScoreStride,
                     state.scale, mixed, padded_width);
    }
    for (int64_t j = 0; j < columns; j += kValueRun) {
      const int64_t run = std::min(kValueRun, columns - j);
      for (int64_t h = 0; h < padded_width; h += kPanel) {
        const bool more = h + kPanel < padded_width;
        FloatColumns<FloatLayout<kScoreStride, 1>>(
            rows, static_cast<int>(std::min<int64_t>(kPanel, padded_width - h)), scores + j,
            kTileRows * kScoreStride, pack.Value(local + j, h), run, mixed + h, padded_width,
            j == 0 ? state.scale : ones,
            more ? pack.Value(local + j, h + kPanel) : pack.Value(local + j + run, 0));
      }
    }
  };
  for (int p = 0; p < count; p++) {
    ForKeyTiles(call, head, first, rows, packs[p].place, kPanel, kKeyTile,
                [&](int64_t from, int64_t begin, int64_t end) { tile(packs[p], from, begin, end); });
  }
  for (int r = 0; r < rows; r++) {
    const float inverse = 1.0f / SumOf(state.sum[r]);
    T *out = call.Out(batch, head, first + r);
    ForVectors(width, [&](int64_t i, int n) {
      StoreUpTo(out + i, LoadUpTo(mixed + r * padded_width + i, n) * inverse, n);
    });
  }
}

template <typename T>
void AttendFloat(const AttentionCall<T> &call) {
  PackPlace places[2];
  const int count = PackPlace::Of(call, places);
  const int64_t width = RoundUp(call.width, kLanes), panels = CeilDiv(width, kPanel);
  float *key[2], *value[2];
  std::atomic<bool> finite{true};
  const auto packOf = [&](int p, int64_t batch, int64_t key_head) {
    const int64_t head = (places[p].batches == 1 ? 0 : batch) * call.key_heads + key_head;
    const int64_t keys = RoundUp(places[p].count, kPanel), at = head * keys;
    return FloatPack{places[p], width, keys * kPanel, key[p] + at * call.width,
                     value[p] + at * panels * kPanel, finite};
  };
  for (int p = 0; p < count; p++) {
    const int64_t keys = RoundUp(places[p].count, kPanel);
    const int64_t rows = places[p].batches * call.key_heads * keys;
    key[p] = Scratch<float>(p == 0 ? kPackedKeys : kMoreKeys, rows * call.width);
    value[p] = Scratch<float>(p == 0 ? kPackedValues : kMoreValues, rows * panels * kPanel);
    ForPackPieces(call, places[p].batches, keys,
                  [&](int64_t batch, int64_t head, int64_t from, int64_t to) {
                    PackFloats(call, batch, head, from, to, packOf(p, batch, head), finite);
                  });
  }
  // tiles as even as their rows allow
  const int64_t most = call.causal || call.ranges ? kQueryTile : kFreeQueryTile;
  const int64_t even = CeilDiv(call.queries, CeilDiv(call.queries, most));
  const int64_t rows = RoundUp(even, kTileRows);
  ForQueryTiles(call, rows, [&](int64_t batch, int64_t head, int64_t first) {
    FloatPack packs[2];
    for (int p = 0; p < count; p++) packs[p] = packOf(p, batch, head / call.group());
    FloatQueryTile(call, batch, head, first,
                   static_cast<int>(std::min(rows, call.queries - first)), packs, count);
  });
}

}  // namespace corelens

#endif  // CORELENS_ATTENTION_FLOAT_H_
