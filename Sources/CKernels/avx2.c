#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "kernels.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define KERNEL_TABLE kernels_table_avx2
#define LANES 8
#define TILE_ROWS 6
#include "quants_body.inc"
#include "kernels_body.inc"
#pragma clang attribute pop
#endif
