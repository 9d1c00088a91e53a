// Products of few rows with a weight of any kind: plain numbers, or blocks of any format.
#ifndef CORELENS_FEW_PRODUCTS_H_
#define CORELENS_FEW_PRODUCTS_H_

#include "linear_few.h"
#include "packed_few.h"
#include "tensors.h"

namespace corelens {
namespace {

// The bytes of a weight: a tensor [rows, row bytes]; or a part of one of any shape, where `place` says how
// many bytes it leaves out at first, its rows and their bytes (four numbers: the first in two words).
struct PackedBytes {
  const uint8_t *data = nullptr;
  int64_t rows = 0, row_bytes = 0;
  bool found = false;

  PackedBytes(const Input &bytes, const Input &place)
      : PackedBytes(bytes, place.optional<int32_t>(), place.size()) {}
  PackedBytes(const Input &bytes, const int32_t *numbers, int64_t count) {
    int64_t skip = 0;
    if (count == 4) {
      skip = LoadAs<int64_t>(numbers);
      rows = numbers[2];
      row_bytes = numbers[3];
    } else if (count == 0 && bytes.rank() == 2) {
      rows = bytes.dim(0);
      row_bytes = bytes.dim(1);
    } else {
      return;
    }
    found = skip >= 0 && skip <= bytes.size() && rows >= 0 && row_bytes >= 0 &&
            rows * row_bytes <= bytes.size() - skip;
    if (found) data = bytes.data<uint8_t>() + skip;
  }
  // Whether rows are `depth` numbers in whole blocks.
  template <typename Block>
  bool Fit(int64_t depth) const {
    return depth % Block::kElements == 0 && row_bytes == depth / Block::kElements * Block::kBytes;
  }
};

// A weight of floats for products of few rows: as it lies where that can be read at once.
template <typename Block>
PackedWeight FewWeight(const PackedWeight &weight, Block) {
  return weight;
}
template <typename Number>
PlainWeight<Number> FewWeight(const PackedWeight &weight, PlainNumbers<Number>) {
  return {reinterpret_cast<const Number *>(weight.bytes), weight.width, weight.depth};
}

// Products with a weight in blocks; instances of their own, so that each format is compiled once.
template <typename Block, typename T>
__attribute__((noinline)) void PackedFewProduct(const T *x, const PackedWeight &weight, const T *bias,
                                                T *y, int64_t rows) {
  if constexpr (!kIsFloats<Block>) PackedFew<Block>(x, weight, bias, y, rows);
  else LinearFew(x, FewWeight(weight, Block()), bias, y, rows);
}

// A weight [width, depth] of any kind with its bias, for x of T.
template <typename T>
class FewWeightOf {
 public:
  // Numbers of a plan for each weight: its format, 0 where it is plain; whether the four that follow say
  // where its bytes are, as PackedBytes takes them.
  static constexpr int kPlan = 6;

  FewWeightOf(const Input &weight, const Input &bias, const int32_t *plan, int64_t width, int64_t depth)
      : width_(width), depth_(depth), bias_(bias.optional<T>()) {
    if (bias_ && (bias.size() != width || bias.narrow() != (sizeof(T) == 2))) return;
    if (plan[0] == 0) {
      const bool fits = weight.rank() == 2 && weight.dim(0) == width && weight.dim(1) == depth &&
                        weight.type() == (sizeof(T) == 2 ? TF_BFLOAT16 : TF_FLOAT);
      if (fits) plain_ = weight.data<T>();
      found_ = fits;
      return;
    }
    const PackedBytes bytes(weight, plan + 2, plan[1] != 0 ? 4 : 0);
    if (weight.type() != TF_UINT8 || !bytes.found || bytes.rows != width) return;
    WithFormat(plan[0], [&](auto block) {
      typedef decltype(block) Block;
      if (!bytes.Fit<Block>(depth)) return;
      packed_ = PackedWeight::Of<Block>(bytes.data, width, depth);
      product_ = PackedFewProduct<Block, T>;
      found_ = true;
    });
  }
  // Whether there is such a weight.
  bool found() const { return found_; }
  int64_t width() const { return width_; }

  // x [rows, depth], y [rows, width].
  void Times(const T *x, T *y, int64_t rows) const {
    if (product_) return product_(x, packed_, bias_, y, rows);
    LinearFew(x, PlainWeight<T>{plain_, width_, depth_}, bias_, y, rows);
  }

 private:
  int64_t width_, depth_;
  const T *bias_;
  const T *plain_ = nullptr;
  PackedWeight packed_{};
  void (*product_)(const T *, const PackedWeight &, const T *, T *, int64_t) = nullptr;
  bool found_ = false;
};

}  // namespace
}  // namespace corelens

#endif  // CORELENS_FEW_PRODUCTS_H_
