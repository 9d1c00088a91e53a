// Weights that stay in their blocks (formats.h). For products of many rows, a panel of rows of the weight
// at a time becomes floats, for linear_float.h and linear.h; those of few rows are in packed_few.h.
#ifndef CORELENS_PACKED_H_
#define CORELENS_PACKED_H_

#include "formats.h"
#include "scratch.h"

namespace corelens {

constexpr int kBlockElements = 256;  // of the largest blocks
constexpr int kBlockRuns = 16;

// Calls up the bytes of a weight that are wanted a little later than those here: blocks take so little
// time that the processor by itself does it too late.
template <int kBytes>
inline void CallUp(const uint8_t *bytes) {
  constexpr int kAhead = 2048;
#pragma GCC unroll 8
  for (int i = 0; i < kBytes; i += 64) __builtin_prefetch(bytes + kAhead + i);
}

// The numbers of a block.
template <typename Block, typename T>
inline void UnpackBlock(const uint8_t *block, T *out) {
  alignas(64) int8_t buffer[Block::kElements];
  float scales[kBlockRuns], offsets[kBlockRuns];
  const int8_t *codes = Block::Codes(block, buffer);
  Block::Scales(block, scales, offsets);
  for (int run = 0; run < Block::kElements / Block::kRun; run++) {
    const Floats offset = Splat(Block::kOffsets ? offsets[run] : 0.0f);
    for (int i = run * Block::kRun; i < (run + 1) * Block::kRun; i += kLanes) {
      const Floats product = CodeFloats(codes + i) * scales[run];
      Store(out + i, Block::kOffsets ? product + offset : product);
    }
  }
}

// A weight [width, depth] in blocks along its rows.
struct PackedWeight {
  const uint8_t *bytes;
  int64_t width, depth, row_bytes;
  void (*unpack)(const uint8_t *block, int64_t blocks, float *out);
  void (*unpack_narrow)(const uint8_t *block, int64_t blocks, Bfloat16 *out);
  int64_t blocks;  // of a row

  template <typename Block>
  static PackedWeight Of(const uint8_t *bytes, int64_t width, int64_t depth) {
    const int64_t blocks = depth / Block::kElements;
    return {bytes,  width, depth, blocks * Block::kBytes, UnpackAs<Block, float>,
            UnpackAs<Block, Bfloat16>, blocks};
  }
  template <typename Block, typename T>
  static void UnpackAs(const uint8_t *block, int64_t blocks, T *out) {
    if constexpr (kIsFloats<Block>) return Block::Unpack(block, blocks, out);
    else for (int64_t b = 0; b < blocks; b++) {
      UnpackBlock<Block>(block + b * Block::kBytes, out + b * Block::kElements);
    }
  }
  void Unpack(const uint8_t *block, float *out) const { unpack(block, blocks, out); }
  void Unpack(const uint8_t *block, Bfloat16 *out) const { unpack_narrow(block, blocks, out); }
  // The rows [first, first + count) in this thread's memory, zeros after the last of the weight.
  template <typename T>
  const T *Rows(int64_t first, int64_t count, ScratchSlot slot) const {
    T *rows = Scratch<T>(slot, count * depth);
    for (int64_t i = 0; i < count; i++) {
      if (first + i < width) Unpack(bytes + (first + i) * row_bytes, rows + i * depth);
      else std::memset(static_cast<void *>(rows + i * depth), 0, depth * sizeof(T));
    }
    return rows;
  }
};

}  // namespace corelens

#endif  // CORELENS_PACKED_H_
