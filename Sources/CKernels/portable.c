#define KERNEL_TABLE kernels_table_portable
#define PORTABLE
#define LANES 4
#define TILE_ROWS 6
#include "quants_body.inc"
#include "kernels_body.inc"
