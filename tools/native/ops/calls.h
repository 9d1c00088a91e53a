// What each operation does with TensorFlow's tensors: reads its settings once, checks shapes at every
// call, and hands plain pointers to the functions of the other headers.
#ifndef CORELENS_CALLS_H_
#define CORELENS_CALLS_H_

#include <vector>

#include "attention.h"
#include "linear.h"
#include "linear_few.h"
#include "linear_float.h"
#include "linear_split.h"
#include "pointwise.h"
#include "tensors.h"

namespace corelens {
namespace {

// Rows of x up to which reading the weight as it lies is fastest. The counterpart is `fewRows` in
// lib/backend/native_fused.ts, which calls with no other numbers of rows than it, `manyRows` and
// `packedUnit` allow: change both.
constexpr int64_t kFewRows = 16;

void *MakeNorm(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    TF_OpKernelConstruction_GetAttrFloat(construction, "eps", &settings->eps, status);
    settings->center = ReadFlag(construction, "center", status);
    TF_DataType type = TF_FLOAT;
    TF_OpKernelConstruction_GetAttrType(construction, "Y", &type, status);
    settings->narrow = type == TF_BFLOAT16;
  });
}

template <typename X, typename G, typename Y>
void NormAs(TF_OpKernelContext *context, const Settings &settings, const Input &x,
            const Input &gain, const Input &bias) {
  const int64_t width = x.dim(x.rank() - 1);
  if ((gain.size() != 0 && gain.size() != width) || (bias.size() != 0 && bias.size() != width)) {
    return Fail(context, "gain and bias must have one value for each column");
  }
  Y *y = Output<Y>(context, x.shape());
  if (!y || x.size() == 0) return;
  Norm(x.data<X>(), gain.optional<G>(), bias.optional<G>(), y, x.size() / width, width,
       settings.eps, settings.center);
}

template <typename X, typename G>
void NormTo(TF_OpKernelContext *context, const Settings &settings, const Input &x,
            const Input &gain, const Input &bias) {
  if (settings.narrow) NormAs<X, G, Bfloat16>(context, settings, x, gain, bias);
  else NormAs<X, G, float>(context, settings, x, gain, bias);
}

void ComputeNorm(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  const Input x(context, 0), gain(context, 1), bias(context, 2);
  if (x.rank() < 1) return Fail(context, "x must have an axis to normalise");
  if (x.narrow()) {
    if (gain.narrow()) NormTo<Bfloat16, Bfloat16>(context, settings, x, gain, bias);
    else NormTo<Bfloat16, float>(context, settings, x, gain, bias);
  } else {
    if (gain.narrow()) NormTo<float, Bfloat16>(context, settings, x, gain, bias);
    else NormTo<float, float>(context, settings, x, gain, bias);
  }
}

void *MakeGated(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "kind", &settings->kind, status);
  });
}

template <typename T>
void GatedAs(TF_OpKernelContext *context, int kind, const Input &gate, const Input &up) {
  T *y = Output<T>(context, gate.shape());
  if (y) Gated(kind, gate.data<T>(), up.optional<T>(), y, gate.size());
}

void ComputeGated(void *kernel, TF_OpKernelContext *context) {
  const int kind = static_cast<Settings *>(kernel)->kind;
  const Input gate(context, 0), up(context, 1);
  if (up.size() != 0 && up.size() != gate.size()) {
    return Fail(context, "gate and up must have one shape");
  }
  if (gate.narrow()) GatedAs<Bfloat16>(context, kind, gate, up);
  else GatedAs<float>(context, kind, gate, up);
}

template <typename T>
void RotateAs(TF_OpKernelContext *context, const Input &x, const Input &cosine,
              const Input &sine) {
  T *y = Output<T>(context, x.shape());
  if (!y || x.size() == 0) return;
  const int64_t tokens = x.dim(x.rank() - 2), width = x.dim(x.rank() - 1);
  Rotate(x.data<T>(), cosine.data<float>(), sine.data<float>(), y, x.size() / (tokens * width),
         tokens, width);
}

void ComputeRotate(void *, TF_OpKernelContext *context) {
  const Input x(context, 0), cosine(context, 1), sine(context, 2);
  const int rank = x.rank();
  if (rank < 2 || x.dim(rank - 1) % 2 != 0 ||
      cosine.size() != x.dim(rank - 1) * x.dim(rank - 2) || sine.size() != cosine.size()) {
    return Fail(context, "tables must be [tokens, width] of x [.., tokens, width], width even");
  }
  if (x.narrow()) RotateAs<Bfloat16>(context, x, cosine, sine);
  else RotateAs<float>(context, x, cosine, sine);
}

void ComputeAdd(void *, TF_OpKernelContext *context) {
  const Input a(context, 0), b(context, 1);
  if (a.size() != b.size()) return Fail(context, "a and b must have one shape");
  float *y = Output<float>(context, a.shape());
  if (!y) return;
  if (b.narrow()) Add(a.data<float>(), b.data<Bfloat16>(), y, a.size());
  else Add(a.data<float>(), b.data<float>(), y, a.size());
}

void *MakeAttention(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    settings->causal = ReadFlag(construction, "causal", status);
    TF_OpKernelConstruction_GetAttrInt32(construction, "segments", &settings->segments, status);
  });
}

template <typename T>
void AttentionAs(TF_OpKernelContext *context, const Settings &settings,
                 const std::vector<Input> &inputs) {
  const Input &query = inputs[0], &ranges = inputs[1];
  AttentionCall<T> call;
  call.batch = query.dim(0);
  call.heads = query.dim(1);
  call.queries = query.dim(2);
  call.width = query.dim(3);
  call.key_heads = inputs[2].dim(1);
  call.keys = 0;
  call.causal = settings.causal;
  call.ranges = ranges.optional<int32_t>();
  for (int i = 0; i < settings.segments; i++) {
    const Input &key = inputs[2 + i], &value = inputs[2 + settings.segments + i];
    const bool fits = key.rank() == 4 && key.shape() == value.shape() &&
                      (key.dim(0) == 1 || key.dim(0) == call.batch) &&
                      key.dim(1) == call.key_heads && key.dim(3) == call.width;
    if (!fits) return Fail(context, "keys and values must be [1 or batch, key heads, any, width]");
    call.segments.push_back({key.data<T>(), value.data<T>(), key.dim(2), key.dim(0) == 1});
    call.keys += key.dim(2);
  }
  if (call.key_heads < 1 || call.heads % call.key_heads != 0) {
    return Fail(context, "the heads must be a multiple of the key heads");
  }
  if (call.causal && call.keys < call.queries) {
    return Fail(context, "causal queries need keys of their own positions");
  }
  if (call.ranges && ranges.size() != 2 * call.heads) {
    return Fail(context, "ranges must be [heads, 2]");
  }
  call.query = query.data<T>();
  call.out = Output<T>(context, query.shape());
  call.strides = OutStrides::Whole(call.heads, call.queries, call.width);
  if (!call.out || query.size() == 0) return;
  if (call.keys == 0) {
    std::memset(static_cast<void *>(call.out), 0, query.size() * sizeof(T));
    return;
  }
  Attend(call);
}

void ComputeAttention(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  std::vector<Input> inputs;
  for (int i = 0; i < 2 + 2 * settings.segments; i++) inputs.emplace_back(context, i);
  if (inputs[0].rank() != 4 || inputs[2].rank() != 4) {
    return Fail(context, "queries must be [batch, heads, queries, width]");
  }
  if (inputs[0].narrow()) AttentionAs<Bfloat16>(context, settings, inputs);
  else AttentionAs<float>(context, settings, inputs);
}

void *MakeLinear(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "kind", &settings->kind, status);
    TF_OpKernelConstruction_GetAttrInt32(construction, "parts", &settings->parts, status);
  });
}

template <typename T>
void LinearAs(TF_OpKernelContext *context, const Settings &settings, const Input &x,
              const Input &weight, const Input &bias) {
  const Activation activation = static_cast<Activation>(settings.kind);
  const int64_t depth = weight.dim(1), width = weight.dim(0);
  int64_t rows = 0;
  T *y = ProductOutput<T>(context, x, width, &rows);
  if (!y || rows * width == 0) return;
  // `packedUnit` in lib/backend/native_fused.ts keeps to these multiples.
#if CORELENS_AMX
  if constexpr (sizeof(T) == 2) {
    const bool whole = depth > 0 && depth % 32 == 0 && width % 32 == 0;
    if (rows > kFewRows && whole && TileRegisters::Allowed()) {
      const PlainWeight<T> whole_weight{weight.data<T>(), width, depth};
      return LinearTiles(x.data<T>(), whole_weight, bias.optional<T>(), y, rows, activation);
    }
  }
#endif
#if CORELENS_AMX
  if constexpr (sizeof(T) == 4) {
    if (rows > kFewRows && depth > 0 && settings.parts > 0 && TileRegisters::Allowed()) {
      const SplitProduct product{x.data<T>(), weight.data<T>(), bias.optional<T>(), y, rows, width,
                                 depth, activation};
      return settings.parts == 2 ? LinearSplit<2>(product) : LinearSplit<3>(product);
    }
  }
#endif
  if constexpr (sizeof(T) == 4) {
    if (rows > kFewRows && depth > 0 && width % kLanes == 0) {
      const PlainWeight<T> whole_weight{weight.data<T>(), width, depth};
      return LinearFloat(x.data<T>(), whole_weight, bias.optional<T>(), y, rows, activation);
    }
  }
  const PlainWeight<T> plain{weight.data<T>(), width, depth};
  LinearFew(x.data<T>(), plain, bias.optional<T>(), y, rows, activation);
}

void ComputeLinear(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  const Input x(context, 0), weight(context, 1), bias(context, 2);
  const bool fits = x.rank() >= 1 && weight.rank() == 2 &&
                    x.dim(x.rank() - 1) == weight.dim(1) &&
                    (bias.size() == 0 || bias.size() == weight.dim(0));
  if (!fits) return Fail(context, "x must be [.., in], the weight [out, in], the bias [out]");
  if (settings.kind < kNoActivation || settings.kind > kRelu) {
    return Fail(context, "there is no such activation");
  }
  if (settings.parts != 0 && settings.parts != 2 && settings.parts != 3) {
    return Fail(context, "floats are whole (0), or sums of 2 or 3 parts");
  }
  if (x.narrow()) LinearAs<Bfloat16>(context, settings, x, weight, bias);
  else LinearAs<float>(context, settings, x, weight, bias);
}

}  // namespace
}  // namespace corelens

#endif  // CORELENS_CALLS_H_
