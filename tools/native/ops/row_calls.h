// What the attention of vision towers does with TensorFlow's tensors, as calls.h for the others.
#ifndef CORELENS_ROW_CALLS_H_
#define CORELENS_ROW_CALLS_H_

#include <vector>

#include "row_attention.h"
#include "tensors.h"

namespace corelens {
namespace {

void *MakeRowAttention(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "heads", &settings->heads, status);
    TF_OpKernelConstruction_GetAttrInt32(construction, "width", &settings->width, status);
    TF_OpKernelConstruction_GetAttrFloat(construction, "scale", &settings->scale, status);
    const char *const columns[3] = {"query_column", "key_column", "value_column"};
    for (int i = 0; i < 3; i++) {
      TF_OpKernelConstruction_GetAttrInt32(construction, columns[i], &settings->columns[i], status);
    }
  });
}

template <typename T>
void RowAttentionAs(TF_OpKernelContext *context, const Settings &settings,
                    const std::vector<Input> &inputs) {
  const int64_t stride = int64_t{settings.heads} * settings.width;
  RowAttentionCall<T> call;
  HeadColumns<T> *const parts[3] = {&call.query, &call.key, &call.value};
  call.rows = inputs[0].dim(0);
  for (int i = 0; i < 3; i++) {
    const Input &x = inputs[i];
    const int64_t first = settings.columns[i];
    if (x.rank() != 2 || x.dim(0) != call.rows || first < 0 || first + stride > x.dim(1)) {
      return Fail(context, "queries, keys and values must be rows with columns for all heads");
    }
    *parts[i] = {x.data<T>() + first, x.dim(1)};
  }
  const Input &lengths = inputs[3], &cosine = inputs[4], &sine = inputs[5];
  call.lengths = lengths.optional<int32_t>();
  call.runs = lengths.size();
  int64_t sum = 0;
  for (int64_t i = 0; i < call.runs; i++) {
    if (call.lengths[i] < 1) return Fail(context, "a run has at least one row");
    sum += call.lengths[i];
  }
  if (sum != call.rows) return Fail(context, "the runs must be all rows");
  const int64_t table = call.rows * settings.width;
  const bool fits = cosine.size() == 0 || (cosine.size() == table && settings.width % 2 == 0);
  if (!fits || sine.size() != cosine.size()) {
    return Fail(context, "tables must be [rows, width], width even, or empty");
  }
  call.cosine = cosine.optional<float>();
  call.sine = sine.optional<float>();
  call.heads = settings.heads;
  call.width = settings.width;
  call.scale = settings.scale;
  call.out = Output<T>(context, {call.rows, stride});
  if (call.out && call.rows * stride > 0) AttendRows(call);
}

void ComputeRowAttention(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  std::vector<Input> inputs;
  for (int i = 0; i < 6; i++) inputs.emplace_back(context, i);
  if (inputs[0].rank() != 2) return Fail(context, "queries must be rows");
  if (inputs[0].narrow()) RowAttentionAs<Bfloat16>(context, settings, inputs);
  else RowAttentionAs<float>(context, settings, inputs);
}

}  // namespace
}  // namespace corelens

#endif  // CORELENS_ROW_CALLS_H_
