// The operations on decoder layers of few rows, as calls.h has the others.
#ifndef CORELENS_LAYER_CALLS_H_
#define CORELENS_LAYER_CALLS_H_

#include "decoder_layer.h"
#include "tensors.h"

namespace corelens {
namespace {

void *MakeLayer(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    TF_OpKernelConstruction_GetAttrFloat(construction, "eps", &settings->eps, status);
    TF_DataType type = TF_FLOAT;
    TF_OpKernelConstruction_GetAttrType(construction, "T", &type, status);
    settings->narrow = type == TF_BFLOAT16;
  });
}

void *MakeLayerStart(TF_OpKernelConstruction *construction) {
  Settings *settings = static_cast<Settings *>(MakeLayer(construction));
  Status status;
  TF_OpKernelConstruction_GetAttrFloat(construction, "scale", &settings->scale, status.raw);
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status.raw);
  return settings;
}

void *MakeLayerRest(TF_OpKernelConstruction *construction) {
  Settings *settings = static_cast<Settings *>(MakeLayer(construction));
  Status status;
  TF_OpKernelConstruction_GetAttrInt32(construction, "kind", &settings->kind, status.raw);
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status.raw);
  return settings;
}

// Whether a gain is [size] of T, or absent.
template <typename T>
bool GainFits(const Input &gain, int64_t size) {
  return gain.size() == 0 || (gain.size() == size && gain.narrow() == (sizeof(T) == 2));
}

// Inputs: x, gain, then weight and bias of queries, keys and values, the gains of queries and of keys, the
// tables, and the plan: query heads, key heads, whether heads are normalised, and the three weights'.
template <typename T>
void LayerStartAs(TF_OpKernelContext *context, const Settings &settings,
                  const std::vector<Input> &inputs) {
  const Input &x = inputs[0], &gain = inputs[1], &cosine = inputs[10], &plan = inputs[12];
  const int32_t *numbers = plan.data<int32_t>();
  const int64_t batch = x.dim(0), tokens = x.dim(1), depth = x.dim(2), width = cosine.dim(1);
  const int64_t heads = numbers[0], key_heads = numbers[1];
  const bool normed = numbers[2] != 0;
  const bool fits = heads > 0 && key_heads > 0 && width > 0 && width % 2 == 0 && depth > 0 &&
                    cosine.dim(0) == tokens && inputs[11].size() == cosine.size() &&
                    GainFits<T>(gain, depth) && gain.size() > 0 && GainFits<T>(inputs[8], width) &&
                    GainFits<T>(inputs[9], width);
  if (!fits) return Fail(context, "gains, heads and tables must be as wide as x and its heads");
  const FewWeightOf<T> query(inputs[2], inputs[3], numbers + 3, heads * width, depth);
  const FewWeightOf<T> key(inputs[4], inputs[5], numbers + 9, key_heads * width, depth);
  const FewWeightOf<T> value(inputs[6], inputs[7], numbers + 15, key_heads * width, depth);
  if (!query.found() || !key.found() || !value.found()) {
    return Fail(context, "the weights must be [heads * width, columns of x], the biases as long");
  }
  const std::vector<int64_t> few{batch, key_heads, tokens, width};
  T *queries = Output<T>(context, {batch, heads, tokens, width}, 0);
  T *keys = Output<T>(context, few, 1), *values = Output<T>(context, few, 2);
  if (!queries || !keys || !values || batch * tokens == 0) return;
  StartLayer<T>({x.data<float>(), gain.data<T>(), batch, tokens, depth, width, settings.eps,
                 cosine.data<float>(), inputs[11].data<float>(),
                 {{query, heads, true, normed, inputs[8].optional<T>(), settings.scale, queries},
                  {key, key_heads, true, normed, inputs[9].optional<T>(), 1, keys},
                  {value, key_heads, false, false, nullptr, 1, values}}});
}

void ComputeLayerStart(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  std::vector<Input> inputs;
  for (int i = 0; i < 13; i++) inputs.emplace_back(context, i);
  if (inputs[0].rank() != 3 || inputs[10].rank() != 2 || inputs[12].size() != 21) {
    return Fail(context, "x must be [batch, tokens, columns], the tables [tokens, width]");
  }
  if (settings.narrow) LayerStartAs<Bfloat16>(context, settings, inputs);
  else LayerStartAs<float>(context, settings, inputs);
}

// Inputs: x, z, the norm's gain, the gains of the branches, the weights of output, gate, up and down, the
// bias of the output, and the plan: those of the four weights.
template <typename T>
void LayerRestAs(TF_OpKernelContext *context, const Settings &settings,
                 const std::vector<Input> &inputs) {
  const Input &x = inputs[0], &z = inputs[1], &gate_bytes = inputs[6], &none = inputs[10];
  const int32_t *numbers = inputs[11].data<int32_t>();
  const int64_t depth = x.dim(x.rank() - 1), rows = depth > 0 ? x.size() / depth : 0;
  const int64_t inner = rows > 0 ? z.size() / rows : 0, middle = numbers[24];
  const bool fits = rows > 0 && inner > 0 && middle > 0 && z.size() == rows * inner &&
                    z.narrow() == (sizeof(T) == 2) && inputs[2].size() > 0 && none.size() == 0 &&
                    GainFits<T>(inputs[2], depth) && GainFits<T>(inputs[3], depth) &&
                    GainFits<T>(inputs[4], depth);
  if (!fits) return Fail(context, "gains must be as wide as x, and z have as many rows");
  const FewWeightOf<T> output(inputs[5], inputs[9], numbers, depth, inner);
  const FewWeightOf<T> gate(gate_bytes, none, numbers + 6, middle, depth);
  const FewWeightOf<T> up(inputs[7], none, numbers + 12, middle, depth);
  const FewWeightOf<T> down(inputs[8], none, numbers + 18, depth, middle);
  if (!output.found() || !gate.found() || !up.found() || !down.found()) {
    return Fail(context, "the weights must fit x, z and each other");
  }
  float *y = Output<float>(context, x.shape());
  if (!y) return;
  FinishLayer<T>({x.data<float>(), z.data<T>(), rows, depth, inputs[2].data<T>(),
                  inputs[3].optional<T>(), inputs[4].optional<T>(), settings.eps, settings.kind,
                  output, gate, up, down, y});
}

void ComputeLayerRest(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  std::vector<Input> inputs;
  for (int i = 0; i < 12; i++) inputs.emplace_back(context, i);
  if (inputs[0].rank() < 1 || inputs[11].size() != 25) {
    return Fail(context, "x must be [.., columns], the plan four weights and the width between");
  }
  if (settings.kind < kSilu || settings.kind > kRelu) {
    return Fail(context, "there is no such activation");
  }
  if (settings.narrow) LayerRestAs<Bfloat16>(context, settings, inputs);
  else LayerRestAs<float>(context, settings, inputs);
}

}  // namespace
}  // namespace corelens

#endif  // CORELENS_LAYER_CALLS_H_
