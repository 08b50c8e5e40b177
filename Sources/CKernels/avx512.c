#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "kernels.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,f16c"))), apply_to = function)
#define KERNEL_TABLE kernels_table_avx512
#define LANES 16
#define TILE_ROWS 14
#include "quants_body.inc"
#include "kernels_body.inc"
#pragma clang attribute pop
#endif
