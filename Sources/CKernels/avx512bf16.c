#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.h"

// AVX-512 with the product of BFloat16 pairs: Zen 4, Cooper Lake, Sapphire Rapids and later.
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,avx2,fma,f16c"))), apply_to = function)
#define KERNEL_TABLE kernels_table_avx512bf16
#define LANES 16
#define TILE_ROWS 14
#define DOT(sum, weights, x) ((Lanes)_mm512_dpbf16_ps((__m512)(sum), (__m512bh)(weights), (__m512bh)(x)))
#include "quants_body.inc"
#include "kernels_body.inc"
#pragma clang attribute pop
#endif
