// Codes of a few bits, whose scales and zeros lie apart in their files, into the blocks of blocks.h
// (`GroupBlock`, `Float8Block`): the bytes that `intoGroups` in lib/weights/packings/groups.ts says.
#ifndef CORELENS_PACK_GROUPS_H_
#define CORELENS_PACK_GROUPS_H_

#include <algorithm>
#include <cstring>

#include "bytes.h"
#include "parallel.h"
#include "scratch.h"
#include "tensors.h"

namespace corelens {
namespace {

// What the codes are in memory.
enum GroupKind { kUnsignedCodes, kSignedCodes, kFloatCodes };

// How codes lie in their file, and in memory; `groupPlan` in lib/weights/packings/group_plan.ts has the
// same order.
struct GroupPlan {
  int32_t skip;             // bytes before the codes
  int32_t outputs, inputs;  // of the weight
  int32_t bits;             // of a code in the file
  int32_t along_outputs;    // the axis along which codes follow each other
  int32_t apart;            // whether words of a run are a row of the stored tensor apart
  int32_t bytes;            // whether each code is a byte, in no words
  int32_t flipped;          // bits that are turned over in codes with a sign
  int32_t lowest;           // the level of code 0 then
  int32_t kind, packed_bits, offset, elements;       // of the blocks
  int32_t block_outputs, block_inputs, transposed;   // of the scales
  int32_t places[32];       // of the codes within a word, where they are in no order: the first is -1

  int64_t start() const { return offset ? 8 : kind == kUnsignedCodes ? 5 : 4; }
  int64_t block_bytes() const { return start() + elements * packed_bits / 8; }
  int64_t run() const { return along_outputs ? outputs : inputs; }  // codes that follow each other
  int64_t runs() const { return along_outputs ? inputs : outputs; }
  int64_t words() const { return CeilDiv(run() * bits, 32); }  // of a run
  int64_t size() const {  // bytes of all codes
    return bytes ? int64_t{outputs} * inputs : 4 * runs() * words();
  }
  bool possible() const {
    return skip >= 0 && outputs > 0 && inputs > 0 && bits >= 1 && bits <= 8 && elements > 0 &&
           elements % 32 == 0 && inputs % elements == 0 && block_outputs > 0 && block_inputs > 0 &&
           block_inputs % elements == 0 && packed_bits >= 4 && packed_bits <= 8 &&
           (places[0] < 0 || 32 % bits == 0);
  }
};
constexpr int kGroupPlanNumbers = sizeof(GroupPlan) / sizeof(int32_t);

// The k-th code of a run.
inline uint8_t CodeIn(const GroupPlan &plan, const uint8_t *codes, int64_t run, int64_t k) {
  int64_t bit = k * plan.bits;
  if (plan.places[0] >= 0) {
    const int64_t in_word = 32 / plan.bits;
    bit = k / in_word * 32 + plan.places[k % in_word] * plan.bits;
  }
  const auto at = [&](int64_t byte) -> unsigned {
    const int64_t words = plan.words(), word = byte >> 2;
    if (word >= words) return 0;
    return codes[4 * (plan.apart ? word * plan.runs() + run : run * words + word) + (byte & 3)];
  };
  const unsigned both = at(bit >> 3) | at((bit >> 3) + 1) << 8;
  return both >> (bit & 7) & ((1 << plan.bits) - 1);
}

// The codes of a run of which some reach over the end of a byte, and whose words follow each other.
inline void ReadStream(const GroupPlan &plan, const uint8_t *codes, int64_t run, uint8_t *out) {
  const uint8_t *from = codes + 4 * run * plan.words();
  const int64_t length = plan.run(), whole = (4 * plan.words() - 1) * 8 / plan.bits;
  const unsigned mask = (1u << plan.bits) - 1;
  int64_t k = 0;
  for (; k < std::min(length, whole); k++) {  // with a byte behind the code's first
    const int64_t bit = k * plan.bits;
    out[k] = LoadAs<uint16_t>(from + (bit >> 3)) >> (bit & 7) & mask;
  }
  for (; k < length; k++) out[k] = CodeIn(plan, codes, run, k);
}

// The codes of the outputs [first, first + count), each with a row of `out`, which are `stride` apart.
inline void ReadCodes(const GroupPlan &plan, const uint8_t *codes, int64_t first, int64_t count,
                      uint8_t *out, int64_t stride) {
  const int64_t inputs = plan.inputs;
  if (plan.bytes) {
    for (int64_t o = 0; o < count; o++) {
      std::memcpy(out + o * stride, codes + (first + o) * inputs, inputs);
    }
    return;
  }
  const int64_t in_word = 32 / plan.bits;  // where codes fill words
  const bool whole = 32 % plan.bits == 0 && plan.run() % in_word == 0;
  const uint32_t mask = (1u << plan.bits) - 1;
  const auto place = [&](int64_t j) { return plan.places[0] < 0 ? j : plan.places[j]; };
  if (whole && !plan.along_outputs) {
    const int64_t words = plan.words();
    for (int64_t w = 0; w < words; w++) {
      for (int64_t o = 0; o < count; o++) {
        const int64_t run = first + o;
        const uint32_t word =
            WordAt(codes + 4 * (plan.apart ? w * plan.outputs + run : run * words + w));
        uint8_t *to = out + o * stride + w * in_word;
        for (int64_t j = 0; j < in_word; j++) to[j] = word >> place(j) * plan.bits & mask;
      }
    }
  } else if (whole && !plan.apart && first % in_word == 0 && count % in_word == 0) {
    const int64_t words = plan.words();
    for (int64_t i = 0; i < inputs; i++) {
      for (int64_t w = 0; w < count / in_word; w++) {
        const uint32_t word = WordAt(codes + 4 * (i * words + first / in_word + w));
        uint8_t *to = out + w * in_word * stride + i;
        for (int64_t j = 0; j < in_word; j++) to[j * stride] = word >> place(j) * plan.bits & mask;
      }
    }
  } else if (!plan.along_outputs && !plan.apart && plan.places[0] < 0) {
    for (int64_t o = 0; o < count; o++) ReadStream(plan, codes, first + o, out + o * stride);
  } else {
    for (int64_t o = 0; o < count; o++) {
      for (int64_t i = 0; i < inputs; i++) {
        out[o * stride + i] = plan.along_outputs ? CodeIn(plan, codes, i, first + o)
                                                 : CodeIn(plan, codes, first + o, i);
      }
    }
  }
}

// Puts 32 codes of four to six bits where `CodesOf` finds them.
inline void PutCodes(const uint8_t *codes, int bits, uint8_t *to) {
  for (int i = 0; i < 16; i++) to[i] = (codes[i] & 15) | codes[16 + i] << 4;
  for (int byte = 0; bits == 5 && byte < 4; byte++) {
    to[16 + byte] = 0;
    for (int i = 0; i < 8; i++) to[16 + byte] |= codes[8 * byte + i] >> 4 << i;
  }
  for (int byte = 0; bits == 6 && byte < 8; byte++) {
    to[16 + byte] = 0;
    for (int i = 0; i < 4; i++) to[16 + byte] |= codes[8 * i + byte] >> 4 << 2 * i;
  }
}

// Inputs: the bytes of the codes; the plan; scales, and levels of the zeros and offsets or none, one for
// each block of the scales; the input that comes at each place, or none.
void ComputePackGroups(void *, TF_OpKernelContext *context) {
  const Input bytes(context, 0), numbers(context, 1), scales(context, 2), zeros(context, 3),
      offsets(context, 4), order(context, 5);
  if (numbers.size() != kGroupPlanNumbers) return Fail(context, "the plan has another length");
  GroupPlan plan;
  std::memcpy(&plan, numbers.data<int32_t>(), sizeof(plan));
  if (!plan.possible() || bytes.size() < plan.skip + plan.size()) {
    return Fail(context, "the codes are not those of the plan");
  }
  const int64_t rows = CeilDiv(plan.outputs, plan.block_outputs);
  const int64_t columns = CeilDiv(plan.inputs, plan.block_inputs);
  const auto fits = [&](const Input &input) {
    return input.size() == 0 || input.size() == rows * columns;
  };
  if (scales.size() != rows * columns || !fits(zeros) || !fits(offsets) ||
      (order.size() != 0 && order.size() != plan.inputs)) {
    return Fail(context, "scales, zeros, offsets or the order are of another size");
  }
  const int32_t *places = order.optional<int32_t>();
  for (int64_t i = 0; i < order.size(); i++) {
    if (places[i] < 0 || places[i] >= plan.inputs) return Fail(context, "there is no such input");
  }
  const int64_t inputs = plan.inputs, in_row = inputs / plan.elements;
  const int64_t block_bytes = plan.block_bytes();
  uint8_t *out = Output<uint8_t>(context, {plan.outputs, in_row * block_bytes});
  if (!out) return;
  const uint8_t *codes = bytes.data<uint8_t>() + plan.skip;
  const float *scale_of = scales.data<float>(), *zero_of = zeros.optional<float>(),
              *offset_of = offsets.optional<float>();
  ParallelFor(plan.outputs, 64, [&](int64_t begin, int64_t end) {
    const int64_t stride = RoundUp(inputs, 64) + 64;  // no power of two: rows would meet in the cache
    uint8_t *tile = Scratch<uint8_t>(kMoreKeys, (end - begin) * stride);
    uint8_t *sorted = Scratch<uint8_t>(kMoreValues, plan.elements);
    ReadCodes(plan, codes, begin, end - begin, tile, stride);
    if (plan.flipped) {
      for (int64_t i = 0; i < (end - begin) * stride; i++) tile[i] ^= plan.flipped;
    }
    for (int64_t o = begin; o < end; o++) {
      const uint8_t *row = tile + (o - begin) * stride;
      for (int64_t b = 0; b < in_row; b++) {
        uint8_t *block = out + (o * in_row + b) * block_bytes, *to = block + plan.start();
        const int64_t at = o / plan.block_outputs, column = b * plan.elements / plan.block_inputs;
        const int64_t in_order = at * columns + column;
        const int64_t place = plan.transposed ? column * rows + at : in_order;
        const float scale = scale_of[place];
        const int zero = zero_of ? static_cast<int>(zero_of[in_order]) : 0;
        const int taken = plan.kind == kSignedCodes ? plan.lowest + 128 : plan.lowest;
        StoreAs(block, scale);
        if (plan.offset) {
          const double more = offset_of ? offset_of[place] : 0;
          StoreAs(block + 4, static_cast<float>(more + static_cast<double>(taken - zero) * scale));
        } else if (plan.kind == kUnsignedCodes) {
          block[4] = static_cast<uint8_t>(zero - plan.lowest);
        }
        const uint8_t *own = row + b * plan.elements;
        if (places) {
          for (int i = 0; i < plan.elements; i++) sorted[i] = row[places[b * plan.elements + i]];
          own = sorted;
        }
        if (plan.kind == kFloatCodes) {
          std::memcpy(to, own, plan.elements);
        } else if (plan.kind == kSignedCodes) {
          const uint8_t less = plan.offset ? 128 : zero - plan.lowest;
          for (int i = 0; i < plan.elements; i++) to[i] = own[i] - less;
        } else {
          for (int i = 0; i < plan.elements; i += 32) {
            PutCodes(own + i, plan.packed_bits, to + i / 8 * plan.packed_bits);
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace corelens

#endif  // CORELENS_PACK_GROUPS_H_
