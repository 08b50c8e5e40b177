#define KERNEL_TABLE kernels_table_portable
#include "quants_body.inc"
#include "kernels_body.inc"
