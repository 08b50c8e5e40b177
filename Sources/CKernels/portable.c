#define KERNEL_TABLE kernels_table_portable
#include "kernels_body.inc"
