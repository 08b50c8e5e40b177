#include "include/quants.h"

#include <stdint.h>
#include <string.h>

// A fused multiply-add would round once where the reference rounds twice.
#pragma STDC FP_CONTRACT OFF

static float half_at(const uint8_t *p) {
  uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8;
  uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) {
    bits = sign | 0x7F800000u | fraction << 13;
  } else if (exponent) {
    bits = sign | (exponent + 112) << 23 | fraction << 13;
  } else {
    float small = (float)fraction * 0x1p-24f;
    return sign ? -small : small;
  }
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t word_at(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// 32 elements: the low halves of 16 bytes, then the high halves.

static void q4_0(const uint8_t *b, float *y) {
  float d = half_at(b);
  for (int i = 0; i < 16; i++) {
    y[i] = d * (float)((b[2 + i] & 15) - 8);
    y[i + 16] = d * (float)((b[2 + i] >> 4) - 8);
  }
}

static void q4_1(const uint8_t *b, float *y) {
  float d = half_at(b), m = half_at(b + 2);
  for (int i = 0; i < 16; i++) {
    y[i] = d * (float)(b[4 + i] & 15) + m;
    y[i + 16] = d * (float)(b[4 + i] >> 4) + m;
  }
}

// The fifth bits of all elements stand together.
static void fifth_bits(const uint8_t *low, uint32_t high, int *q) {
  for (int i = 0; i < 16; i++) {
    q[i] = (low[i] & 15) | (int)(high >> i & 1) << 4;
    q[i + 16] = low[i] >> 4 | (int)(high >> (i + 16) & 1) << 4;
  }
}

static void q5_0(const uint8_t *b, float *y) {
  int q[32];
  float d = half_at(b);
  fifth_bits(b + 6, word_at(b + 2), q);
  for (int i = 0; i < 32; i++) y[i] = d * (float)(q[i] - 16);
}

static void q5_1(const uint8_t *b, float *y) {
  int q[32];
  float d = half_at(b), m = half_at(b + 2);
  fifth_bits(b + 8, word_at(b + 4), q);
  for (int i = 0; i < 32; i++) y[i] = d * (float)q[i] + m;
}

static void q8_0(const uint8_t *b, float *y) {
  float d = half_at(b);
  for (int i = 0; i < 32; i++) y[i] = (float)(int8_t)b[2 + i] * d;
}

// 256 elements in groups of 16 or 32, each with a scale of few bits.

static void q2_k(const uint8_t *b, float *y) {
  const uint8_t *scales = b, *qs = b + 16;
  float d = half_at(b + 80), dmin = half_at(b + 82);
  for (int i = 0; i < 256; i++) {
    int group = i / 16;
    float scale = d * (float)(scales[group] & 15), least = dmin * (float)(scales[group] >> 4);
    int q = qs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
    float product = scale * (float)q;
    y[i] = product - least;
  }
}

static void q3_k(const uint8_t *b, float *y) {
  const uint8_t *high = b, *qs = b + 32, *packed = b + 96;
  float d = half_at(b + 108);
  float scales[16];
  for (int g = 0; g < 16; g++) {
    int low4 = g < 8 ? packed[g] & 15 : packed[g - 8] >> 4;
    int high2 = packed[8 + g % 4] >> (g / 4 * 2) & 3;
    scales[g] = d * (float)((low4 | high2 << 4) - 32);
  }
  for (int i = 0; i < 256; i++) {
    int q = qs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
    int isHigh = high[i % 32] >> (i / 32) & 1;
    y[i] = scales[i / 16] * (float)(q - (isHigh ? 0 : 4));
  }
}

// Eight scales and eight offsets of 6 bits in 12 bytes.
static void six_bits(const uint8_t *packed, int group, int *scale, int *least) {
  if (group < 4) {
    *scale = packed[group] & 63;
    *least = packed[group + 4] & 63;
  } else {
    *scale = (packed[group + 4] & 15) | (packed[group - 4] >> 6) << 4;
    *least = packed[group + 4] >> 4 | (packed[group] >> 6) << 4;
  }
}

static void q45_k(const uint8_t *b, float *y, const uint8_t *high, const uint8_t *qs) {
  float d = half_at(b), dmin = half_at(b + 2);
  for (int group = 0; group < 8; group++) {
    int scale, least;
    six_bits(b + 4, group, &scale, &least);
    float step = d * (float)scale, offset = dmin * (float)least;
    for (int i = 0; i < 32; i++) {
      int q = qs[group / 2 * 32 + i] >> (group % 2 * 4) & 15;
      if (high) q |= (high[i] >> group & 1) << 4;
      float product = step * (float)q;
      y[group * 32 + i] = product - offset;
    }
  }
}

static void q4_k(const uint8_t *b, float *y) { q45_k(b, y, NULL, b + 16); }

static void q5_k(const uint8_t *b, float *y) { q45_k(b, y, b + 16, b + 48); }

static void q6_k(const uint8_t *b, float *y) {
  const uint8_t *low = b, *high = b + 128, *scales = b + 192;
  float d = half_at(b + 208);
  for (int i = 0; i < 256; i++) {
    int half = i / 128, place = i % 128;
    int q = low[half * 64 + place % 64] >> (place / 64 * 4) & 15;
    q |= (high[half * 32 + place % 32] >> (place / 32 * 2) & 3) << 4;
    float scale = d * (float)(int8_t)scales[i / 16];
    y[i] = scale * (float)(q - 32);
  }
}

static const int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static void iq4_nl(const uint8_t *b, float *y) {
  float d = half_at(b);
  for (int i = 0; i < 16; i++) {
    y[i] = d * (float)levels[b[2 + i] & 15];
    y[i + 16] = d * (float)levels[b[2 + i] >> 4];
  }
}

static void iq4_xs(const uint8_t *b, float *y) {
  float d = half_at(b);
  for (int group = 0; group < 8; group++) {
    int low4 = b[4 + group / 2] >> (group % 2 * 4) & 15;
    int high2 = (b[2] | b[3] << 8) >> (2 * group) & 3;
    float step = d * (float)((low4 | high2 << 4) - 32);
    const uint8_t *qs = b + 8 + group * 16;
    for (int i = 0; i < 16; i++) {
      y[group * 32 + i] = step * (float)levels[qs[i] & 15];
      y[group * 32 + i + 16] = step * (float)levels[qs[i] >> 4];
    }
  }
}

typedef struct {
  int kind;
  ptrdiff_t length, bytes;
  void (*expand)(const uint8_t *block, float *target);
} Quant;

static const Quant quants[] = {
    {QUANT_Q4_0, 32, 18, q4_0},   {QUANT_Q4_1, 32, 20, q4_1},     {QUANT_Q5_0, 32, 22, q5_0},
    {QUANT_Q5_1, 32, 24, q5_1},   {QUANT_Q8_0, 32, 34, q8_0},     {QUANT_Q2_K, 256, 84, q2_k},
    {QUANT_Q3_K, 256, 110, q3_k}, {QUANT_Q4_K, 256, 144, q4_k},   {QUANT_Q5_K, 256, 176, q5_k},
    {QUANT_Q6_K, 256, 210, q6_k}, {QUANT_IQ4_NL, 32, 18, iq4_nl}, {QUANT_IQ4_XS, 256, 136, iq4_xs},
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

void quant_expand(int kind, const void *source, float *target, ptrdiff_t blocks) {
  const Quant *quant = find(kind);
  if (!quant) return;
  const uint8_t *block = source;
  for (ptrdiff_t i = 0; i < blocks; i++) quant->expand(block + i * quant->bytes, target + i * quant->length);
}
