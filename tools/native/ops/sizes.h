// Whole numbers of parts.
#ifndef CORELENS_SIZES_H_
#define CORELENS_SIZES_H_

#include <cstdint>

namespace corelens {

// Parts of b that hold a; b > 0.
constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// The smallest multiple of b that is at least a.
constexpr int64_t RoundUp(int64_t a, int64_t b) { return CeilDiv(a, b) * b; }

}  // namespace corelens

#endif  // CORELENS_SIZES_H_
