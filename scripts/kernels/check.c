// Each set of kernels that this processor runs against plain sums in double: products with panels of both kinds in both
// directions, A^T B, and widening. For processors that Swift's tests do not run on: `make neon-check` under an emulator, and
// `make amx-check` with the tiles in plain C.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

static uint64_t state = 1;
static float number(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (float)((double)(state >> 40) / (1 << 23) - 1);
}

static float *numbers(ptrdiff_t count) {
  float *list = aligned_alloc(64, ((size_t)count * 8 + 127) / 64 * 64);
  for (ptrdiff_t i = 0; i < count; i++) list[i] = number();
  return list;
}

static float rounded(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  memcpy(&value, &bits, 4);
  return value;
}

static int failures;
static void expect(double worst, double allowed, const char *set, const char *what, int m, int k, int n) {
  if (worst <= allowed) return;
  printf("%s: %s of %d x %d x %d is off by %g\n", set, what, m, k, n, worst);
  failures++;
}

static void products(const char *set, const char *what, const PanelKernels *p, int is_rounded, int m, int k, int n) {
  float *w = numbers(n * k), *x = numbers(m * k), *b = numbers(n), *y = numbers(m * n), *dx = numbers(m * k);
  float *panels = numbers(p->size(n, k)), *transposed = numbers(p->size(k, n));
  p->pack(w, k, 1, n, k, panels);
  p->transpose(panels, n, k, transposed);
  p->multiply(x, k, m, panels, n, k, b, 0, y, n);
  float *before = numbers(m * k);
  memcpy(dx, before, (size_t)(m * k) * 4);
  p->multiply(y, n, m, transposed, k, n, NULL, 1, dx, k);
  double worst = 0, worst_dx = 0, largest = 1;
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      double sum = b[j];
      for (int l = 0; l < k; l++)
        sum += is_rounded ? (double)rounded(x[i * k + l]) * rounded(w[j * k + l]) : (double)x[i * k + l] * w[j * k + l];
      worst = fmax(worst, fabs(sum - y[i * n + j]));
      largest = fmax(largest, fabs(sum));
    }
    for (int l = 0; l < k; l++) {
      double sum = before[i * k + l];
      for (int j = 0; j < n; j++)
        sum += is_rounded ? (double)rounded(y[i * n + j]) * rounded(w[j * k + l]) : (double)y[i * n + j] * w[j * k + l];
      worst_dx = fmax(worst_dx, fabs(sum - dx[i * k + l]));
    }
  }
  expect(worst, 1e-6 * sqrt(k + 1), set, what, m, k, n);
  expect(worst_dx, 1e-6 * largest * sqrt(n + 1), set, "its transpose", m, k, n);
  free(w), free(x), free(b), free(y), free(dx), free(panels), free(transposed), free(before);
}

static void cross(const char *set, const Kernels *kernels, int rows, int m, int n) {
  float *a = numbers(rows * (m + 2)), *b = numbers(rows * n);
  double *c = calloc((size_t)(m * n + 1), sizeof *c), worst = 0;
  kernels->cross_product(a, m + 2, m, b, n, n, rows, c);
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int r = 0; r < rows; r++) sum += (double)a[r * (m + 2) + i] * b[r * n + j];
      worst = fmax(worst, fabs(sum - c[i * n + j]));
    }
  expect(worst, 1e-12 * rows, set, "A^T B", m, rows, n);
  free(a), free(b), free(c);
}

static void widening(const char *set, const Kernels *kernels) {
  uint16_t halves[1 << 16];
  static float found[1 << 16], expected[1 << 16];
  for (int i = 0; i < 1 << 16; i++) halves[i] = (uint16_t)i;
  kernels->widen_float16(halves, found, 1 << 16);
  kernels_named("portable")->widen_float16(halves, expected, 1 << 16);
  int wrong = 0;
  for (int i = 0; i < 1 << 16; i++) wrong += !(found[i] == expected[i] || (isnan(found[i]) && isnan(expected[i])));
  expect(wrong, 0, set, "widening", 1, 1 << 16, 1);
}

#ifdef EMULATED_AMX
extern const Kernels kernels_table_amx;
#define TABLE(name) (strcmp(name, "amx") == 0 ? &kernels_table_amx : kernels_named(name))
#else
#define TABLE(name) kernels_named(name)
#endif

int main(void) {
  static const char *const names[] = {"amx", "avx512bf16", "avx512", "avx2", "neon", "portable"};
  static const int shapes[][3] = {{1, 1, 1},    {15, 17, 33}, {113, 3, 64}, {7, 1600, 31},
                                  {29, 64, 65}, {0, 3, 4},    {2, 0, 3},    {130, 96, 40}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const Kernels *kernels = TABLE(names[i]);
    if (!kernels) continue;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
      const int *z = shapes[s];
      if (kernels->panels.width) products(names[i], "x W^T", &kernels->panels, 0, z[0], z[1], z[2]);
      products(names[i], "x W^T in BFloat16", &kernels->pairs, 1, z[0], z[1], z[2]);
      if (kernels->panels.width) cross(names[i], kernels, z[1], z[0], z[2]);
    }
    widening(names[i], kernels);
    printf("%s: checked\n", names[i]);
  }
  printf("the best is %s; %d wrong\n", kernels_name(kernels_best()), failures);
  return failures > 0;
}
