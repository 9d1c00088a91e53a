// Attention of few queries, as while decoding; included by attention.h.
#ifndef CORELENS_ATTENTION_FEW_H_
#define CORELENS_ATTENTION_FEW_H_

namespace corelens {

// What one row of AttendFew sees: the first keys, and those from one position to another.
struct RowView {
  int64_t sink, from, end;
  bool Sees(int64_t key) const { return key < sink || (key >= from && key < end); }
};

// Attention of few queries: reads keys and values where they lie, and of those that no query sees none,
// so that heads with a window take the same time however long the sequence is.
template <typename T>
void AttendFew(const AttentionCall<T> &call) {
  Pool::Get().Run(call.batch * call.key_heads, [&](int64_t task) {
    const int64_t batch = task / call.key_heads, key_head = task % call.key_heads;
    const int64_t rows = call.group() * call.queries, width = call.width;
    float *scores = Scratch<float>(kScores, rows * call.keys);
    float *mixed = Scratch<float>(kMixed, rows * width);
    float *queries = Scratch<float>(kQueries, rows * width);
    const int64_t from = (batch * call.heads + key_head * call.group()) * call.queries * width;
    ForVectors(rows * width, [&](int64_t i, int n) {
      StoreUpTo(queries + i, LoadUpTo(call.query + from + i, n), n);
    });
    std::vector<RowView> views(rows);
    RowView any{0, call.keys, 0};  // what some row sees
    for (int64_t r = 0; r < rows; r++) {
      const int64_t head = key_head * call.group() + r / call.queries;
      const int64_t end = std::min(call.keys, call.Position(r % call.queries) + 1);
      const int64_t sink = std::min(call.Sink(head), end);
      views[r] = {sink, std::max(sink, end - call.Window(head)), end};
      any = {std::max(any.sink, sink), std::min(any.from, views[r].from), std::max(any.end, end)};
    }
    any.from = std::max(any.from, any.sink);
    // Calls body(elements of the first key or value, key) for the keys that some row sees.
    const auto for_keys = [&](const T *Segment<T>::*which, auto body) {
      int64_t offset = 0;
      for (const Segment<T> &segment : call.segments) {
        const int64_t head = (segment.shared ? 0 : batch) * call.key_heads + key_head;
        const T *own = segment.*which + head * segment.length * width;
        const int64_t after = offset + segment.length;
        for (int64_t j = offset; j < std::min(any.sink, after); j++) {
          body(own + (j - offset) * width, j);
        }
        for (int64_t j = std::max(any.from, offset); j < std::min(any.end, after); j++) {
          body(own + (j - offset) * width, j);
        }
        offset = after;
      }
    };
    for_keys(&Segment<T>::key, [&](const T *key, int64_t j) {
      for (int64_t r = 0; r < rows; r++) {
        if (!views[r].Sees(j)) continue;
        Floats sum{};
        ForVectors(width, [&](int64_t i, int n) {
          sum += LoadUpTo(queries + r * width + i, n) * LoadUpTo(key + i, n);
        });
        scores[r * call.keys + j] = SumOf(sum);
      }
    });
    for (int64_t r = 0; r < rows; r++) {
      float *row = scores + r * call.keys;
      const RowView &view = views[r];
      float maximum = kNoMaximum, sum = 0;
      // Calls body(offset, width) for the row's scores in vectors.
      const auto for_seen = [&](auto body) {
        ForVectors(view.sink, body);
        ForVectors(view.end - view.from, [&](int64_t i, int n) { body(view.from + i, n); });
      };
      for_seen([&](int64_t i, int n) {
        for (int lane = 0; lane < n; lane++) maximum = std::max(maximum, row[i + lane]);
      });
      for_seen([&](int64_t i, int n) {
        Floats share = Exp(LoadUpTo(row + i, n) - maximum);
        StoreUpTo(row + i, share, n);
        sum += n == kLanes ? SumOf(share) : SumOf(LoadPart(row + i, n));
      });
      const float inverse = 1.0f / sum;
      for_seen([&](int64_t i, int n) {
        StoreUpTo(row + i, LoadUpTo(row + i, n) * inverse, n);
      });
    }
    std::fill(mixed, mixed + rows * width, 0.0f);
    for_keys(&Segment<T>::value, [&](const T *value, int64_t j) {
      for (int64_t r = 0; r < rows; r++) {
        if (!views[r].Sees(j)) continue;
        const float share = scores[r * call.keys + j];
        if (share == 0) continue;
        ForVectors(width, [&](int64_t i, int n) {
          float *sum = mixed + r * width + i;
          StoreUpTo(sum, LoadUpTo(sum, n) + LoadUpTo(value + i, n) * share, n);
        });
      }
    });
    for (int64_t r = 0; r < rows; r++) {
      T *out = call.Out(batch, key_head * call.group() + r / call.queries, r % call.queries);
      ForVectors(width, [&](int64_t i, int n) {
        StoreUpTo(out + i, LoadUpTo(mixed + r * width + i, n), n);
      });
    }
  });
}

}  // namespace corelens

#endif  // CORELENS_ATTENTION_FEW_H_
