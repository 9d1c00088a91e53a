// Operations that read each element once: norms, activations with gates, rotary embedding, sums of
// two element types.
#ifndef CORELENS_POINTWISE_H_
#define CORELENS_POINTWISE_H_

#include <cmath>
#include <type_traits>

#include "parallel.h"
#include "vectors.h"

namespace corelens {

// Elements that one task handles: some ten microseconds of work.
constexpr int64_t kGrain = 1 << 15;

// Elements less their mean; those past `count` are 0.
template <typename X>
inline Floats LoadCentred(const X *p, int count, float mean) {
  if (count == kLanes) return Load(p) - mean;
  Floats v{};
  for (int i = 0; i < count; i++) v[i] = Widen(p[i]) - mean;
  return v;
}

// y = (x - mean) / sqrt(variance + eps) * gain + bias over rows of `width`; without `center` the mean
// counts as 0. gain and bias may be null.
template <typename X, typename G, typename Y>
void Norm(const X *x, const G *gain, const G *bias, Y *y, int64_t rows, int64_t width, float eps,
          bool center) {
  ParallelFor(rows, kGrain / (width + 1), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const X *in = x + row * width;
      Y *out = y + row * width;
      float mean = 0;
      if (center) {
        Floats sum{};
        ForVectors(width, [&](int64_t i, int n) { sum += LoadUpTo(in + i, n); });
        mean = SumOf(sum) / width;
      }
      Floats squares{};
      ForVectors(width, [&](int64_t i, int n) {
        const Floats v = LoadCentred(in + i, n, mean);
        squares += v * v;
      });
      const float scale = 1.0f / std::sqrt(SumOf(squares) / width + eps);
      ForVectors(width, [&](int64_t i, int n) {
        Floats v = (LoadUpTo(in + i, n) - mean) * scale;
        if (gain) v *= LoadUpTo(gain + i, n);
        if (bias) v += LoadUpTo(bias + i, n);
        StoreUpTo(out + i, v, n);
      });
    }
  });
}

enum Activation { kNoActivation = -1, kSilu, kQuickGelu, kTanhGelu, kGelu, kRelu };

// 1 / (1 + e^-x)
inline Floats Sigmoid(Floats x) { return 1.0f / (1.0f + Exp(Min(-x, Splat(88.0f)))); }

// erfc(z) for z >= 0 to 1.2e-7 of its value (Chebyshev fit, Numerical Recipes 6.2).
inline Floats Erfc(Floats z) {
  const Floats t = 1.0f / (1.0f + 0.5f * z);
  Floats p = Splat(0.17087277f);
  p = p * t - 0.82215223f;
  p = p * t + 1.48851587f;
  p = p * t - 1.13520398f;
  p = p * t + 0.27886807f;
  p = p * t - 0.18628806f;
  p = p * t + 0.09678418f;
  p = p * t + 0.37409196f;
  p = p * t + 1.00002368f;
  return t * Exp(p * t - z * z - 1.26551223f);
}

template <Activation kind>
inline Floats Activate(Floats x) {
  switch (kind) {
    case kSilu:
      return x * Sigmoid(x);
    case kQuickGelu:
      return x * Sigmoid(1.702f * x);
    case kTanhGelu:  // 1 + tanh(u) = 2 sigmoid(2 u)
      return x * Sigmoid(1.5957691216f * (x + 0.044715f * x * x * x));
    case kGelu: {  // x Phi(x), with Phi(x) = erfc(-x / sqrt 2) / 2
      const Floats size = x < 0.0f ? -x : x;
      const Floats tail = 0.5f * Erfc(size * 0.70710678f);
      return x * (x < 0.0f ? tail : 1.0f - tail);
    }
    case kRelu:
      return x > 0.0f ? x : Floats{};
    case kNoActivation:
      break;
  }
  return x;
}

// Calls body(kind), where the kind is a type of its own, so that loops in it are of one activation.
template <typename Body>
inline void WithActivation(int kind, Body body) {
  switch (kind) {
    case kSilu: return body(std::integral_constant<Activation, kSilu>{});
    case kQuickGelu: return body(std::integral_constant<Activation, kQuickGelu>{});
    case kTanhGelu: return body(std::integral_constant<Activation, kTanhGelu>{});
    case kGelu: return body(std::integral_constant<Activation, kGelu>{});
    case kRelu: return body(std::integral_constant<Activation, kRelu>{});
    default: return body(std::integral_constant<Activation, kNoActivation>{});
  }
}

// y = activation(gate) * up; up may be null.
template <Activation kind, typename T>
void Gated(const T *gate, const T *up, T *y, int64_t size) {
  ParallelFor(size, kGrain, [=](int64_t begin, int64_t end) {
    ForVectors(end - begin, [&](int64_t i, int n) {
      Floats v = Activate<kind>(LoadUpTo(gate + begin + i, n));
      if (up) v *= LoadUpTo(up + begin + i, n);
      StoreUpTo(y + begin + i, v, n);
    });
  });
}

template <typename T>
void Gated(int kind, const T *gate, const T *up, T *y, int64_t size) {
  WithActivation(kind, [&](auto own) { Gated<own.value>(gate, up, y, size); });
}

// y = activation(y).
template <typename T>
inline void ActivateRun(Activation kind, T *y, int64_t size) {
  if (kind == kNoActivation || size <= 0) return;
  WithActivation(kind, [&](auto own) {
    ForVectors(size, [&](int64_t i, int n) {
      StoreUpTo(y + i, Activate<own.value>(LoadUpTo(y + i, n)), n);
    });
  });
}

// Rotary embedding in rotate-half layout of a head [width], with its row of the tables.
template <typename T>
inline void RotateHead(const T *in, const float *c, const float *s, T *out, int64_t width) {
  const int64_t half = width / 2;
  ForVectors(half, [&](int64_t i, int n) {
    const Floats low = LoadUpTo(in + i, n), high = LoadUpTo(in + half + i, n);
    StoreUpTo(out + i, low * LoadUpTo(c + i, n) - high * LoadUpTo(s + i, n), n);
    StoreUpTo(out + half + i, high * LoadUpTo(c + half + i, n) + low * LoadUpTo(s + half + i, n), n);
  });
}

// The same of x [blocks, tokens, width]; tables [tokens, width].
template <typename T>
void Rotate(const T *x, const float *cosine, const float *sine, T *y, int64_t blocks,
            int64_t tokens, int64_t width) {
  ParallelFor(blocks * tokens, kGrain / (width + 1), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t table = row % tokens * width;
      RotateHead(x + row * width, cosine + table, sine + table, y + row * width, width);
    }
  });
}

// y = a + b in float.
template <typename B>
void Add(const float *a, const B *b, float *y, int64_t size) {
  ParallelFor(size, kGrain, [=](int64_t begin, int64_t end) {
    ForVectors(end - begin, [&](int64_t i, int n) {
      StoreUpTo(y + begin + i, LoadUpTo(a + begin + i, n) + LoadUpTo(b + begin + i, n), n);
    });
  });
}

}  // namespace corelens

#endif  // CORELENS_POINTWISE_H_
