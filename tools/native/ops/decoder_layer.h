// What a decoder layer does before and after its attention, for few rows as in decoding, in one call each:
// by the same functions, and with the same roundings, as the operations for its single steps.
//
// lib/nn/decoder_layer.ts says in those what is computed.
#ifndef CORELENS_DECODER_LAYER_H_
#define CORELENS_DECODER_LAYER_H_

#include "few_products.h"
#include "pointwise.h"
#include "scratch.h"

namespace corelens {
namespace {

// Memory for intermediate results, one piece after the other, each at a cache line.
class Pieces {
 public:
  // For `count` pieces of together `size` numbers.
  Pieces(int64_t size, int64_t count)
      : next_(Scratch<float>(kLayerRows, size + 16 * count)) {}
  template <typename T>
  T *Take(int64_t size) {
    float *own = next_;
    next_ += RoundUp(CeilDiv(size * sizeof(T), sizeof(float)), 16);
    return reinterpret_cast<T *>(own);
  }

 private:
  float *next_;
};

// Heads of queries, keys or values.
template <typename T>
struct Heads {
  const FewWeightOf<T> &weight;
  int64_t count;
  bool turned, normed;  // by the rotary embedding; normalised, each by itself
  const T *gain;        // of that norm
  float factor;
  T *out;  // [batch, count, tokens, width]
};

template <typename T>
struct LayerInputs {
  const float *x;  // [batch * tokens, depth]
  const T *gain;
  int64_t batch, tokens, depth, width;
  float eps;
  const float *cosine, *sine;  // [tokens, width]
  Heads<T> parts[3];
};

// The tables with a gain and a factor in them: the gain of a number goes with it to the other half.
template <typename T>
void FoldGain(const LayerInputs<T> &call, const Heads<T> &part, float *cosine, float *sine) {
  const int64_t width = call.width, half = width / 2;
  for (int64_t i = 0; i < call.tokens * width; i++) {
    const int64_t column = i % width, other = column < half ? column + half : column - half;
    cosine[i] = call.cosine[i] * (part.gain ? Widen(part.gain[column]) * part.factor : part.factor);
    sine[i] = call.sine[i] * (part.gain ? Widen(part.gain[other]) * part.factor : part.factor);
  }
}

// Norm, projections, norms of heads and rotary embedding.
template <typename T>
void StartLayer(const LayerInputs<T> &call) {
  const int64_t rows = call.batch * call.tokens, width = call.width, table = call.tokens * width;
  int64_t widest = 0;
  for (const Heads<T> &part : call.parts) widest = std::max(widest, part.count * width);
  Pieces pieces(rows * (call.depth + 2 * widest) + 2 * table, 5);
  T *normalized = pieces.Take<T>(rows * call.depth);
  T *projected = pieces.Take<T>(rows * widest), *unit = pieces.Take<T>(rows * widest);
  float *cosine = pieces.Take<float>(table), *sine = pieces.Take<float>(table);
  Norm<float, T, T>(call.x, call.gain, nullptr, normalized, rows, call.depth, call.eps, false);
  for (const Heads<T> &part : call.parts) {
    const bool in_place = !part.turned && call.tokens == 1;
    T *heads = in_place ? part.out : projected;
    part.weight.Times(normalized, heads, rows);
    if (in_place) continue;
    if (part.normed) {
      Norm<T, float, T>(heads, nullptr, nullptr, unit, rows * part.count, width, call.eps, false);
      heads = unit;
    }
    if (part.turned) FoldGain(call, part, cosine, sine);
    for (int64_t i = 0; i < rows * part.count; i++) {
      const int64_t head = i % part.count, row = i / part.count;
      const int64_t b = row / call.tokens, t = row % call.tokens;
      T *out = part.out + ((b * part.count + head) * call.tokens + t) * width;
      if (part.turned) RotateHead(heads + i * width, cosine + t * width, sine + t * width, out, width);
      else std::memcpy(static_cast<void *>(out), heads + i * width, width * sizeof(T));
    }
  }
}

template <typename T>
struct LayerRest {
  const float *x;  // [rows, depth], the residual stream before attention
  const T *z;      // [rows, heads * width]
  int64_t rows, depth;
  const T *gain;
  const T *attention_gain, *feed_gain;  // of what the branches give; null where they are added as they are
  float eps;
  int kind;  // of the gate's activation
  const FewWeightOf<T> &output, &gate, &up, &down;
  float *y;  // [rows, depth]
};

// What a branch gives, normalised where it has a gain, added to x.
template <typename T>
void AddBranch(const LayerRest<T> &call, const T *branch, const T *gain, const float *x, T *unit,
               float *y) {
  if (gain) {
    Norm<T, T, T>(branch, gain, nullptr, unit, call.rows, call.depth, call.eps, false);
    branch = unit;
  }
  Add(x, branch, y, call.rows * call.depth);
}

// Output projection, sum, norm, gated feed-forward network and sum.
template <typename T>
void FinishLayer(const LayerRest<T> &call) {
  const int64_t rows = call.rows, depth = call.depth, middle = call.gate.width();
  Pieces pieces(rows * (4 * depth + 3 * middle), 7);
  float *mid = pieces.Take<float>(rows * depth);
  T *branch = pieces.Take<T>(rows * depth), *unit = pieces.Take<T>(rows * depth);
  T *normalized = pieces.Take<T>(rows * depth);
  T *gate = pieces.Take<T>(rows * middle), *up = pieces.Take<T>(rows * middle);
  T *active = pieces.Take<T>(rows * middle);
  call.output.Times(call.z, branch, rows);
  AddBranch(call, branch, call.attention_gain, call.x, unit, mid);
  Norm<float, T, T>(mid, call.gain, nullptr, normalized, rows, depth, call.eps, false);
  call.gate.Times(normalized, gate, rows);
  call.up.Times(normalized, up, rows);
  Gated(call.kind, gate, up, active, rows * middle);
  call.down.Times(active, branch, rows);
  AddBranch(call, branch, call.feed_gain, mid, unit, call.y);
}

}  // namespace
}  // namespace corelens

#endif  // CORELENS_DECODER_LAYER_H_
