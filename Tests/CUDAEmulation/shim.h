// CUDA's words for a host compiler.
#ifndef SHIM_H
#define SHIM_H

#include <math.h>
#include <string.h>

struct Place {
  unsigned x;
};
extern thread_local Place threadIdx, blockIdx, blockDim;

#define KERNEL static
#define __device__
#define __shared__ static thread_local

// A fiber waits until the others of its warp, or its block, have come there too.
void __syncwarp();
void __syncthreads();
// What this fiber and another of its warp have at hand, exchanged.
float __shfl_xor_sync(unsigned mask, float value, int distance);

static inline float __uint_as_float(unsigned bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}
static inline unsigned __float_as_uint(float x) {
  unsigned bits;
  memcpy(&bits, &x, 4);
  return bits;
}

static inline float float_of_half(unsigned short bits) {
  _Float16 x;
  memcpy(&x, &bits, 2);
  return (float)x;
}
static inline unsigned short half_of_float(float x) {
  _Float16 half = (_Float16)x;
  unsigned short bits;
  memcpy(&bits, &half, 2);
  return bits;
}

// A kernel that takes its arguments from pointers, as the driver does.
struct Entry {
  const char *name;
  void (*run)(void **arguments);
};
template <int... places>
struct Places {};
template <int count, int... places>
struct Counted : Counted<count - 1, count - 1, places...> {};
template <int... places>
struct Counted<0, places...> {
  using Type = Places<places...>;
};
template <auto kernel>
struct Taking;
template <class... Arguments, void (*kernel)(Arguments...)>
struct Taking<kernel> {
  template <int... places>
  static void call(void **arguments, Places<places...>) {
    kernel(*static_cast<Arguments *>(arguments[places])...);
  }
  static void run(void **arguments) { call(arguments, typename Counted<sizeof...(Arguments)>::Type()); }
};
#define ENTRY(name) {#name, Taking<name>::run}
#define ENTRIES                                                                                                        \
  {                                                                                                                    \
    ENTRY(embed), ENTRY(gather_floats), ENTRY(gather_reals), ENTRY(gather_as_reals), ENTRY(round_floats),              \
        ENTRY(sum_float_rows), ENTRY(sum_real_rows), ENTRY(add_floats), ENTRY(scale_floats), ENTRY(norm_floats),       \
        ENTRY(norm_reals), ENTRY(norm_floats_backward), ENTRY(norm_reals_backward), ENTRY(activate),                   \
        ENTRY(activate_backward), ENTRY(activate_floats), ENTRY(activate_floats_backward), ENTRY(rotate),              \
        ENTRY(attend), ENTRY(attend_backward_queries), ENTRY(attend_backward_keys), ENTRY(soft_cap),                   \
        ENTRY(cross_entropy), ENTRY(divergence), ENTRY(log_sums), ENTRY(log_probabilities), ENTRY(rank_rows), { 0, 0 }                   \
  }

extern const Entry entries_of_floats[], entries_of_bfloat16[], entries_of_float16[];

#endif
