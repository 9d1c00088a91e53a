// Vectors of floats in the compiler's own vector types, as wide as the processor's registers, and the
// element types that the operations read and write.
#ifndef CORELENS_VECTORS_H_
#define CORELENS_VECTORS_H_

#include <cstdint>
#include <cstring>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace corelens {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Floats __attribute__((vector_size(4 * kLanes)));
typedef int32_t Ints __attribute__((vector_size(4 * kLanes)));
typedef uint32_t Words __attribute__((vector_size(4 * kLanes)));
typedef uint16_t Halves __attribute__((vector_size(2 * kLanes)));

template <typename V, typename T>
inline V LoadAs(const T *p) {
  V v;
  std::memcpy(&v, p, sizeof(V));
  return v;
}

template <typename V, typename T>
inline void StoreAs(T *p, V v) {
  std::memcpy(p, &v, sizeof(V));
}

inline Floats Splat(float x) { return x - Floats{}; }

inline Floats Max(Floats a, Floats b) { return a > b ? a : b; }
inline Floats Min(Floats a, Floats b) { return a < b ? a : b; }

inline float SumOf(Floats v) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps((__m512)v);
#endif
  float total = 0;
  for (int i = 0; i < kLanes; i++) total += v[i];
  return total;
}

inline float MaxOf(Floats v) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_ps((__m512)v);
#elif defined(__AVX2__)
  __m128 half = _mm_max_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
  half = _mm_max_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
#endif
  float largest = v[0];
  for (int i = 1; i < kLanes; i++) largest = v[i] > largest ? v[i] : largest;
  return largest;
}

// e^x to 2e-7 of its value for x <= 88; exactly 0 below -87.3.
inline Floats Exp(Floats x) {
  const Floats magic = Splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const Floats shifted = x * 1.44269504f + magic;
  const Floats n = shifted - magic;
  const Floats r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // x - n ln 2, in two parts
  Floats p = Splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  Words exponent, bits;
  std::memcpy(&exponent, &shifted, sizeof(exponent));
  std::memcpy(&bits, &p, sizeof(bits));
  bits += exponent << 23;  // the low bits of `shifted` are n
  Floats result;
  std::memcpy(&result, &bits, sizeof(result));
  return x < -87.3f ? Floats{} : result;
}

constexpr float kLog2E = 1.44269504f;

// 2^x to 2e-7 of its value for x <= 127; exactly 0 below -126.
inline Floats Exp2(Floats x) {
  const Floats magic = Splat(12582912.0f);  // as in Exp
  const Floats shifted = x + magic;
  const Floats r = x - (shifted - magic);  // -1/2 to 1/2
  // the polynomial of least relative error, with 1 as its value at 0
  Floats p = Splat(1.3264727e-3f);
  p = p * r + 9.6715127e-3f;
  p = p * r + 5.5507337e-2f;
  p = p * r + 2.4022242e-1f;
  p = p * r + 6.9314698e-1f;
  p = p * r + 1.0f;
  Words exponent, bits;
  std::memcpy(&exponent, &shifted, sizeof(exponent));
  std::memcpy(&bits, &p, sizeof(bits));
  bits += exponent << 23;
  Floats result;
  std::memcpy(&result, &bits, sizeof(result));
  return x < -126.0f ? Floats{} : result;
}

// bfloat16 is the upper half of a float.
struct Bfloat16 {
  uint16_t bits;
};

inline float Widen(float x) { return x; }
inline float Widen(Bfloat16 x) {
  const uint32_t word = static_cast<uint32_t>(x.bits) << 16;
  float value;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

// Rounds to the nearest, ties to even; NaN stays NaN.
inline uint16_t NarrowBits(float x) {
  if (x != x) return 0x7fc0;
  uint32_t word;
  std::memcpy(&word, &x, sizeof(word));
  return static_cast<uint16_t>((word + 0x7fff + ((word >> 16) & 1)) >> 16);
}

inline void Put(float *p, float x) { *p = x; }
inline void Put(Bfloat16 *p, float x) { p->bits = NarrowBits(x); }

inline Floats Load(const float *p) { return LoadAs<Floats>(p); }
inline Floats Load(const Bfloat16 *p) {
  const Words words = __builtin_convertvector(LoadAs<Halves>(p), Words) << 16;
  Floats value;
  std::memcpy(&value, &words, sizeof(value));
  return value;
}

inline void Store(float *p, Floats x) { StoreAs(p, x); }
inline void Store(Bfloat16 *p, Floats x) {
#if defined(__AVX512BF16__)
  const __m256bh narrow = _mm512_cvtneps_pbh((__m512)x);
  std::memcpy(p, &narrow, sizeof(narrow));
#else
  Words word;
  std::memcpy(&word, &x, sizeof(word));
  Words rounded = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
  rounded = x == x ? rounded : Words{} + 0x7fc0;
  StoreAs(p, __builtin_convertvector(rounded, Halves));
#endif
}

// The first `count` (below kLanes) elements; the others read as 0 and are not written.
template <typename T>
inline Floats LoadPart(const T *p, int count) {
  Floats v{};
  for (int i = 0; i < count; i++) v[i] = Widen(LoadAs<T>(p + i));  // in a mapped file at any address
  return v;
}

template <typename T>
inline void StorePart(T *p, Floats x, int count) {
  for (int i = 0; i < count; i++) Put(p + i, x[i]);
}

// Calls body(offset, width) over [0, size) in vectors; the last may be narrower.
template <typename Body>
inline void ForVectors(int64_t size, Body body) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) body(i, kLanes);
  if (i < size) body(i, static_cast<int>(size - i));
}

template <typename T>
inline Floats LoadUpTo(const T *p, int width) {
  return width == kLanes ? Load(p) : LoadPart(p, width);
}

template <typename T>
inline void StoreUpTo(T *p, Floats x, int width) {
  if (width == kLanes) Store(p, x);
  else StorePart(p, x, width);
}

// Calls up the cache lines of `count` floats; near: into the first cache, else into the second.
template <bool kNear>
inline void Prefetch(const float *p, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(p + i, 0, kNear ? 3 : 2);
}

// The same of what will be written.
template <typename T>
inline void PrefetchToWrite(T *p, int64_t count) {
  for (int64_t i = 0; i < count; i += 64 / sizeof(T)) __builtin_prefetch(p + i, 1);
}

}  // namespace corelens

#endif  // CORELENS_VECTORS_H_
