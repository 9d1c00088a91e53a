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
// int corelens_has_float_products(): 1 where CorelensLinear is fast for many rows of floats.
// int corelens_multiplies_bfloat16(): 1 where the processor has instructions for products of bfloat16. A
// library without this function does not read files.
// int corelens_has_split_products(): 1 where it takes them in bfloat16 parts to matrix registers.
// int corelens_has_gradients(), corelens_has_packed(), corelens_has_activations(), corelens_has_rows(),
// corelens_has_layers(), corelens_has_packed_activations(): 1; a library compiled before there were
// gradients, products with packed weights, products with an activation, attention on rows and sums of
// floats, layers of few rows and weights of files in one type of numbers or another, or products with
// packed weights and an activation, lacks the function.

#include <dlfcn.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <string>
#include <vector>

#include "calls.h"
#include "gradient_calls.h"
#include "layer_calls.h"
#include "pack_groups.h"
#include "packed_calls.h"
#include "read_file.h"
#include "row_calls.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

namespace corelens {
namespace {

struct Definition {
  const char *name;
  std::vector<const char *> inputs, attributes, outputs;
  void *(*make)(TF_OpKernelConstruction *);
  void (*compute)(void *, TF_OpKernelContext *);
};

bool Register(const Definition &definition) {
  Status status;
  TF_OpDefinitionBuilder *op = TF_NewOpDefinitionBuilder(definition.name);
  for (const char *attribute : definition.attributes) TF_OpDefinitionBuilderAddAttr(op, attribute);
  for (const char *input : definition.inputs) TF_OpDefinitionBuilderAddInput(op, input);
  for (const char *output : definition.outputs) TF_OpDefinitionBuilderAddOutput(op, output);
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
                           y = std::string("Y: ") + kFloats, t = std::string("T: ") + kFloats,
                           b = std::string("B: ") + kFloats + " = DT_BFLOAT16";
  const Definition definitions[] = {
      {"CorelensNorm", {"x: X", "gain: G", "bias: G"},
       {x.c_str(), g.c_str(), y.c_str(), "eps: float", "center: bool"}, {"y: Y"}, MakeNorm,
       Guarded<ComputeNorm>},
      {"CorelensGated", {"gate: T", "up: T"}, {t.c_str(), "kind: int"}, {"y: T"}, MakeGated,
       Guarded<ComputeGated>},
      {"CorelensRotate", {"x: T", "cosine: float", "sine: float"}, {t.c_str()}, {"y: T"}, nullptr,
       Guarded<ComputeRotate>},
      {"CorelensAdd", {"a: float", "b: B"}, {b.c_str()}, {"y: float"}, nullptr, Guarded<ComputeAdd>},
      {"CorelensLinear", {"x: T", "weight: T", "bias: T"},
       {t.c_str(), "kind: int = -1", "parts: int = 0"}, {"y: T"}, MakeLinear,
       Guarded<ComputeLinear>},
      {"CorelensPackedLinear", {"x: T", "weight: uint8", "place: int32", "bias: T"},
       {t.c_str(), "format: int", "kind: int = -1"}, {"y: T"}, MakePackedLinear,
       Guarded<ComputePackedLinear>},
      {"CorelensUnpackRows", {"weight: uint8", "place: int32", "rows: int32"},
       {t.c_str(), "format: int"},
       {"y: T"}, MakePacked, Guarded<ComputeUnpackRows>},
      {"CorelensReadFile", {"path: uint8", "file: int32", "ranges: int32", "shape: int32"}, {},
       {"y: uint8"}, nullptr, Guarded<ComputeReadFile>},
      {"CorelensReadWeight", {"path: uint8", "file: int32", "ranges: int32", "shape: int32"},
       {t.c_str(), "kind: int"}, {"y: T"}, MakeReadWeight, Guarded<ComputeReadWeight>},
      {"CorelensMapFile", {"path: uint8", "file: int32", "range: int32"}, {}, {"y: uint8"}, nullptr,
       Guarded<ComputeMapFile>},
      {"CorelensPackGroups",
       {"codes: uint8", "plan: int32", "scales: float", "zeros: float", "offsets: float",
        "order: int32"},
       {}, {"y: uint8"}, nullptr, Guarded<ComputePackGroups>},
      {"CorelensAttention",
       {"query: T", "ranges: int32", "keys: segments * T", "values: segments * T"},
       {t.c_str(), "segments: int >= 1", "causal: bool"}, {"z: T"}, MakeAttention,
       Guarded<ComputeAttention>},
      {"CorelensRowAttention",
       {"query: T", "key: T", "value: T", "lengths: int32", "cosine: float", "sine: float"},
       {t.c_str(), "heads: int >= 1", "width: int >= 1", "scale: float", "query_column: int",
        "key_column: int", "value_column: int"},
       {"z: T"}, MakeRowAttention, Guarded<ComputeRowAttention>},
      {"CorelensLayerStart",
       {"x: float", "gain: T", "query: Q", "query_bias: T", "key: K", "key_bias: T", "value: V",
        "value_bias: T", "query_gain: T", "key_gain: T", "cosine: float", "sine: float",
        "plan: int32"},
       {t.c_str(), "Q: {uint8, float, bfloat16}", "K: {uint8, float, bfloat16}",
        "V: {uint8, float, bfloat16}", "eps: float", "scale: float"},
       {"queries: T", "keys: T", "values: T"}, MakeLayerStart, Guarded<ComputeLayerStart>},
      {"CorelensLayerRest",
       {"x: float", "z: T", "gain: T", "attention_gain: T", "feed_gain: T", "output: O", "gate: G",
        "up: U", "down: D", "output_bias: T", "none: T", "plan: int32"},
       {t.c_str(), "O: {uint8, float, bfloat16}", "G: {uint8, float, bfloat16}",
        "U: {uint8, float, bfloat16}", "D: {uint8, float, bfloat16}", "eps: float", "kind: int"},
       {"y: float"}, MakeLayerRest, Guarded<ComputeLayerRest>},
      {"CorelensNormGradient", {"x: float", "gain: float", "dy: float"}, {"eps: float"},
       {"dx: float", "dgain: float"}, MakeNormGradient, Guarded<ComputeNormGradient>},
      {"CorelensGatedGradient", {"gate: float", "up: float", "dy: float"}, {},
       {"dgate: float", "dup: float"}, nullptr, Guarded<ComputeGatedGradient>},
      {"CorelensRotateGradient", {"x: float", "cosine: float", "sine: float", "dy: float"}, {},
       {"dx: float", "dcosine: float", "dsine: float"}, nullptr, Guarded<ComputeRotateGradient>},
      {"CorelensMaskedSoftmax", {"scores: float", "mask: float"}, {}, {"p: float"}, nullptr,
       Guarded<ComputeMaskedSoftmax>},
      {"CorelensSoftmaxGradient", {"p: float", "dp: float"}, {}, {"ds: float"}, nullptr,
       Guarded<ComputeSoftmaxGradient>},
      {"CorelensWeightedSum", {"a: bfloat16", "b: bfloat16"}, {"first: float", "second: float"},
       {"y: bfloat16"}, MakeWeightedSum, Guarded<ComputeWeightedSum>},
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
#if defined(__AMX_BF16__) && !defined(CORELENS_SOFTWARE_TILES)
  if (!has(edx, 22)) return false;
#endif
#if defined(__AVX512VNNI__)
  if (!has(ecx, 11)) return false;
#endif
#if defined(__AVX512BF16__)
  __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx);
  if (!has(eax, 5)) return false;
#endif
#if defined(__FMA__)
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  if (!has(ecx, 12)) return false;
#endif
#if defined(__F16C__)
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  if (!has(ecx, 29)) return false;
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

extern "C" __attribute__((visibility("default"))) int corelens_has_float_products() {
#if defined(__AVX2__)
  return 1;
#else
  return 0;  // tiles of another shape would be needed; not measured
#endif
}

extern "C" __attribute__((visibility("default"))) int corelens_has_split_products() {
  return corelens_has_matrix_registers();
}

extern "C" __attribute__((visibility("default"))) int corelens_has_gradients() { return 1; }

extern "C" __attribute__((visibility("default"))) int corelens_has_packed() { return 1; }

extern "C" __attribute__((visibility("default"))) int corelens_has_activations() { return 1; }

extern "C" __attribute__((visibility("default"))) int corelens_has_rows() { return 1; }

extern "C" __attribute__((visibility("default"))) int corelens_has_layers() { return 1; }

extern "C" __attribute__((visibility("default"))) int corelens_has_packed_activations() {
  return 1;
}

extern "C" __attribute__((visibility("default"))) int corelens_multiplies_bfloat16() {
#if defined(__AVX512BF16__) || defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
  return 1;
#else
  return corelens_has_matrix_registers();
#endif
}
