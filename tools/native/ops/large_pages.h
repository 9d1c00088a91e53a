// Large pages below large memory: a page of the processor's tables then reaches 512 times as far, and
// products of many rows took a twentieth less time.
#ifndef CORELENS_LARGE_PAGES_H_
#define CORELENS_LARGE_PAGES_H_

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstddef>
#include <cstdint>

#include "sizes.h"

namespace corelens {

// Asks for large pages below memory of several of them.
inline void AskForLargePages(void *data, size_t size) {
#if defined(__linux__)
  constexpr size_t kLargePage = 2 << 20;
  if (size < 2 * kLargePage) return;
  const uintptr_t begin = RoundUp(reinterpret_cast<uintptr_t>(data), kLargePage);
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + size) / kLargePage * kLargePage;
  madvise(reinterpret_cast<void *>(begin), end - begin, MADV_HUGEPAGE);  // a wish: it may be refused
#endif
}

}  // namespace corelens

#endif  // CORELENS_LARGE_PAGES_H_
