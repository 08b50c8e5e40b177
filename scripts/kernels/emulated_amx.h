// AMX's tiles in plain C, with the order of sums of Intel's manual (TDPBF16PS), to run amx.c where there are none: included
// before it by the compiler's option.
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

static unsigned char emulated[8][16][64];

static float emulated_number(const unsigned char *half) {
  uint32_t bits = (uint32_t)(half[0] | half[1] << 8) << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static inline void emulated_load(int tile, const void *base, long stride) {
  for (int i = 0; i < 16; i++) memcpy(emulated[tile][i], (const char *)base + i * stride, 64);
}

static inline void emulated_store(int tile, void *base, long stride) {
  for (int i = 0; i < 16; i++) memcpy((char *)base + i * stride, emulated[tile][i], 64);
}

static inline void emulated_product(int sum, int x, int weight) {
  for (int m = 0; m < 16; m++)
    for (int n = 0; n < 16; n++) {
      float even = 0, odd = 0, total;
      for (int k = 0; k < 16; k++) {
        even += emulated_number(emulated[x][m] + 4 * k) * emulated_number(emulated[weight][k] + 4 * n);
        odd += emulated_number(emulated[x][m] + 4 * k + 2) * emulated_number(emulated[weight][k] + 4 * n + 2);
      }
      memcpy(&total, emulated[sum][m] + 4 * n, 4);
      total += even + odd;
      memcpy(emulated[sum][m] + 4 * n, &total, 4);
    }
}

#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig(shapes) ((void)(shapes))
#define _tile_release() ((void)0)
#define _tile_zero(tile) memset(emulated[tile], 0, sizeof emulated[tile])
#define _tile_loadd(tile, base, stride) emulated_load(tile, base, stride)
#define _tile_stored(tile, base, stride) emulated_store(tile, base, stride)
#define _tile_dpbf16ps(sum, x, weight) emulated_product(sum, x, weight)
