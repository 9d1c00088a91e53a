// The operations on weights in blocks, as calls.h has the others.
#ifndef CORELENS_PACKED_CALLS_H_
#define CORELENS_PACKED_CALLS_H_

#include <vector>

#include "few_products.h"
#include "linear.h"
#include "linear_float.h"
#include "tensors.h"

namespace corelens {
namespace {

// Rows of x up to which it takes less time to multiply codes as they come out of a block than to unpack
// and pack the weight; fewer where matrix registers multiply what is packed.
constexpr int64_t kPackedFewRows = 48, kPackedTileRows = 16;

void *MakePacked(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "format", &settings->format, status);
    TF_DataType type = TF_FLOAT;
    TF_OpKernelConstruction_GetAttrType(construction, "T", &type, status);
    settings->narrow = type == TF_BFLOAT16;
  });
}

void *MakePackedLinear(TF_OpKernelConstruction *construction) {
  Settings *settings = static_cast<Settings *>(MakePacked(construction));
  Status status;
  TF_OpKernelConstruction_GetAttrInt32(construction, "kind", &settings->kind, status.raw);
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status.raw);
  return settings;
}

template <typename Block, typename T>
void PackedLinearAs(TF_OpKernelContext *context, Activation activation, const Input &x,
                    const PackedBytes &bytes, const Input &bias) {
  const int64_t depth = x.dim(x.rank() - 1), width = bytes.rows;
  if (!bytes.Fit<Block>(depth)) {
    return Fail(context, "the weight must have rows of whole blocks, as long as those of x");
  }
  int64_t rows = 0;
  T *y = ProductOutput<T>(context, x, width, &rows);
  if (!y || rows * width == 0) return;
  const T *in = x.optional<T>(), *shift = bias.optional<T>();
  const PackedWeight weight = PackedWeight::Of<Block>(bytes.data, width, depth);
#if CORELENS_AMX
  if constexpr (sizeof(T) == 2) {
    if (rows > kPackedTileRows && depth > 0 && width % 32 == 0 && TileRegisters::Allowed()) {
      return LinearTiles(in, weight, shift, y, rows, activation);
    }
  }
#endif
  if (rows > kPackedFewRows && depth > 0) {
    return LinearFloat(in, weight, shift, y, rows, activation);
  }
  if constexpr (kIsFloats<Block>) {
    LinearFew(in, FewWeight(weight, Block()), shift, y, rows, activation);
  } else {
    PackedFew<Block>(in, weight, shift, y, rows);
    ActivateRun(activation, y, rows * width);
  }
}

void ComputePackedLinear(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  const Input x(context, 0), weight(context, 1), place(context, 2), bias(context, 3);
  const PackedBytes bytes(weight, place);
  if (x.rank() < 1 || !bytes.found || (bias.size() != 0 && bias.size() != bytes.rows)) {
    return Fail(context, "x must be [.., in], the weight [out, bytes], the bias [out]");
  }
  if (settings.kind < kNoActivation || settings.kind > kRelu) {
    return Fail(context, "there is no such activation");
  }
  const Activation activation = static_cast<Activation>(settings.kind);
  const bool known = WithFormat(settings.format, [&](auto block) {
    typedef decltype(block) Block;
    if (settings.narrow) PackedLinearAs<Block, Bfloat16>(context, activation, x, bytes, bias);
    else PackedLinearAs<Block, float>(context, activation, x, bytes, bias);
  });
  if (!known) Fail(context, "the format of the weight is unknown");
}

template <typename Block, typename T>
void UnpackRowsAs(TF_OpKernelContext *context, const PackedBytes &bytes, const Input &rows) {
  const int64_t row_bytes = bytes.row_bytes, blocks = row_bytes / Block::kBytes;
  if (row_bytes % Block::kBytes != 0) return Fail(context, "rows must be whole blocks");
  const int64_t depth = blocks * Block::kElements, count = rows.size();
  const int32_t *wanted = rows.optional<int32_t>();
  for (int64_t i = 0; i < count; i++) {
    if (wanted[i] < 0 || wanted[i] >= bytes.rows) {
      return Fail(context, "there is no such row", TF_OUT_OF_RANGE);
    }
  }
  T *y = Output<T>(context, {count, depth});
  if (!y || count * depth == 0) return;
  const uint8_t *weight = bytes.data;
  ParallelFor(count, (1 << 15) / depth + 1, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      PackedWeight::UnpackAs<Block>(weight + wanted[i] * row_bytes, blocks, y + i * depth);
    }
  });
}

void ComputeUnpackRows(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  const Input weight(context, 0), place(context, 1), rows(context, 2);
  const PackedBytes bytes(weight, place);
  if (!bytes.found) return Fail(context, "the weight must be [out, bytes]");
  const bool known = WithFormat(settings.format, [&](auto block) {
    typedef decltype(block) Block;
    if (settings.narrow) UnpackRowsAs<Block, Bfloat16>(context, bytes, rows);
    else UnpackRowsAs<Block, float>(context, bytes, rows);
  });
  if (!known) Fail(context, "the format of the weight is unknown");
}

}  // namespace
}  // namespace corelens

#endif  // CORELENS_PACKED_CALLS_H_
