// Memory for intermediate results, kept from call to call.
#ifndef CORELENS_SCRATCH_H_
#define CORELENS_SCRATCH_H_

#include <cstdint>
#include <memory>

#include "large_pages.h"

namespace corelens {

enum ScratchSlot {
  kScores,
  kShares,
  kMixed,
  kQueries,
  kRowState,
  kPackedKeys,
  kPackedValues,
  kMoreKeys,
  kMoreValues,
  kLayerRows,
  kScratchSlots
};

// Uninitialised memory for `count` elements, aligned to cache lines. It belongs to this thread and
// slot until the next call with the same slot. Throws std::bad_alloc.
template <typename T>
T *Scratch(ScratchSlot slot, int64_t count) {
  struct Memory {
    std::unique_ptr<uint8_t[]> bytes;
    size_t size = 0;
  };
  static thread_local Memory memory[kScratchSlots];
  Memory &own = memory[slot];
  const size_t needed = count * sizeof(T) + 64;
  if (own.size < needed) {
    own.size = 0;  // also where there is not enough memory for the next line
    own.bytes.reset();
    own.bytes.reset(new uint8_t[needed]);
    AskForLargePages(own.bytes.get(), needed);
    own.size = needed;
  }
  const uintptr_t address = reinterpret_cast<uintptr_t>(own.bytes.get());
  return reinterpret_cast<T *>((address + 63) / 64 * 64);
}

}  // namespace corelens

#endif  // CORELENS_SCRATCH_H_
