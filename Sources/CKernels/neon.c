#if defined(__aarch64__)
#include <math.h>
#include <string.h>

#include "kernels.h"

// Every arm64 processor has these. 28 of the 32 registers hold the results of a tile.
#define KERNEL_TABLE kernels_table_neon
#define LANES 4
#define TILE_ROWS 14
#include "quants_body.inc"
#include "kernels_body.inc"
#endif
