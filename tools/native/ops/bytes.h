// Bytes of packed weights: vectors of 32 of them, half-precision numbers, and bytes as floats.
#ifndef CORELENS_BYTES_H_
#define CORELENS_BYTES_H_

#include "vectors.h"

namespace corelens {

typedef uint8_t Bytes __attribute__((vector_size(32)));
typedef uint16_t Pairs __attribute__((vector_size(32)));  // the same bits, for shifts

// Every byte shifted to the right.
inline Bytes ShiftedRight(Bytes bytes, int count) {
  const uint8_t kept = 255 >> count;
  return (Bytes)((Pairs)bytes >> count) & kept;
}

// The low halves of 16 bytes, then their high halves.
inline Bytes Nibbles(const uint8_t *bytes) {
#if defined(__AVX2__)
  const __m128i both = LoadAs<__m128i>(bytes);
  const __m256i wide = _mm256_set_m128i(_mm_srli_epi16(both, 4), both);
  return (Bytes)_mm256_and_si256(wide, _mm256_set1_epi8(15));
#else
  Bytes result;
  for (int i = 0; i < 16; i++) {
    result[i] = bytes[i] & 15;
    result[16 + i] = bytes[i] >> 4;
  }
  return result;
#endif
}

inline uint32_t WordAt(const uint8_t *bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// `value` in each of 32 bytes whose bit, the lowest first, is as wanted; 0 in the others.
template <bool kSet>
inline Bytes WhereBits(const uint8_t *bits, uint8_t value) {
#if defined(__AVX2__)
  const __m256i all = _mm256_set1_epi32(static_cast<int>(WordAt(bits)));
  const __m256i own = _mm256_shuffle_epi8(
      all, _mm256_set_epi64x(0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0));
  const __m256i place = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
  const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(own, place), place);
  const __m256i values = _mm256_set1_epi8(static_cast<char>(value));
  return (Bytes)(kSet ? _mm256_and_si256(set, values) : _mm256_andnot_si256(set, values));
#else
  Bytes result;
  for (int i = 0; i < 32; i++) result[i] = (bits[i >> 3] >> (i & 7) & 1) == kSet ? value : 0;
  return result;
#endif
}

// The sixteen values that a number of four bits stands for in the IQ4 formats, for 32 of them.
inline Bytes Levels(Bytes codes) {
  static const int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                    1,    13,   25,  38,  53,  69,  89,  113};
#if defined(__AVX2__)
  const __m256i table = _mm256_broadcastsi128_si256(LoadAs<__m128i>(levels));
  return (Bytes)_mm256_shuffle_epi8(table, (__m256i)codes);
#else
  Bytes result;
  for (int i = 0; i < 32; i++) result[i] = static_cast<uint8_t>(levels[codes[i]]);
  return result;
#endif
}

// The half-precision number (IEEE 754 binary16) at an address.
inline float HalfAt(const uint8_t *bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof(half));
#if defined(__F16C__)
  return _cvtsh_ss(half);
#else
  const uint32_t magnitude = half & 0x7fff;
  float value = magnitude * 0x1p-24f;  // of a subnormal one
  uint32_t word;
  if (magnitude >= 0x400) {
    word = (magnitude << 13) + (magnitude < 0x7c00 ? 112u << 23 : 0x70000000);
    std::memcpy(&value, &word, sizeof(value));
  }
  return half & 0x8000 ? -value : value;
#endif
}

typedef float EightFloats __attribute__((vector_size(32)));  // whatever the processor's registers hold

// Eight bytes, signed or not, as floats.
template <typename Byte>
inline EightFloats ByteFloats(const Byte *bytes) {
#if defined(__AVX2__)
  int64_t eight;
  std::memcpy(&eight, bytes, sizeof(eight));
  const __m128i all = _mm_cvtsi64_si128(eight);
  const __m256i wide = Byte(-1) < 0 ? _mm256_cvtepi8_epi32(all) : _mm256_cvtepu8_epi32(all);
  return (EightFloats)_mm256_cvtepi32_ps(wide);
#else
  EightFloats values;
  for (int i = 0; i < 8; i++) values[i] = bytes[i];
  return values;
#endif
}

// kLanes signed bytes as floats.
inline Floats CodeFloats(const int8_t *codes) {
#if defined(__AVX512F__)
  return (Floats)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(LoadAs<__m128i>(codes)));
#elif defined(__AVX2__)
  int64_t eight;
  std::memcpy(&eight, codes, sizeof(eight));
  return (Floats)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_cvtsi64_si128(eight)));
#else
  Floats values;
  for (int i = 0; i < kLanes; i++) values[i] = codes[i];
  return values;
#endif
}

}  // namespace corelens

#endif  // CORELENS_BYTES_H_
