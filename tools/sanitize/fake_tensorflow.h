// The part of TensorFlow's C interface that our operations call, in plain memory: each tensor is a
// block of exactly its size, so that the address sanitizer sees every step beyond it.
#ifndef CORELENS_FAKE_TENSORFLOW_H_
#define CORELENS_FAKE_TENSORFLOW_H_

#include <atomic>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

struct TSL_Status {  // TF_Status is another name of it
  TF_Code code = TF_OK;
  std::string message;
};

struct TF_Tensor {
  TF_DataType type;
  std::vector<int64_t> shape;
  void *data;  // malloc's, not the operators' that a test makes fail, unless the operation gave it
  size_t bytes = 0;
  void (*give)(void *, size_t, void *) = nullptr;  // what the operation wants its memory back with
  void *give_argument = nullptr;
};

struct TF_OpDefinitionBuilder {};

struct TF_KernelBuilder {
  void *(*make)(TF_OpKernelConstruction *);
  void (*compute)(void *, TF_OpKernelContext *);
  void (*remove)(void *);
};

// Attributes of one call, by name.
struct TF_OpKernelConstruction {
  std::map<std::string, double> attributes;
};

struct TF_OpKernelContext {
  std::vector<const TF_Tensor *> inputs;
  std::map<int, TF_Tensor *> outputs;
  TF_Status failure;
};

namespace fake {

// Tensors and status objects that live; both must return to what they were before a call.
inline std::atomic<int64_t> live_tensors{0}, live_statuses{0};
inline std::map<std::string, TF_KernelBuilder *> kernels;

inline int64_t ElementCount(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  return count;
}

inline size_t ElementSize(TF_DataType type) {
  return type == TF_UINT8 ? 1 : type == TF_BFLOAT16 ? 2 : 4;
}

inline TF_Tensor *NewTensor(TF_DataType type, const std::vector<int64_t> &shape) {
  live_tensors++;
  const size_t bytes = ElementCount(shape) * ElementSize(type);
  return new TF_Tensor{type, shape, std::malloc(bytes)};
}

inline void Delete(TF_Tensor *tensor) {
  live_tensors--;
  if (tensor->give) tensor->give(tensor->data, tensor->bytes, tensor->give_argument);
  else std::free(tensor->data);
  delete tensor;
}

}  // namespace fake

extern "C" {
TF_Status *TF_NewStatus() {
  fake::live_statuses++;
  return new TF_Status();
}
void TF_DeleteStatus(TF_Status *status) {
  fake::live_statuses--;
  delete status;
}
TF_Code TF_GetCode(const TF_Status *status) { return status->code; }
void TF_SetStatus(TF_Status *status, TF_Code code, const char *message) {
  status->code = code;
  status->message = message;
}

TF_OpDefinitionBuilder *TF_NewOpDefinitionBuilder(const char *) { return new TF_OpDefinitionBuilder; }
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder *, const char *) {}
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder *, const char *) {}
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder *, const char *) {}
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder *builder, TF_Status *) { delete builder; }
TF_KernelBuilder *TF_NewKernelBuilder(const char *, const char *,
                                      void *(*make)(TF_OpKernelConstruction *),
                                      void (*compute)(void *, TF_OpKernelContext *),
                                      void (*remove)(void *)) {
  return new TF_KernelBuilder{make, compute, remove};
}
void TF_RegisterKernelBuilder(const char *name, TF_KernelBuilder *builder, TF_Status *) {
  fake::kernels[name] = builder;
}

void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction *construction, const char *name,
                                          float *value, TF_Status *) {
  *value = static_cast<float>(construction->attributes.at(name));
}
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction *construction, const char *name,
                                         TF_Bool *value, TF_Status *) {
  *value = construction->attributes.at(name) != 0;
}
void TF_OpKernelConstruction_GetAttrInt32(TF_OpKernelConstruction *construction, const char *name,
                                          int32_t *value, TF_Status *) {
  *value = static_cast<int32_t>(construction->attributes.at(name));
}
void TF_OpKernelConstruction_GetAttrType(TF_OpKernelConstruction *construction, const char *name,
                                         TF_DataType *value, TF_Status *) {
  *value = static_cast<TF_DataType>(construction->attributes.at(name));
}
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction *, TF_Status *) {}

// A second handle on the same memory, as TensorFlow gives it.
void TF_GetInput(TF_OpKernelContext *context, int index, TF_Tensor **tensor, TF_Status *) {
  fake::live_tensors++;
  *tensor = new TF_Tensor(*context->inputs.at(index));
}
TF_Tensor *TF_AllocateOutput(TF_OpKernelContext *context, int index, TF_DataType type,
                             const int64_t *dims, int rank, size_t bytes, TF_Status *status) {
  const std::vector<int64_t> shape(dims, dims + rank);
  TF_Tensor *&output = context->outputs[index];
  if (output) fake::Delete(output);
  output = fake::NewTensor(type, shape);
  if (bytes != fake::ElementCount(shape) * fake::ElementSize(type)) {
    TF_SetStatus(status, TF_INTERNAL, "an output of another size than its shape");
  }
  fake::live_tensors++;
  return new TF_Tensor(*output);
}
TF_Tensor *TF_NewTensor(TF_DataType type, const int64_t *dims, int rank, void *data, size_t bytes,
                        void (*give)(void *, size_t, void *), void *argument) {
  fake::live_tensors++;
  return new TF_Tensor{type, {dims, dims + rank}, data, bytes, give, argument};
}
void TF_SetOutput(TF_OpKernelContext *context, int index, const TF_Tensor *tensor,
                  TF_Status *status) {
  TF_Tensor *&output = context->outputs[index];
  if (output) fake::Delete(output);
  fake::live_tensors++;
  output = new TF_Tensor(*tensor);
  if (tensor->bytes != fake::ElementCount(tensor->shape) * fake::ElementSize(tensor->type)) {
    TF_SetStatus(status, TF_INTERNAL, "an output of another size than its shape");
  }
}
void TF_DeleteTensor(TF_Tensor *tensor) {  // the handle: the memory belongs to the harness
  fake::live_tensors--;
  delete tensor;
}
void *TF_TensorData(const TF_Tensor *tensor) { return tensor->data; }
int64_t TF_TensorElementCount(const TF_Tensor *tensor) { return fake::ElementCount(tensor->shape); }
int TF_NumDims(const TF_Tensor *tensor) { return static_cast<int>(tensor->shape.size()); }
int64_t TF_Dim(const TF_Tensor *tensor, int axis) { return tensor->shape.at(axis); }
TF_DataType TF_TensorType(const TF_Tensor *tensor) { return tensor->type; }
void TF_OpKernelContext_Failure(TF_OpKernelContext *context, TF_Status *status) {
  context->failure = *status;
}
}

#endif  // CORELENS_FAKE_TENSORFLOW_H_
