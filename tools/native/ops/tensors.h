// TensorFlow's C interface for operations, in the few shapes that they need here: inputs, an output,
// attributes.
#ifndef CORELENS_TENSORS_H_
#define CORELENS_TENSORS_H_

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstdint>
#include <exception>
#include <new>
#include <vector>

#include "sizes.h"
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

// Asks for large pages below an output of many megabytes: TensorFlow gives those back to the system
// after each operation, so that every page would cost a fault again.
inline void AskForLargePages(void *data, size_t size) {
#if defined(__linux__)
  constexpr size_t kLargePage = 2 << 20;
  if (size < 8 * kLargePage) return;
  const uintptr_t begin = RoundUp(reinterpret_cast<uintptr_t>(data), kLargePage);
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + size) / kLargePage * kLargePage;
  madvise(reinterpret_cast<void *>(begin), end - begin, MADV_HUGEPAGE);  // a wish: it may be refused
#endif
}

// An output, the first by default, uninitialised; null after a failure, which the context knows.
template <typename T>
T *Output(TF_OpKernelContext *context, const std::vector<int64_t> &shape, int index = 0) {
  int64_t size = 1;
  for (int64_t length : shape) size *= length;
  Status status;
  const TF_DataType type = sizeof(T) == 1 ? TF_UINT8 : sizeof(T) == 2 ? TF_BFLOAT16 : TF_FLOAT;
  TF_Tensor *tensor = TF_AllocateOutput(context, index, type, shape.data(),
                                        static_cast<int>(shape.size()), size * sizeof(T),
                                        status.raw);
  if (!status.ok()) {
    TF_OpKernelContext_Failure(context, status.raw);
    return nullptr;
  }
  T *data = static_cast<T *>(TF_TensorData(tensor));
  TF_DeleteTensor(tensor);  // the context holds the output
  AskForLargePages(data, size * sizeof(T));
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
  float eps = 0, first = 1, second = 1;
  bool center = false, causal = false, narrow = false;
  int kind = 0, segments = 0, parts = 0;
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
