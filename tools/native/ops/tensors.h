// TensorFlow's C interface for operations, in the few shapes that they need here: inputs, an output,
// attributes.
#ifndef CORELENS_TENSORS_H_
#define CORELENS_TENSORS_H_

#include <cstdint>
#include <exception>
#include <new>
#include <vector>

#include "buffers.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"
#include "vectors.h"

namespace corelens {

struct Status {
  TF_Status *raw = TF_NewStatus();
  ~Status() { TF_DeleteStatus(raw); }
  bool ok() const { return TF_GetCode(raw) == TF_OK; }
};

// One input of a running operation.
class Input {
 public:
  Input(TF_OpKernelContext *context, int index) {
    Status status;
    TF_GetInput(context, index, &tensor_, status.raw);
  }
  Input(const Input &) = delete;
  Input(Input &&other) : tensor_(other.tensor_) { other.tensor_ = nullptr; }
  ~Input() {
    if (tensor_) TF_DeleteTensor(tensor_);
  }
  template <typename T>
  const T *data() const {
    return static_cast<const T *>(TF_TensorData(tensor_));
  }
  // The data, or null where there are no elements.
  template <typename T>
  const T *optional() const {
    return size() > 0 ? data<T>() : nullptr;
  }
  int64_t size() const { return TF_TensorElementCount(tensor_); }
  int rank() const { return TF_NumDims(tensor_); }
  int64_t dim(int axis) const { return TF_Dim(tensor_, axis); }
  TF_DataType type() const { return TF_TensorType(tensor_); }
  bool narrow() const { return TF_TensorType(tensor_) == TF_BFLOAT16; }
  std::vector<int64_t> shape() const {
    std::vector<int64_t> sizes(rank());
    for (int axis = 0; axis < rank(); axis++) sizes[axis] = dim(axis);
    return sizes;
  }

 private:
  TF_Tensor *tensor_ = nullptr;
};

inline void Fail(TF_OpKernelContext *context, const char *message,
                 TF_Code code = TF_INVALID_ARGUMENT) {
  Status status;
  TF_SetStatus(status.raw, code, message);
  TF_OpKernelContext_Failure(context, status.raw);
}

// An operation whose exceptions, such as those of memory that is not there, become its failure: past
// TensorFlow's C interface they would end the process.
template <void (*compute)(void *, TF_OpKernelContext *)>
void Guarded(void *kernel, TF_OpKernelContext *context) {
  try {
    compute(kernel, context);
  } catch (const std::bad_alloc &) {
    Fail(context, "not enough memory for intermediate results", TF_RESOURCE_EXHAUSTED);
  } catch (const std::exception &error) {
    Fail(context, error.what(), TF_INTERNAL);
  }
}

// Bytes from which an output's memory is kept for others when it is no longer needed.
#if defined(__SANITIZE_ADDRESS__)
constexpr int64_t kKeptOutput = 0;
#else
constexpr int64_t kKeptOutput = 1 << 20;
#endif

// An output, the first by default, uninitialised; null after a failure, which the context knows.
template <typename T>
T *Output(TF_OpKernelContext *context, const std::vector<int64_t> &shape, int index = 0) {
  int64_t size = sizeof(T);
  for (int64_t length : shape) size *= length;
  Status status;
  const TF_DataType type = sizeof(T) == 1 ? TF_UINT8 : sizeof(T) == 2 ? TF_BFLOAT16 : TF_FLOAT;
  const int rank = static_cast<int>(shape.size());
  TF_Tensor *tensor;
  if (sizeof(T) == 1 || size < kKeptOutput) {  // bytes are those of a file, read once
    tensor = TF_AllocateOutput(context, index, type, shape.data(), rank, size, status.raw);
  } else {
    Buffer *buffer = Buffers::Get().Take(size);
    const auto give = [](void *, size_t, void *own) {
      Buffers::Get().Give(static_cast<Buffer *>(own));
    };
    tensor = TF_NewTensor(type, shape.data(), rank, buffer->data, size, give, buffer);
    TF_SetOutput(context, index, tensor, status.raw);
  }
  T *data = status.ok() ? static_cast<T *>(TF_TensorData(tensor)) : nullptr;
  if (!status.ok()) TF_OpKernelContext_Failure(context, status.raw);
  if (tensor) TF_DeleteTensor(tensor);  // the context holds the output
  return data;
}

// The output of a product of x [.., depth], [.., width], with the number of its rows; null after a
// failure.
template <typename T>
T *ProductOutput(TF_OpKernelContext *context, const Input &x, int64_t width, int64_t *rows) {
  std::vector<int64_t> shape = x.shape();
  shape.back() = width;
  *rows = 1;
  for (size_t axis = 0; axis + 1 < shape.size(); axis++) *rows *= shape[axis];
  return Output<T>(context, shape);
}

// Attributes of an operation, read once.
struct Settings {
  float eps = 0, first = 1, second = 1, scale = 1;
  bool center = false, causal = false, narrow = false;
  int kind = 0, format = 0, segments = 0, parts = 0, heads = 0, width = 0;
  int columns[3] = {0, 0, 0};  // where queries, keys and values begin
};

template <typename Read>
void *MakeSettings(TF_OpKernelConstruction *construction, Read read) {
  Status status;
  Settings *settings = new Settings();
  read(settings, status.raw);
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status.raw);
  return settings;
}

inline void DeleteSettings(void *settings) { delete static_cast<Settings *>(settings); }

inline bool ReadFlag(TF_OpKernelConstruction *construction, const char *name, TF_Status *status) {
  TF_Bool flag = 0;
  TF_OpKernelConstruction_GetAttrBool(construction, name, &flag, status);
  return flag != 0;
}

}  // namespace corelens

#endif  // CORELENS_TENSORS_H_
