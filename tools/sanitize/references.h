// The operations in plain loops and double precision. Names and shapes are those of ops.cc.
#ifndef CORELENS_REFERENCES_H_
#define CORELENS_REFERENCES_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace reference {

using Values = std::vector<double>;

inline double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

inline double Activate(int kind, double x) {
  switch (kind) {
    case 0: return x * Sigmoid(x);
    case 1: return x * Sigmoid(1.702 * x);
    case 2: return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case 3: return x / 2 * std::erfc(-x / std::sqrt(2.0));
    default: return std::max(x, 0.0);
  }
}

inline Values Norm(const Values &x, const Values &gain, const Values &bias, int64_t width,
                   double eps, bool center) {
  Values y(x.size());
  for (size_t row = 0; row < x.size(); row += width) {
    double mean = 0, square = 0;
    for (int64_t i = 0; i < width && center; i++) mean += x[row + i] / width;
    for (int64_t i = 0; i < width; i++) square += (x[row + i] - mean) * (x[row + i] - mean) / width;
    for (int64_t i = 0; i < width; i++) {
      const double unit = (x[row + i] - mean) / std::sqrt(square + eps);
      y[row + i] = unit * (gain.empty() ? 1 : gain[i]) + (bias.empty() ? 0 : bias[i]);
    }
  }
  return y;
}

inline Values Rotate(const Values &x, const Values &cosine, const Values &sine, int64_t tokens,
                     int64_t width) {
  Values y(x.size());
  const int64_t half = width / 2;
  for (size_t i = 0; i < x.size(); i++) {
    const int64_t column = i % width, table = i % (tokens * width);
    const double partner = column < half ? -x[i + half] : x[i - half];
    y[i] = x[i] * cosine[table] + partner * sine[table];
  }
  return y;
}

inline Values Linear(const Values &x, const Values &weight, const Values &bias, int64_t rows,
                     int64_t depth, int64_t width) {
  Values y(rows * width);
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t j = 0; j < width; j++) {
      double sum = bias.empty() ? 0 : bias[j];
      for (int64_t i = 0; i < depth; i++) sum += x[r * depth + i] * weight[j * depth + i];
      y[r * width + j] = sum;
    }
  }
  return y;
}

struct Run {
  int64_t batch, length;
  Values key, value;
};

// Attention in which what a query does not see is never read for it.
inline Values Attention(const Values &query, const std::vector<Run> &runs, int64_t batch,
                        int64_t heads, int64_t key_heads, int64_t queries, int64_t width, bool causal,
                        const std::vector<int32_t> &ranges) {
  int64_t keys = 0;
  for (const Run &run : runs) keys += run.length;
  Values out(query.size());
  for (int64_t b = 0; b < batch; b++) {
    for (int64_t head = 0; head < heads; head++) {
      const int64_t key_head = head / (heads / key_heads);
      for (int64_t t = 0; t < queries; t++) {
        const int64_t at = ((b * heads + head) * queries + t) * width;
        const int64_t position = causal ? keys - queries + t : keys - 1;
        Values scores;
        std::vector<const double *> values;
        int64_t first = 0;
        for (const Run &run : runs) {
          for (int64_t j = 0; j < run.length; j++) {
            const int64_t key = first + j;
            bool seen = key <= position;
            if (!ranges.empty() && ranges[2 * head + 1] > 0) {
              seen = seen && (key < ranges[2 * head] || position - key < ranges[2 * head + 1]);
            }
            if (!seen) continue;
            const int64_t from = (((run.batch == 1 ? 0 : b) * key_heads + key_head) * run.length + j) *
                                 width;
            double score = 0;
            for (int64_t i = 0; i < width; i++) score += query[at + i] * run.key[from + i];
            scores.push_back(score);
            values.push_back(run.value.data() + from);
          }
          first += run.length;
        }
        const double top = *std::max_element(scores.begin(), scores.end());
        double sum = 0;
        for (double &score : scores) sum += score = std::exp(score - top);
        for (size_t j = 0; j < scores.size(); j++) {
          for (int64_t i = 0; i < width; i++) out[at + i] += scores[j] / sum * values[j][i];
        }
      }
    }
  }
  return out;
}

// Softmax of scores + mask, whose rows repeat.
inline Values MaskedSoftmax(const Values &scores, const Values &mask, int64_t width) {
  Values p(scores.size());
  for (size_t row = 0; row < p.size(); row += width) {
    double top = -INFINITY, sum = 0;
    for (int64_t i = 0; i < width; i++) {
      p[row + i] = scores[row + i] + mask[(row + i) % mask.size()];
      top = std::max(top, p[row + i]);
    }
    for (int64_t i = 0; i < width; i++) sum += p[row + i] = std::exp(p[row + i] - top);
    for (int64_t i = 0; i < width; i++) p[row + i] /= sum;
  }
  return p;
}

inline Values SoftmaxGradient(const Values &p, const Values &dp, int64_t width) {
  Values ds(p.size());
  for (size_t row = 0; row < p.size(); row += width) {
    double inner = 0;
    for (int64_t i = 0; i < width; i++) inner += p[row + i] * dp[row + i];
    for (int64_t i = 0; i < width; i++) ds[row + i] = p[row + i] * (dp[row + i] - inner);
  }
  return ds;
}

}  // namespace reference

#endif  // CORELENS_REFERENCES_H_
