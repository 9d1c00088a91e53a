// Small squares of 32-bit words, turned over.
#ifndef CORELENS_TRANSPOSE_H_
#define CORELENS_TRANSPOSE_H_

#include "vectors.h"

namespace corelens {

// out[j][i] = rows[i][j] for kLanes rows of kLanes words; strides in words.
inline void TransposeWords(const int32_t *rows, int64_t stride, int32_t *out, int64_t out_stride) {
#if defined(__AVX512F__)
  __m512i a[16], b[16];
  for (int i = 0; i < 16; i++) a[i] = LoadAs<__m512i>(rows + i * stride);
  for (int i = 0; i < 16; i += 2) {
    b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
    a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
    a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
    a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
  }
  for (int i = 0; i < 4; i++) {  // a[4 r + i] holds words i, 4 + i, 8 + i, 12 + i of rows 4 r ...
    const __m512i x = _mm512_shuffle_i32x4(a[i], a[4 + i], 0x88);
    const __m512i y = _mm512_shuffle_i32x4(a[8 + i], a[12 + i], 0x88);
    const __m512i z = _mm512_shuffle_i32x4(a[i], a[4 + i], 0xdd);
    const __m512i w = _mm512_shuffle_i32x4(a[8 + i], a[12 + i], 0xdd);
    StoreAs(out + i * out_stride, _mm512_shuffle_i32x4(x, y, 0x88));
    StoreAs(out + (4 + i) * out_stride, _mm512_shuffle_i32x4(z, w, 0x88));
    StoreAs(out + (8 + i) * out_stride, _mm512_shuffle_i32x4(x, y, 0xdd));
    StoreAs(out + (12 + i) * out_stride, _mm512_shuffle_i32x4(z, w, 0xdd));
  }
#elif defined(__AVX2__)
  __m256 a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = LoadAs<__m256>(rows + i * stride);
  for (int i = 0; i < 8; i += 2) {
    b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
    a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
    a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
    a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {  // a[4 r + i] holds words i and 4 + i of rows 4 r ...
    StoreAs(out + i * out_stride, _mm256_permute2f128_ps(a[i], a[4 + i], 0x20));
    StoreAs(out + (4 + i) * out_stride, _mm256_permute2f128_ps(a[i], a[4 + i], 0x31));
  }
#else
  for (int i = 0; i < kLanes; i++) {
    for (int j = 0; j < kLanes; j++) out[j * out_stride + i] = rows[i * stride + j];
  }
#endif
}

}  // namespace corelens

#endif  // CORELENS_TRANSPOSE_H_
