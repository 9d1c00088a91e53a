// Attention of vision towers on the rows of their projections: heads lie beside each other in a row, and
// each row sees those of its run (an image, a frame or a window), all of them.
#ifndef CORELENS_ROW_ATTENTION_H_
#define CORELENS_ROW_ATTENTION_H_

#include <vector>

#include "attention.h"
#include "buffers.h"
#include "pointwise.h"

namespace corelens {

// Columns of rows: heads of some width side by side.
template <typename T>
struct HeadColumns {
  const T *data;   // of the first row
  int64_t stride;  // from one row to the next
};

template <typename T>
struct RowAttentionCall {
  HeadColumns<T> query, key, value;
  const int32_t *lengths;  // of the runs, one after the other
  int64_t runs, rows, heads, width;
  const float *cosine, *sine;  // rotary tables [rows, width], or null
  float scale;                 // of the queries
  T *out;                      // [rows, heads * width]
};

// The run of each row.
struct RunOfRow {
  int64_t start, length;
};

// Turns one head of a row by the rotary tables, times `scale`.
template <typename T>
inline void RotateHead(const T *x, const float *cosine, const float *sine, float scale, T *y,
                       int64_t width) {
  const int64_t half = width / 2;
  ForVectors(half, [&](int64_t i, int n) {
    const Floats low = LoadUpTo(x + i, n), high = LoadUpTo(x + half + i, n);
    const Floats first = low * LoadUpTo(cosine + i, n) - high * LoadUpTo(sine + i, n);
    const Floats second =
        high * LoadUpTo(cosine + half + i, n) + low * LoadUpTo(sine + half + i, n);
    StoreUpTo(y + i, first * scale, n);
    StoreUpTo(y + half + i, second * scale, n);
  });
}

// Gathers heads as [runs][heads][length][width], turned where there are tables.
template <typename T>
void GatherHeads(const RowAttentionCall<T> &call, const std::vector<RunOfRow> &runs,
                 const HeadColumns<T> &from, bool turned, float scale, T *to) {
  const int64_t heads = call.heads, width = call.width;
  ParallelFor(call.rows, kGrain / (heads * width) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const RunOfRow &run = runs[row];
      for (int64_t head = 0; head < heads; head++) {
        const T *x = from.data + row * from.stride + head * width;
        T *y = to + (run.start * heads + head * run.length + row - run.start) * width;
        if (turned) {
          RotateHead(x, call.cosine + row * width, call.sine + row * width, scale, y, width);
        } else if (scale == 1) {
          std::memcpy(static_cast<void *>(y), x, width * sizeof(T));
        } else {
          ForVectors(width, [&](int64_t i, int n) { StoreUpTo(y + i, LoadUpTo(x + i, n) * scale, n); });
        }
      }
    }
  });
}

template <typename T>
void AttendRows(const RowAttentionCall<T> &call) {
  std::vector<RunOfRow> runs;
  runs.reserve(call.rows);
  for (int64_t run = 0, start = 0; run < call.runs; start += call.lengths[run++]) {
    runs.insert(runs.end(), call.lengths[run], {start, call.lengths[run]});
  }
  const int64_t stride = call.heads * call.width, size = call.rows * stride;
  const Borrowed<T> query(size), key(size), value(size);
  const bool turned = call.cosine != nullptr;
  GatherHeads(call, runs, call.query, turned, call.scale, query.data());
  GatherHeads(call, runs, call.key, turned, 1, key.data());
  GatherHeads(call, runs, call.value, false, 1, value.data());
  for (int64_t row = 0; row < call.rows;) {  // neighbours of one length at once
    const int64_t length = runs[row].length;
    int64_t count = 0;
    while (row + count * length < call.rows && runs[row + count * length].length == length) count++;
    AttentionCall<T> own;
    own.batch = count;
    own.heads = own.key_heads = call.heads;
    own.queries = own.keys = length;
    own.width = call.width;
    own.causal = false;
    own.ranges = nullptr;
    own.query = query.data() + row * stride;
    own.segments.push_back(
        {key.data() + row * stride, value.data() + row * stride, length, count == 1});
    own.out = call.out + row * stride;
    own.strides = {length * stride, call.width, stride};
    Attend(own);
    row += count * length;
  }
}

}  // namespace corelens

#endif  // CORELENS_ROW_ATTENTION_H_
