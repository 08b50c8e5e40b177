#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.h"

// AVX-512 with the matrix products of BFloat16 tiles: Sapphire Rapids and later.
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,amx-tile,amx-bf16,avx2,fma,f16c"))), apply_to = function)
#define KERNEL_TABLE kernels_table_amx
#define LANES 16
#define TILE_ROWS 14
#define AMX
#include "quants_body.inc"
#include "kernels_body.inc"
#pragma clang attribute pop
#endif
