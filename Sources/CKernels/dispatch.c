#include <stdlib.h>
#include <string.h>

#include "kernels.h"

extern const Kernels kernels_table_portable;
#if defined(__x86_64__)
extern const Kernels kernels_table_avx2, kernels_table_avx512;

static int has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
#endif

const Kernels *kernels_named(const char *name) {
#if defined(__x86_64__)
  if (strcmp(name, "avx512") == 0) return has_avx512() ? &kernels_table_avx512 : NULL;
  if (strcmp(name, "avx2") == 0) return has_avx2() ? &kernels_table_avx2 : NULL;
#endif
  return strcmp(name, "portable") == 0 ? &kernels_table_portable : NULL;
}

const Kernels *kernels_best(void) {
  const char *wanted = getenv("PROMPTFERRY_KERNELS");
  const Kernels *named = wanted ? kernels_named(wanted) : NULL;
  if (named) return named;
  if ((named = kernels_named("avx512"))) return named;
  if ((named = kernels_named("avx2"))) return named;
  return &kernels_table_portable;
}

const char *kernels_name(const Kernels *kernels) {
#if defined(__x86_64__)
  if (kernels == &kernels_table_avx512) return "AVX-512";
  if (kernels == &kernels_table_avx2) return "AVX2";
#endif
  return "portable";
}
