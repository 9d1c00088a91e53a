// Files as tensors, for weights as they lie in a checkpoint: read, several pieces at a time, as bytes or as
// numbers of another type; or mapped, so that pages come from the system's cache when they are first used
// and belong to all processes.
#ifndef CORELENS_READ_FILE_H_
#define CORELENS_READ_FILE_H_

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "bytes.h"
#include "parallel.h"
#include "scratch.h"
#include "tensors.h"

namespace corelens {
namespace {

// Of what is read at once: threads take pieces in turn, which stay in their caches.
constexpr int64_t kReadPiece = 1 << 20;

// A file that is open for reading. Throws what is wrong with it.
class OpenFile {
 public:
  // Refuses a file that is not the one of that number and size which was opened before.
  OpenFile(const char *path, int64_t number, int64_t size) : own_(open(path, O_RDONLY | O_CLOEXEC)) {
    struct stat found;
    if (own_ < 0 || fstat(own_, &found) != 0) {
      const std::string why = std::strerror(errno);
      if (own_ >= 0) close(own_);
      throw std::runtime_error("the file cannot be opened again: " + why);
    }
    if (static_cast<int64_t>(found.st_ino) == number && found.st_size == size) return;
    close(own_);
    throw std::runtime_error("the file was changed or replaced after it was opened");
  }
  OpenFile(const OpenFile &) = delete;
  ~OpenFile() { close(own_); }

  // Maps a range, which may begin within a page; null where the system refuses.
  void *Map(int64_t offset, int64_t length) const {
    void *found = mmap(nullptr, length, PROT_READ, MAP_SHARED, own_, offset);
    if (found == MAP_FAILED) return nullptr;
    madvise(found, length, MADV_WILLNEED);  // a wish
    return found;
  }

  void Read(int64_t offset, int64_t length, uint8_t *to) const {
    while (length > 0) {
      const ssize_t count = pread(own_, to, length, offset);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw std::runtime_error(std::string("the file cannot be read: ") + std::strerror(errno));
      if (count == 0) throw std::runtime_error("the file was truncated after it was opened");
      offset += count;
      length -= count;
      to += count;
    }
  }

 private:
  const int own_;
};

// A range of a file and where it goes.
struct FilePiece {
  int64_t offset, length, place;
};

// The i-th of some numbers of 64 bits, low word first.
inline int64_t LongAt(const Input &input, int64_t i) {
  return LoadAs<int64_t>(input.data<int32_t>() + 2 * i);
}

// Opens a file that inputs name: its path, and its number in the file system and its size.
inline OpenFile OpenNamed(const Input &path, const Input &file) {
  const std::string name(path.data<char>(), path.size());
  return OpenFile(name.c_str(), LongAt(file, 0), LongAt(file, 1));
}

// What is to be read: `ranges` [n, 2], offsets and lengths, whose bytes follow each other in an output of
// some shape.
struct FileParts {
  std::vector<FilePiece> pieces;
  std::vector<int64_t> shape;
  const char *failure = nullptr;

  // Of numbers of `unit` bytes, none of which lies in two ranges.
  FileParts(const Input &ranges, const Input &sizes, int64_t unit) {
    int64_t place = 0, size = unit;
    for (int64_t i = 0; i < ranges.size() / 4; i++) {
      const int64_t offset = LongAt(ranges, 2 * i), length = LongAt(ranges, 2 * i + 1);
      if (offset < 0 || length < 0 || length % unit != 0) {
        failure = "a range has a negative place or length, or is no whole numbers";
        return;
      }
      for (int64_t at = 0; at < length; at += kReadPiece) {
        const int64_t part = std::min(kReadPiece, length - at);
        pieces.push_back({offset + at, part, place + at});
      }
      place += length;
    }
    for (int64_t axis = 0; axis < sizes.size(); axis++) {
      shape.push_back(sizes.data<int32_t>()[axis]);
      size *= shape.back();
    }
    if (size != place) failure = "the ranges are not as long as the tensor";
  }
};

// Numbers of From in a file as those of T.
template <typename From, typename T>
void ReadNumbers(TF_OpKernelContext *context, const Input &path, const Input &file,
                 const Input &ranges, const Input &sizes) {
  const FileParts parts(ranges, sizes, sizeof(From));
  if (parts.failure) return Fail(context, parts.failure);
  const OpenFile own = OpenNamed(path, file);
  T *out = Output<T>(context, parts.shape);
  if (!out) return;
  Pool::Get().Run(parts.pieces.size(), [&](int64_t i) {
    const FilePiece &piece = parts.pieces[i];
    T *to = out + piece.place / static_cast<int64_t>(sizeof(From));
    if constexpr (std::is_same_v<From, T>) {
      own.Read(piece.offset, piece.length, reinterpret_cast<uint8_t *>(to));
    } else {
      uint8_t *bytes = Scratch<uint8_t>(kMoreValues, kReadPiece);
      own.Read(piece.offset, piece.length, bytes);
      const From *from = reinterpret_cast<const From *>(bytes);
      ForVectors(piece.length / sizeof(From), [&](int64_t j, int n) {
        StoreUpTo(to + j, LoadUpTo(from + j, n), n);
      });
    }
  });
}

// Inputs: `path`; `file`, see above; `ranges`; the output's shape.
bool FileInputsFit(TF_OpKernelContext *context, const Input &path, const Input &file,
                   const Input &ranges) {
  if (file.size() == 4 && ranges.size() % 4 == 0 && path.size() > 0) return true;
  Fail(context, "wanted a path, a number and a size, and ranges of two numbers each");
  return false;
}

void ComputeReadFile(void *, TF_OpKernelContext *context) {
  const Input path(context, 0), file(context, 1), ranges(context, 2), sizes(context, 3);
  if (!FileInputsFit(context, path, file, ranges)) return;
  ReadNumbers<uint8_t, uint8_t>(context, path, file, ranges, sizes);
}

void *MakeReadWeight(TF_OpKernelConstruction *construction) {
  return MakeSettings(construction, [&](Settings *settings, TF_Status *status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "kind", &settings->kind, status);
    TF_DataType type = TF_FLOAT;
    TF_OpKernelConstruction_GetAttrType(construction, "T", &type, status);
    settings->narrow = type == TF_BFLOAT16;
  });
}

// The same of numbers: TensorFlow's TF_FLOAT, TF_HALF or TF_BFLOAT16 says which lie in the file.
void ComputeReadWeight(void *kernel, TF_OpKernelContext *context) {
  const Settings &settings = *static_cast<Settings *>(kernel);
  const Input path(context, 0), file(context, 1), ranges(context, 2), sizes(context, 3);
  if (!FileInputsFit(context, path, file, ranges)) return;
  const auto read = [&](auto from) {
    typedef decltype(from) From;
    if (settings.narrow) ReadNumbers<From, Bfloat16>(context, path, file, ranges, sizes);
    else ReadNumbers<From, float>(context, path, file, ranges, sizes);
  };
  if (settings.kind == TF_FLOAT) read(float());
  else if (settings.kind == TF_HALF) read(Half());
  else if (settings.kind == TF_BFLOAT16) read(Bfloat16());
  else Fail(context, "there are no such numbers in files");
}

// A range of a file that is mapped, from the page in which it begins.
struct Mapped {
  void *begin;
  size_t length;
  static void Unmap(void *, size_t, void *own) {
    const Mapped *mapped = static_cast<Mapped *>(own);
    munmap(mapped->begin, mapped->length);
    delete mapped;
  }
};

// Inputs: `path` and `file` as above; `range`, an offset and a length. The output begins up to 63 bytes
// before the range: where an address is that TensorFlow takes without a copy.
void ComputeMapFile(void *, TF_OpKernelContext *context) {
  const Input path(context, 0), file(context, 1), range(context, 2);
  if (file.size() != 4 || range.size() != 4 || path.size() == 0) {
    return Fail(context, "wanted a path, a number and a size, and a range");
  }
  const OpenFile own = OpenNamed(path, file);
  const int64_t offset = LongAt(range, 0), end = offset + LongAt(range, 1);
  if (offset < 0 || end <= offset || end > LongAt(file, 1)) {
    return Fail(context, "the range is not in the file");
  }
  const int64_t page = sysconf(_SC_PAGESIZE), first = offset / page * page;
  void *begin = own.Map(first, end - first);
  if (!begin) return Fail(context, "the file cannot be mapped");
  const int64_t from = offset / 64 * 64, size = end - from;
  TF_Tensor *tensor = TF_NewTensor(TF_UINT8, &size, 1, static_cast<uint8_t *>(begin) + (from - first), size,
                                   Mapped::Unmap, new Mapped{begin, static_cast<size_t>(end - first)});
  Status status;
  TF_SetOutput(context, 0, tensor, status.raw);
  TF_DeleteTensor(tensor);
  if (!status.ok()) TF_OpKernelContext_Failure(context, status.raw);
}

}  // namespace
}  // namespace corelens

#endif  // CORELENS_READ_FILE_H_
