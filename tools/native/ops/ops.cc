// TensorFlow operations of our own, for processors: what a decoder computes between its matrix
// products, each in one pass over memory, and attention without a matrix of scores.
//
// TensorFlow's own operations make a pass for every step (a norm takes six), and its attention
// writes the scores out. lib/backend/native_fused.ts calls these operations where they are there;
// everything works without them.
//
// int corelens_register_ops(int threads): 0 when registered, 1 when this processor lacks what the
// library was compiled for, 2 when TensorFlow refuses.
// int corelens_has_matrix_registers(): 1 where CorelensLinear is fast for many rows of bfloat16.

#if defined(__x86_64__)
#include <dlfcn.h>

#include <cpuid.h>
#endif

#include <string>
#include <vector>

#include "attention.h"
#include "linear.h"
#include "linear_few.h"
#include "pointwise.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensors.h"

namespace corelens {
namespace {

// Rows of x up to which reading the weight as it lies is fastest.
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
  if (y) Add(a.data<float>(), b.data<Bfloat16>(), y, a.size());
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

template <typename T>
void LinearAs(TF_OpKernelContext *context, const Input &x, const Input &weight,
              const Input &bias) {
  const int64_t depth = weight.dim(1), width = weight.dim(0);
  std::vector<int64_t> shape = x.shape();
  shape.back() = width;
  int64_t rows = 1;
  for (size_t axis = 0; axis + 1 < shape.size(); axis++) rows *= shape[axis];
  T *y = Output<T>(context, shape);
  if (!y || rows * width == 0) return;
#if CORELENS_AMX
  if constexpr (sizeof(T) == 2) {
    const bool whole = depth > 0 && depth % 32 == 0 && width % 32 == 0;
    if (rows > kFewRows && whole && TileRegisters::Allowed()) {
      return LinearTiles(x.data<T>(), weight.data<T>(), bias.optional<T>(), y, rows, width, depth);
    }
  }
#endif
  LinearFew(x.data<T>(), weight.data<T>(), bias.optional<T>(), y, rows, width, depth);
}

void ComputeLinear(void *, TF_OpKernelContext *context) {
  const Input x(context, 0), weight(context, 1), bias(context, 2);
  const bool fits = x.rank() >= 1 && weight.rank() == 2 &&
                    x.dim(x.rank() - 1) == weight.dim(1) &&
                    (bias.size() == 0 || bias.size() == weight.dim(0));
  if (!fits) return Fail(context, "x must be [.., in], the weight [out, in], the bias [out]");
  if (x.narrow()) LinearAs<Bfloat16>(context, x, weight, bias);
  else LinearAs<float>(context, x, weight, bias);
}

struct Definition {
  const char *name;
  std::vector<const char *> inputs, attributes;
  const char *output;
  void *(*make)(TF_OpKernelConstruction *);
  void (*compute)(void *, TF_OpKernelContext *);
};

bool Register(const Definition &definition) {
  Status status;
  TF_OpDefinitionBuilder *op = TF_NewOpDefinitionBuilder(definition.name);
  for (const char *attribute : definition.attributes) TF_OpDefinitionBuilderAddAttr(op, attribute);
  for (const char *input : definition.inputs) TF_OpDefinitionBuilderAddInput(op, input);
  TF_OpDefinitionBuilderAddOutput(op, definition.output);
  TF_RegisterOpDefinition(op, status.raw);
  if (!status.ok()) return false;
  TF_KernelBuilder *kernel = TF_NewKernelBuilder(definition.name, "CPU", definition.make,
                                                 definition.compute,
                                                 definition.make ? DeleteSettings : nullptr);
  TF_RegisterKernelBuilder(definition.name, kernel, status.raw);
  return status.ok();
}

const char *const kFloats = "{float, bfloat16}";

bool RegisterAll() {
  static const std::string x = std::string("X: ") + kFloats, g = std::string("G: ") + kFloats,
                           y = std::string("Y: ") + kFloats, t = std::string("T: ") + kFloats;
  const Definition definitions[] = {
      {"CorelensNorm", {"x: X", "gain: G", "bias: G"},
       {x.c_str(), g.c_str(), y.c_str(), "eps: float", "center: bool"}, "y: Y", MakeNorm,
       ComputeNorm},
      {"CorelensGated", {"gate: T", "up: T"}, {t.c_str(), "kind: int"}, "y: T", MakeGated,
       ComputeGated},
      {"CorelensRotate", {"x: T", "cosine: float", "sine: float"}, {t.c_str()}, "y: T", nullptr,
       ComputeRotate},
      {"CorelensAdd", {"a: float", "b: bfloat16"}, {}, "y: float", nullptr, ComputeAdd},
      {"CorelensLinear", {"x: T", "weight: T", "bias: T"}, {t.c_str()}, "y: T", nullptr,
       ComputeLinear},
      {"CorelensAttention",
       {"query: T", "ranges: int32", "keys: segments * T", "values: segments * T"},
       {t.c_str(), "segments: int >= 1", "causal: bool"}, "z: T", MakeAttention,
       ComputeAttention},
  };
  for (const Definition &definition : definitions) {
    if (!Register(definition)) return false;
  }
  return true;
}

// Whether this processor has the instructions that the compiler was allowed to use.
bool ProcessorFits() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const auto has = [](unsigned word, int bit) { return (word >> bit & 1) != 0; };
  __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
#if defined(__AVX2__)
  if (!has(ebx, 5)) return false;
#endif
#if defined(__AVX512F__)
  if (!has(ebx, 16) || !has(ebx, 30)) return false;
#endif
#if defined(__AMX_BF16__)
  if (!has(edx, 22)) return false;
#endif
#if defined(__AVX512BF16__)
  __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx);
  if (!has(eax, 5)) return false;
#endif
#if defined(__FMA__)
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  if (!has(ecx, 12)) return false;
#endif
#endif
  return true;
}

}  // namespace
}  // namespace corelens

// Keeps this library in memory for good: TensorFlow cannot forget what was registered, so it must
// neither be unloaded by whoever opened it nor register a second time.
static void StayLoaded() {
  Dl_info own;
  if (dladdr(reinterpret_cast<void *>(&StayLoaded), &own) != 0) {
    dlopen(own.dli_fname, RTLD_NOW | RTLD_NODELETE);
  }
}

extern "C" __attribute__((visibility("default"))) int corelens_register_ops(int threads) {
  static int result = -1;
  if (result >= 0) return result;
  StayLoaded();
  if (!corelens::ProcessorFits()) return result = 1;
  corelens::Pool::Get().Start(threads);
  return result = corelens::RegisterAll() ? 0 : 2;
}

extern "C" __attribute__((visibility("default"))) int corelens_has_matrix_registers() {
#if CORELENS_AMX
  return corelens::TileRegisters::Allowed() ? 1 : 0;
#else
  return 0;
#endif
}
