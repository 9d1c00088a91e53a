// What the operations for training do with TensorFlow's tensors; all but the
// weighted sum are float32.
#ifndef CORELENS_GRADIENT_CALLS_H_
#define CORELENS_GRADIENT_CALLS_H_

#include <vector>

#include "gradients.h"
#include "tensors.h"

namespace corelens {
namespace {

void *MakeNormGradient(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    TF_OpKernelConstruction_GetAttrFloat(construction, "eps", &settings->eps, status);
  });
}

void ComputeNormGradient(void *kernel, TF_OpKernelContext *context) {
  const Input x(context, 0), gain(context, 1), dy(context, 2);
  const int64_t width = x.rank() > 0 ? x.dim(x.rank() - 1) : 0;
  if (width == 0 || dy.size() != x.size() || (gain.size() != 0 && gain.size() != width)) {
    return Fail(context, "dy must have x's shape, the gain one value for each column");
  }
  float *dx = Output<float>(context, x.shape());
  float *dgain = Output<float>(context, gain.shape(), 1);
  if (!dx || (!dgain && gain.size() > 0)) return;
  NormGradient(x.data<float>(), gain.optional<float>(), dy.data<float>(), dx,
               gain.size() > 0 ? dgain : nullptr, x.size() / width, width,
               static_cast<Settings *>(kernel)->eps);
}

void ComputeGatedGradient(void *, TF_OpKernelContext *context) {
  const Input gate(context, 0), up(context, 1), dy(context, 2);
  if (up.size() != gate.size() || dy.size() != gate.size()) {
    return Fail(context, "gate, up and dy must have one shape");
  }
  float *dgate = Output<float>(context, gate.shape()), *dup = Output<float>(context, up.shape(), 1);
  if (!dgate || !dup) return;
  GatedGradient(gate.data<float>(), up.data<float>(), dy.data<float>(), dgate, dup, gate.size());
}

void ComputeRotateGradient(void *, TF_OpKernelContext *context) {
  const Input x(context, 0), cosine(context, 1), sine(context, 2), dy(context, 3);
  const int rank = x.rank();
  if (rank < 2 || x.size() == 0 || dy.size() != x.size() || x.dim(rank - 1) % 2 != 0 ||
      cosine.size() != x.dim(rank - 1) * x.dim(rank - 2) || sine.size() != cosine.size()) {
    return Fail(context, "tables must be [tokens, width] of x and dy [.., tokens, width], width even");
  }
  float *dx = Output<float>(context, x.shape());
  float *dcosine = Output<float>(context, cosine.shape(), 1);
  float *dsine = Output<float>(context, sine.shape(), 2);
  if (!dx || !dcosine || !dsine) return;
  const int64_t tokens = x.dim(rank - 2), width = x.dim(rank - 1);
  RotateGradient(x.data<float>(), cosine.data<float>(), sine.data<float>(), dy.data<float>(), dx,
                 dcosine, dsine, x.size() / (tokens * width), tokens, width);
}

void ComputeMaskedSoftmax(void *, TF_OpKernelContext *context) {
  const Input scores(context, 0), mask(context, 1);
  const int64_t width = scores.rank() > 0 ? scores.dim(scores.rank() - 1) : 0;
  const bool fits = width > 0 && mask.rank() > 0 && mask.dim(mask.rank() - 1) == width &&
                    mask.size() > 0 && scores.size() % mask.size() == 0;
  if (!fits) return Fail(context, "scores must be a whole number of masks");
  float *p = Output<float>(context, scores.shape());
  if (!p) return;
  MaskedSoftmax(scores.data<float>(), mask.data<float>(), p, scores.size() / width,
                mask.size() / width, width);
}

void ComputeSoftmaxGradient(void *, TF_OpKernelContext *context) {
  const Input p(context, 0), dp(context, 1);
  if (p.rank() < 1 || p.size() == 0 || dp.size() != p.size()) {
    return Fail(context, "p and dp must have one shape");
  }
  float *ds = Output<float>(context, p.shape());
  if (!ds) return;
  const int64_t width = p.dim(p.rank() - 1);
  SoftmaxGradient(p.data<float>(), dp.data<float>(), ds, p.size() / width, width);
}

void *MakeWeightedSum(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    TF_OpKernelConstruction_GetAttrFloat(construction, "first", &settings->first, status);
    TF_OpKernelConstruction_GetAttrFloat(construction, "second", &settings->second, status);
  });
}

void ComputeWeightedSum(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  const Input a(context, 0), b(context, 1);
  if (a.size() != b.size()) return Fail(context, "a and b must have one shape");
  Bfloat16 *y = Output<Bfloat16>(context, a.shape());
  if (!y) return;
  WeightedSum(a.data<Bfloat16>(), b.data<Bfloat16>(), y, a.size(), settings.first,
              settings.second);
}

}  // namespace
}  // namespace corelens

#endif  // CORELENS_GRADIENT_CALLS_H_
