// Elementwise and short-vector kernels, in C so that AVX2 and AVX-512 can be chosen at run time without unsafe build flags.
// All matrices are row-major Float32; no pointer may be null unless a line says so; sizes may be zero. What becomes of a row
// depends on that row alone, to the last bit: not on how many others there are, nor on its place among them.
#ifndef PROMPTFERRY_KERNELS_H
#define PROMPTFERRY_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
  ACTIVATION_GELU = 0,
  ACTIVATION_GELU_TANH = 1,
  ACTIVATION_RELU = 2,
  ACTIVATION_SILU = 3,
  ACTIVATION_QUICK_GELU = 4,
} Activation;

// Which keys queries see, and how scores are made.
typedef struct {
  // Query heads, key and value heads (a divisor: neighbouring query heads share one), floats in a head.
  ptrdiff_t heads, key_heads, width;
  float scale;
  // Scores become cap tanh(score / cap); 0 where they stay as they are.
  float cap;
  // How many keys before and after its own place a query sees.
  ptrdiff_t before, after;
  // What is added to scores by the distance of the key from its query, -reach ... reach, beyond which the ends count:
  // (heads, 2 reach + 1); NULL for nothing.
  const float *bias;
  ptrdiff_t reach;
} AttentionForm;

// Products with frozen weights laid out as panels: `width` outputs side by side, input by input or pair by pair; outputs that
// the last panel lacks are zeros. Panels and their width are aligned to 64 bytes.
typedef struct {
  ptrdiff_t width;
  // How many inputs are added up at a time, at most: of n = ceil(inputs / depth) runs, run k starts at inputs * k / n. A product with
  // each run by itself, added to the one before, comes to the same bits.
  ptrdiff_t depth;
  // Floats of memory that the panels of a weight take.
  ptrdiff_t (*size)(ptrdiff_t outputs, ptrdiff_t inputs);
  // panels of weight[output * output_stride + input * input_stride]
  void (*pack)(const float *weight, ptrdiff_t output_stride, ptrdiff_t input_stride, ptrdiff_t outputs,
               ptrdiff_t inputs, float *panels);
  // The panels of the transposed weight, (inputs, outputs) become outputs and inputs.
  void (*transpose)(const float *panels, ptrdiff_t outputs, ptrdiff_t inputs, float *transposed);
  // y (rows, outputs) = x (rows, inputs) weight^T + bias, or added to y. bias may be null.
  void (*multiply)(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, const float *panels, ptrdiff_t outputs,
                   ptrdiff_t inputs, const float *bias, int accumulating, float *y, ptrdiff_t y_stride);
} PanelKernels;

typedef struct {
  // x (rows, cols) += bias (cols)
  void (*add_bias)(float *x, const float *bias, ptrdiff_t rows, ptrdiff_t cols);
  // x (rows, cols) += bias, kept for the backward; y = activation(x)
  void (*bias_activation_forward)(Activation kind, float *x, const float *bias, float *y, ptrdiff_t rows,
                                  ptrdiff_t cols);
  // dx = dy * activation'(x); dx may be dy
  void (*activation_backward)(Activation kind, const float *x, const float *dy, float *dx, ptrdiff_t rows,
                              ptrdiff_t cols);
  // s = x + bias + residual; normalized = (s - mean(s)) / sqrt(var(s) + eps); y = normalized * gamma + beta.
  // bias and residual may be null. rstd (rows) is 1 / sqrt(var + eps). y may be x.
  void (*layer_norm_forward)(const float *x, const float *bias, const float *residual, const float *gamma,
                             const float *beta, float eps, float *normalized, float *rstd, float *y,
                             ptrdiff_t rows, ptrdiff_t cols);
  // dx = d(loss)/d(s). dx may be dy.
  void (*layer_norm_backward)(const float *dy, const float *normalized, const float *rstd, const float *gamma,
                              float *dx, ptrdiff_t rows, ptrdiff_t cols);
  // normalized = x / sqrt(mean(x^2) + eps); y = normalized * gamma. rstd (rows) is 1 / sqrt(mean(x^2) + eps). y may be x.
  void (*rms_norm_forward)(const float *x, const float *gamma, float eps, float *normalized, float *rstd, float *y,
                           ptrdiff_t rows, ptrdiff_t cols);
  // dx may be dy.
  void (*rms_norm_backward)(const float *dy, const float *normalized, const float *rstd, const float *gamma, float *dx,
                            ptrdiff_t rows, ptrdiff_t cols);
  // Rotary positions, in place: of each head of x (rows, heads*width) the pair (a, b) at i and half + i, i < half, becomes
  // (a cos - b sin, b cos + a sin), with cosines and sines (rows, half). A sign of -1 instead of 1 is the backward.
  void (*rotate)(float *x, const float *cosines, const float *sines, float sign, ptrdiff_t rows, ptrdiff_t heads,
                 ptrdiff_t width, ptrdiff_t half);
  // sums (rows, 2*cols), gates in the left half: y (rows, cols) = activation(gate) * right half
  void (*gated_activation_forward)(Activation kind, const float *sums, float *y, ptrdiff_t rows, ptrdiff_t cols);
  // dsums (rows, 2*cols) from dy (rows, cols)
  void (*gated_activation_backward)(Activation kind, const float *sums, const float *dy, float *dsums, ptrdiff_t rows,
                                    ptrdiff_t cols);
  // x becomes cap tanh(x / cap)
  void (*soft_cap)(float *x, float cap, ptrdiff_t count);
  // dy becomes dx, with the y that the forward left
  void (*soft_cap_backward)(const float *y, float cap, float *dy, ptrdiff_t count);
  // One sequence, all heads. q (queries, heads*width) and k, v (keys, key_heads*width) with row strides in floats; the first
  // query stands at key `place`, the others after it. probs (heads, queries, keys) = softmax of the scores over the keys that
  // the query sees, 0 elsewhere; context (queries, heads*width) = probs v.
  void (*attention_forward)(AttentionForm form, const float *q, ptrdiff_t q_stride, ptrdiff_t queries,
                            ptrdiff_t place, const float *k, const float *v, ptrdiff_t kv_stride, ptrdiff_t keys,
                            float *probs, float *context, ptrdiff_t context_stride);
  // Overwrites dq, dk and dv. scratch holds `keys` floats.
  void (*attention_backward)(AttentionForm form, const float *dcontext, ptrdiff_t dcontext_stride, const float *q,
                             ptrdiff_t q_stride, ptrdiff_t queries, ptrdiff_t place, const float *k, const float *v,
                             ptrdiff_t kv_stride, ptrdiff_t keys, const float *probs, float *dq,
                             ptrdiff_t dq_stride, float *dk, float *dv, ptrdiff_t dkv_stride, float *scratch);
  // x (cols) becomes softmax(x); returns log(sum(exp(x)))
  float (*softmax)(float *x, ptrdiff_t cols);
  // y += a * x
  void (*axpy)(float a, const float *x, float *y, ptrdiff_t count);
  float (*dot)(const float *x, const float *y, ptrdiff_t count);
  // The same with the sum kept in double.
  double (*dot_double)(const float *x, const float *y, ptrdiff_t count);
  // Adds sum(x - shift) and sum((x - shift)^2) to the two sums, in double.
  void (*add_moments)(const float *x, ptrdiff_t count, double shift, double *sum, double *squares);
  // IEEE half precision and bfloat16 (upper half of a float) to float; `source` may be unaligned.
  void (*widen_float16)(const void *source, float *target, ptrdiff_t count);
  void (*widen_bfloat16)(const void *source, float *target, ptrdiff_t count);
  // Whole blocks of a quantised type (quants.h) to float; `source` may be unaligned. Other kinds leave `target` as it is.
  void (*expand_blocks)(int kind, const void *source, float *target, ptrdiff_t blocks);

  // Panels of Float32. A set without them has a width of 0 and null pointers: BLAS serves it.
  PanelKernels panels;
  // c (m, n) += A^T B over rows that are m and n floats long, added up in double; or in float, at twice the speed. Null
  // where there are no panels of Float32.
  void (*cross_product)(const float *a, ptrdiff_t a_stride, ptrdiff_t m, const float *b, ptrdiff_t b_stride,
                        ptrdiff_t n, ptrdiff_t rows, double *c);
  void (*approximate_cross_product)(const float *a, ptrdiff_t a_stride, ptrdiff_t m, const float *b,
                                    ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t rows, float *c);
  // Panels of BFloat16 in pairs of inputs, which every set has. Weights and x are rounded once, to nearest, ties to even,
  // and added up in Float32; all sets but AMX's come to the same bits, where sums are not too small for a normal number.
  PanelKernels pairs;
} Kernels;

// The fastest set that this processor runs: AVX-512 with or without BFloat16, else AVX2 with FMA and F16C; NEON on arm64, but
// portable with Accelerate on macOS; else portable.
// PROMPTFERRY_KERNELS in the environment asks for another by its name.
const Kernels *kernels_best(void);
// The set of that name: "avx512bf16", "avx512", "avx2", "neon", "portable" or "amx"; null where this processor does not run it.
const Kernels *kernels_named(const char *name);
// Whether the set multiplies BFloat16 by instructions for it.
int kernels_multiply_pairs_fast(const Kernels *kernels);
const char *kernels_name(const Kernels *kernels);

#endif
