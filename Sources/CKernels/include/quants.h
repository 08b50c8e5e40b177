// Blocks of quantised weights, as ggml stores them (ggml-common.h). The kernels expand them to Float32, bit for bit as
// `gguf.quants.dequantize` of the Python package does: every product and sum is rounded by itself.
#ifndef PROMPTFERRY_QUANTS_H
#define PROMPTFERRY_QUANTS_H

#include <stddef.h>

// ggml's numbers.
typedef enum {
  QUANT_Q4_0 = 2,
  QUANT_Q4_1 = 3,
  QUANT_Q5_0 = 6,
  QUANT_Q5_1 = 7,
  QUANT_Q8_0 = 8,
  QUANT_Q2_K = 10,
  QUANT_Q3_K = 11,
  QUANT_Q4_K = 12,
  QUANT_Q5_K = 13,
  QUANT_Q6_K = 14,
  QUANT_IQ4_NL = 20,
  QUANT_IQ4_XS = 23
} QuantKind;

// The elements and bytes of a block; 0 for kinds that are not above.
ptrdiff_t quant_block_length(int kind);
ptrdiff_t quant_block_bytes(int kind);

#endif
