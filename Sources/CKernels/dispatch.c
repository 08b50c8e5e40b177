#include <stdlib.h>
#include <string.h>

#include "kernels.h"

extern const Kernels kernels_table_portable;
#if defined(__x86_64__)
extern const Kernels kernels_table_avx2;
#endif

const Kernels *kernels_portable(void) { return &kernels_table_portable; }

const Kernels *kernels_best(void) {
#if defined(__x86_64__)
  const char *wanted = getenv("PROMPTFERRY_KERNELS");
  int portable = wanted && strcmp(wanted, "portable") == 0;
  if (!portable && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kernels_table_avx2;
#endif
  return &kernels_table_portable;
}

const char *kernels_name(const Kernels *kernels) {
#if defined(__x86_64__)
  if (kernels == &kernels_table_avx2) return "AVX2";
#endif
  return "portable";
}
