// Gradients of the operations in pointwise.h, softmax with its own, and weighted sums, each in one
// pass over memory.
// Sums over rows add in an order that does not depend on the number of threads.
#ifndef CORELENS_GRADIENTS_H_
#define CORELENS_GRADIENTS_H_

#include <algorithm>
#include <cmath>
#include <vector>

#include "parallel.h"
#include "pointwise.h"
#include "sizes.h"
#include "vectors.h"

namespace corelens {

// Parts of the rows that one sum over all rows has.
constexpr int64_t kParts = 16;

// Gradients of y = x r g with r = 1 / sqrt(mean x^2 + eps), over rows of `width`:
// dx = r (dy g - x r mean(dy g x r)), dgain = sum over rows of dy x r. gain and dgain may be null.
inline void NormGradient(const float *x, const float *gain, const float *dy, float *dx,
                         float *dgain, int64_t rows, int64_t width, float eps) {
  const int64_t part = CeilDiv(rows, kParts);
  std::vector<float> sums(dgain ? kParts * width : 0);
  Pool::Get().Run(kParts, [&](int64_t index) {
    float *sum = dgain ? sums.data() + index * width : nullptr;
    for (int64_t row = index * part; row < std::min(rows, (index + 1) * part); row++) {
      const float *in = x + row * width, *up = dy + row * width;
      float *out = dx + row * width;
      Floats squares{}, products{};
      ForVectors(width, [&](int64_t i, int n) {
        const Floats v = LoadUpTo(in + i, n);
        Floats d = LoadUpTo(up + i, n);
        if (gain) d *= LoadUpTo(gain + i, n);
        squares += v * v;
        products += v * d;
      });
      const float r = 1.0f / std::sqrt(SumOf(squares) / width + eps);
      const float shift = SumOf(products) / width * r * r;
      ForVectors(width, [&](int64_t i, int n) {
        const Floats v = LoadUpTo(in + i, n), d = LoadUpTo(up + i, n);
        const Floats own = gain ? d * LoadUpTo(gain + i, n) : d;
        StoreUpTo(out + i, (own - v * shift) * r, n);
        if (sum) StoreUpTo(sum + i, LoadUpTo(sum + i, n) + d * v * r, n);
      });
    }
  });
  if (!dgain) return;
  for (int64_t i = 0; i < width; i++) {
    dgain[i] = 0;
    for (int64_t index = 0; index < kParts; index++) dgain[i] += sums[index * width + i];
  }
}

// Gradients of y = silu(gate) up.
inline void GatedGradient(const float *gate, const float *up, const float *dy, float *dgate,
                          float *dup, int64_t size) {
  ParallelFor(size, kGrain, [=](int64_t begin, int64_t end) {
    ForVectors(end - begin, [&](int64_t i, int n) {
      const int64_t at = begin + i;
      const Floats g = LoadUpTo(gate + at, n), d = LoadUpTo(dy + at, n), s = Sigmoid(g);
      const Floats silu = g * s;
      StoreUpTo(dgate + at, d * LoadUpTo(up + at, n) * (s + silu * (1.0f - s)), n);
      StoreUpTo(dup + at, d * silu, n);
    });
  });
}

// Gradients of Rotate: of x [blocks, tokens, width], and of the tables [tokens, width].
inline void RotateGradient(const float *x, const float *cosine, const float *sine, const float *dy,
                           float *dx, float *dcosine, float *dsine, int64_t blocks, int64_t tokens,
                           int64_t width) {
  const int64_t half = width / 2;
  std::fill(dcosine, dcosine + tokens * width, 0.0f);
  std::fill(dsine, dsine + tokens * width, 0.0f);
  ParallelFor(tokens, 8, [=](int64_t begin, int64_t end) {
    for (int64_t block = 0; block < blocks; block++) {
      for (int64_t token = begin; token < end; token++) {
        const int64_t row = (block * tokens + token) * width, table = token * width;
        ForVectors(half, [&](int64_t i, int n) {
          const int64_t a = table + i, b = a + half;
          const Floats low = LoadUpTo(x + row + i, n), high = LoadUpTo(x + row + half + i, n);
          const Floats first = LoadUpTo(dy + row + i, n);
          const Floats second = LoadUpTo(dy + row + half + i, n);
          StoreUpTo(dx + row + i,
                    first * LoadUpTo(cosine + a, n) + second * LoadUpTo(sine + b, n), n);
          StoreUpTo(dx + row + half + i,
                    second * LoadUpTo(cosine + b, n) - first * LoadUpTo(sine + a, n), n);
          StoreUpTo(dcosine + a, LoadUpTo(dcosine + a, n) + first * low, n);
          StoreUpTo(dcosine + b, LoadUpTo(dcosine + b, n) + second * high, n);
          StoreUpTo(dsine + a, LoadUpTo(dsine + a, n) - first * high, n);
          StoreUpTo(dsine + b, LoadUpTo(dsine + b, n) + second * low, n);
        });
      }
    }
  });
}

// p = softmax(scores + mask) over rows of `width`; the mask's rows repeat.
inline void MaskedSoftmax(const float *scores, const float *mask, float *p, int64_t rows,
                          int64_t mask_rows, int64_t width) {
  ParallelFor(rows, kGrain / (width + 1), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float *in = scores + row * width, *hidden = mask + row % mask_rows * width;
      float *out = p + row * width;
      float largest = in[0] + hidden[0];
      Floats top = Splat(largest);
      ForVectors(width, [&](int64_t i, int n) {
        const Floats v = LoadUpTo(in + i, n) + LoadUpTo(hidden + i, n);
        if (n == kLanes) top = Max(top, v);
        else for (int j = 0; j < n; j++) largest = v[j] > largest ? v[j] : largest;
        StoreUpTo(out + i, v, n);
      });
      largest = std::max(largest, MaxOf(top));
      float sum = 0;
      Floats sums{};
      ForVectors(width, [&](int64_t i, int n) {
        const Floats e = Exp(LoadUpTo(out + i, n) - largest);
        if (n == kLanes) sums += e;
        else for (int j = 0; j < n; j++) sum += e[j];
        StoreUpTo(out + i, e, n);
      });
      const float scale = 1.0f / (sum + SumOf(sums));
      ForVectors(width, [&](int64_t i, int n) {
        StoreUpTo(out + i, LoadUpTo(out + i, n) * scale, n);
      });
    }
  });
}

// Gradient of the scores: p (dp - sum of p dp) over rows of `width`.
inline void SoftmaxGradient(const float *p, const float *dp, float *ds, int64_t rows,
                            int64_t width) {
  ParallelFor(rows, kGrain / (width + 1), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t at = row * width;
      Floats products{};
      ForVectors(width, [&](int64_t i, int n) {
        products += LoadUpTo(p + at + i, n) * LoadUpTo(dp + at + i, n);
      });
      const float inner = SumOf(products);
      ForVectors(width, [&](int64_t i, int n) {
        StoreUpTo(ds + at + i, LoadUpTo(p + at + i, n) * (LoadUpTo(dp + at + i, n) - inner), n);
      });
    }
  });
}

// y = first a + second b, rounded once.
inline void WeightedSum(const Bfloat16 *a, const Bfloat16 *b, Bfloat16 *y, int64_t size,
                        float first, float second) {
  ParallelFor(size, kGrain, [=](int64_t begin, int64_t end) {
    ForVectors(end - begin, [&](int64_t i, int n) {
      const Floats left = LoadUpTo(a + begin + i, n), right = LoadUpTo(b + begin + i, n);
      StoreUpTo(y + begin + i, left * first + right * second, n);
    });
  });
}

}  // namespace corelens

#endif  // CORELENS_GRADIENTS_H_
