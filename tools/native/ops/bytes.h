// Bytes of packed weights: vectors of 32 of them, half-precision numbers, and bytes as floats.
#ifndef CORELENS_BYTES_H_
#define CORELENS_BYTES_H_

#include "vectors.h"

namespace corelens {

typedef uint8_t Bytes __attribute__((vector_size(32)));
typedef uint16_t Pairs __attribute__((vector_size(32)));  // the same bits, for shifts

typedef int8_t Sixteen __attribute__((vector_size(16)));

// Every byte shifted to the right.
inline Bytes ShiftedRight(Bytes bytes, int count) {
  const uint8_t kept = 255 >> count;
  return (Bytes)((Pairs)bytes >> count) & kept;
}

// Some bits of every byte, from the `count`-th on, brought down and then up by kUp; `kept` says where they
// are then.
template <int kUp>
inline Bytes BitsTo(Bytes bytes, int count, uint8_t kept) {
  const Pairs pairs = (Pairs)bytes;
  const Pairs moved = count > kUp ? pairs >> (count - kUp) : count < kUp ? pairs << (kUp - count) : pairs;
  return (Bytes)moved & kept;
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

// The 16 numbers of six bits in the 12 bytes of a K block.
inline Sixteen SixBits(const uint8_t *bytes) {
#if defined(__AVX2__)
  const __m128i all = LoadAs<__m128i>(bytes - 4); // which are there in every K block
  const __m128i low = _mm_srlv_epi32(
      _mm_shuffle_epi8(all, _mm_set_epi32(0x0f0e0d0c, 0x0b0a0908, 0x0f0e0d0c, 0x07060504)),
      _mm_set_epi32(4, 0, 0, 0));
  const __m128i high = _mm_srli_epi32(
      _mm_shuffle_epi8(all, _mm_set_epi32(0x0b0a0908, -1, 0x07060504, -1)), 2);
  const __m128i kept = _mm_set_epi32(0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f);
  return (Sixteen)_mm_or_si128(_mm_and_si128(low, kept),
                               _mm_and_si128(high, _mm_set1_epi8(0x30)));
#else
  const uint32_t a = WordAt(bytes), b = WordAt(bytes + 4), c = WordAt(bytes + 8);
  const uint32_t words[4] = {a & 0x3f3f3f3f, (c & 0x0f0f0f0f) | (a >> 6 & 0x03030303) << 4,
                             b & 0x3f3f3f3f, (c >> 4 & 0x0f0f0f0f) | (b >> 6 & 0x03030303) << 4};
  return LoadAs<Sixteen>(words);
#endif
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

// 32 codes of four to six bits: their low halves, then what is above them: a bit of each, or two, where a
// byte holds those of every eighth code.
template <int kBits>
inline Bytes CodesOf(const uint8_t *bytes) {
  Bytes codes = Nibbles(bytes);
  if (kBits == 5) codes |= WhereBits<true>(bytes + 16, 16);
  if (kBits == 6) {
#if defined(__AVX2__)
    int64_t eight;
    std::memcpy(&eight, bytes + 16, sizeof(eight));
    const __m256i all = _mm256_srlv_epi64(_mm256_set1_epi64x(eight), _mm256_set_epi64x(6, 4, 2, 0));
    codes |= (Bytes)_mm256_slli_epi16(_mm256_and_si256(all, _mm256_set1_epi8(3)), 4);
#else
    for (int i = 0; i < 32; i++) codes[i] |= (bytes[16 + (i & 7)] >> 2 * (i >> 3) & 3) << 4;
#endif
  }
  return codes;
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

// A half-precision number in memory.
struct Half {
  uint16_t bits;
};

inline float Widen(Half x) { return HalfAt(reinterpret_cast<const uint8_t *>(&x.bits)); }

// kLanes half-precision numbers.
inline Floats HalvesAsFloats(Halves bits) {
#if defined(__AVX512F__)
  return (Floats)_mm512_cvtph_ps((__m256i)bits);
#elif defined(__F16C__) && defined(__AVX__)
  return (Floats)_mm256_cvtph_ps((__m128i)bits);
#else
  Floats values;
  for (int i = 0; i < kLanes; i++) values[i] = Widen(Half{bits[i]});
  return values;
#endif
}

inline Floats Load(const Half *p) { return HalvesAsFloats(LoadAs<Halves>(p)); }

// kLanes floats of eight bits (E4M3: four of exponent, three of fraction, NaN at the end). Their bits,
// a place further up, are those of a half-precision number 256 times smaller.
inline Floats Float8Floats(const uint8_t *codes) {
  typedef uint8_t Codes __attribute__((vector_size(kLanes)));
  const Halves wide = __builtin_convertvector(LoadAs<Codes>(codes), Halves);
  const Halves magnitude = wide & 0x7f;
  const Halves nan = (Halves)(magnitude == Halves{} + 0x7f) & 0x7e00;
  return HalvesAsFloats((wide & 0x80) << 8 | magnitude << 7 | nan) * 256.0f;
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

typedef int32_t EightInts __attribute__((vector_size(32)));

// The first or the last eight of 16 bytes with a sign as floats.
template <bool kLast>
inline EightFloats EightOf(Sixteen bytes) {
#if defined(__AVX2__)
  const __m128i own = kLast ? _mm_srli_si128((__m128i)bytes, 8) : (__m128i)bytes;
  return (EightFloats)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(own));
#else
  EightFloats values;
  for (int i = 0; i < 8; i++) values[i] = bytes[kLast ? 8 + i : i];
  return values;
#endif
}

// Half-precision numbers `stride` bytes apart, of which there are up to eight; zeros follow.
inline EightFloats HalvesAt(const uint8_t *bytes, int stride, int count) {
#if defined(__F16C__)
  const auto at = [=](int i) {  // no memory in between: many small stores and a wide load wait for each other
    int16_t half = 0;
    if (i < count) std::memcpy(&half, bytes + i * stride, 2);
    return half;
  };
  return (EightFloats)_mm256_cvtph_ps(
      _mm_set_epi16(at(7), at(6), at(5), at(4), at(3), at(2), at(1), at(0)));
#else
  EightFloats values{};
  for (int i = 0; i < count; i++) values[i] = HalfAt(bytes + i * stride);
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
