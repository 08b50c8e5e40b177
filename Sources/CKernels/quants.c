#include "include/quants.h"

typedef struct {
  int kind;
  ptrdiff_t length, bytes;
} Quant;

static const Quant quants[] = {
    {QUANT_Q4_0, 32, 18},   {QUANT_Q4_1, 32, 20},   {QUANT_Q5_0, 32, 22},   {QUANT_Q5_1, 32, 24},
    {QUANT_Q8_0, 32, 34},   {QUANT_Q2_K, 256, 84},  {QUANT_Q3_K, 256, 110}, {QUANT_Q4_K, 256, 144},
    {QUANT_Q5_K, 256, 176}, {QUANT_Q6_K, 256, 210}, {QUANT_IQ4_NL, 32, 18}, {QUANT_IQ4_XS, 256, 136},
};

static const Quant *find(int kind) {
  for (size_t i = 0; i < sizeof quants / sizeof *quants; i++)
    if (quants[i].kind == kind) return &quants[i];
  return NULL;
}

ptrdiff_t quant_block_length(int kind) {
  const Quant *quant = find(kind);
  return quant ? quant->length : 0;
}

ptrdiff_t quant_block_bytes(int kind) {
  const Quant *quant = find(kind);
  return quant ? quant->bytes : 0;
}
