#include <stdlib.h>
#include <string.h>

#include "kernels.h"

extern const Kernels kernels_table_portable;
#if defined(__x86_64__)
#include <unistd.h>

extern const Kernels kernels_table_avx2, kernels_table_avx512, kernels_table_avx512bf16, kernels_table_amx;

static int has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
static int has_avx512bf16(void) { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }

// Linux gives a process the tiles' registers when it asks for them (Documentation/arch/x86/xstate.rst).
static int has_amx(void) {
#if defined(__linux__)
  enum { ARCH_PRCTL = 158, REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return has_avx512bf16() && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
         syscall(ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return 0;
#endif
}
#endif
#if defined(__aarch64__)
extern const Kernels kernels_table_neon;
#endif
static int always(void) { return 1; }

// The fastest first.
static const struct {
  const char *name, *shown;
  const Kernels *table;
  int (*runs)(void);
  int multiplies_pairs_fast;
} sets[] = {
#if defined(__x86_64__)
    {"avx512bf16", "AVX-512 with BF16", &kernels_table_avx512bf16, has_avx512bf16, 1},
    {"avx512", "AVX-512", &kernels_table_avx512, has_avx512, 0},
    {"avx2", "AVX2", &kernels_table_avx2, has_avx2, 0},
#endif
#if defined(__aarch64__) && !defined(__APPLE__)  // there Accelerate has the matrix units, which NEON lacks
    {"neon", "NEON", &kernels_table_neon, always, 0},
#endif
    {"portable", "portable", &kernels_table_portable, always, 0},
    // Only by their names.
#if defined(__x86_64__)
    {"amx", "AVX-512 with AMX", &kernels_table_amx, has_amx, 1},  // not run on such a processor yet
#endif
#if defined(__aarch64__) && defined(__APPLE__)
    {"neon", "NEON", &kernels_table_neon, always, 0},
#endif
};
enum { COUNT = sizeof sets / sizeof *sets };

const Kernels *kernels_named(const char *name) {
  for (int i = 0; i < COUNT; i++)
    if (strcmp(name, sets[i].name) == 0) return sets[i].runs() ? sets[i].table : NULL;
  return NULL;
}

const Kernels *kernels_best(void) {
  const char *wanted = getenv("PROMPTFERRY_KERNELS");
  const Kernels *named = wanted ? kernels_named(wanted) : NULL;
  for (int i = 0; !named; i++)
    if (sets[i].runs()) named = sets[i].table;
  return named;
}

const char *kernels_name(const Kernels *kernels) {
  for (int i = 0; i < COUNT; i++)
    if (sets[i].table == kernels) return sets[i].shown;
  return "";
}

int kernels_multiply_pairs_fast(const Kernels *kernels) {
  for (int i = 0; i < COUNT; i++)
    if (sets[i].table == kernels) return sets[i].multiplies_pairs_fast;
  return 0;
}
