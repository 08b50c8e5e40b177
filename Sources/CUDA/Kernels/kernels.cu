// Everything that a device does besides products with weights. NVRTC compiles this where a device is; tests compile it for the host
// (Tests/CUDAEmulation), so that what runs there is what runs here.
//
// Matrices are row-major. `real` is what operands of products are in: Float32, or BFloat16 where BFLOAT16 is defined, Float16 where FLOAT16
// is; norms, softmaxes and whatever is added up are Float32. What becomes of a row depends on that row alone, to the last bit. No kernel adds to memory
// atomically. Threads of a warp stay together: each passes every shuffle and every barrier.

#if defined(BFLOAT16) || defined(FLOAT16)
#define IS_NARROW
struct real {
  unsigned short bits;
};
#endif
#ifdef FLOAT16
#ifdef __CUDACC_RTC__
__device__ inline float float_of_half(unsigned short bits) {
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
  return x;
}
// To nearest, ties to even; infinite beyond 65504.
__device__ inline unsigned short half_of_float(float x) {
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
}
#endif
__device__ inline float wide(real x) { return float_of_half(x.bits); }
__device__ inline real narrow(float x) {
  real y;
  y.bits = half_of_float(x);
  return y;
}
#elif defined(BFLOAT16)
__device__ inline float wide(real x) { return __uint_as_float((unsigned)x.bits << 16); }
// To nearest, ties to even; what is not a number stays so.
__device__ inline real narrow(float x) {
  unsigned bits = __float_as_uint(x);
  real y;
  y.bits = (bits & 0x7fffffffu) > 0x7f800000u ? (unsigned short)(bits >> 16 | 0x40u)
                                              : (unsigned short)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
  return y;
}
#else
typedef float real;
__device__ inline float narrow(float x) { return x; }
#endif
__device__ inline float wide(float x) { return x; }
__device__ inline void put(float *to, float x) { *to = x; }
#ifdef IS_NARROW
__device__ inline void put(real *to, float x) { *to = narrow(x); }
#endif

#ifndef KERNEL
#define KERNEL extern "C" __global__
#endif
#define INFINITE __uint_as_float(0x7f800000u)
#define WARPS 4
#define LANE ((int)threadIdx.x & 31)
// Which warp of all.
#define WARP ((long long)blockIdx.x * WARPS + ((int)threadIdx.x >> 5))
// Which thread of all.
#define THREAD ((long long)blockIdx.x * blockDim.x + threadIdx.x)

__device__ inline float sum_of_warp(float x) {
  for (int distance = 16; distance > 0; distance >>= 1) x += __shfl_xor_sync(0xffffffffu, x, distance);
  return x;
}
__device__ inline float largest_of_warp(float x) {
  for (int distance = 16; distance > 0; distance >>= 1)
    x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, distance));
  return x;
}

// Of a block of WIDE threads; `shared` holds a number for each warp.
#define WIDE 256
__device__ inline float sum_of_block(float x, float *shared) {
  x = sum_of_warp(x);
  __syncthreads();
  if (LANE == 0) shared[threadIdx.x >> 5] = x;
  __syncthreads();
  float sum = 0;
  for (int warp = 0; warp < WIDE / 32; warp++) sum += shared[warp];
  return sum;
}
__device__ inline float largest_of_block(float x, float *shared) {
  x = largest_of_warp(x);
  __syncthreads();
  if (LANE == 0) shared[threadIdx.x >> 5] = x;
  __syncthreads();
  float largest = shared[0];
  for (int warp = 1; warp < WIDE / 32; warp++) largest = fmaxf(largest, shared[warp]);
  return largest;
}

// ---- Embeddings

// Row i of `out` (rows, width) is `scale` times the row of the table that `elements` names, or of the prompt (-1 - row), plus that of its
// position and the token type, where there are these.
KERNEL void embed(const real *table, const float *prompt, const int *elements, float scale,
                                 const float *positions, const int *places, const float *type, float *out, int rows,
                                 int width) {
  long long i = THREAD;
  if (i >= (long long)rows * width) return;
  int row = (int)(i / width), column = (int)(i % width), element = elements[row];
  float x = element < 0 ? prompt[(long long)(-1 - element) * width + column]
                        : wide(table[(long long)element * width + column]);
  x *= scale;
  if (positions) x += positions[(long long)places[row] * width + column];
  if (type) x += type[column];
  out[i] = x;
}

// ---- Rows

template <class In, class Out>
__device__ inline void gather(const In *x, int x_stride, const int *rows, Out *y, int y_stride, int count, int width) {
  long long i = THREAD;
  if (i >= (long long)count * width) return;
  int row = (int)(i / width), column = (int)(i % width);
  put(y + (long long)row * y_stride + column, wide(x[(long long)(rows ? rows[row] : row) * x_stride + column]));
}

// y (count, width) are those rows of x; all of them where `rows` is null.
KERNEL void gather_floats(const float *x, int x_stride, const int *rows, float *y, int y_stride, int count,
                                         int width) {
  gather(x, x_stride, rows, y, y_stride, count, width);
}
KERNEL void gather_reals(const real *x, int x_stride, const int *rows, real *y, int y_stride, int count,
                                        int width) {
  gather(x, x_stride, rows, y, y_stride, count, width);
}
KERNEL void gather_as_reals(const float *x, int x_stride, const int *rows, real *y, int y_stride, int count,
                                           int width) {
  gather(x, x_stride, rows, y, y_stride, count, width);
}
// What was stored in 32 bits, as weights come.
KERNEL void round_floats(const float *x, real *y, long long count) {
  long long i = THREAD;
  if (i < count) y[i] = narrow(x[i]);
}

// Row r of y (rows, width) is `scale` times the sum of the rows sources[starts[r]] ... of x, or that is added to it.
template <class In, class Out>
__device__ inline void sum_rows(const In *x, int x_stride, const int *starts, const int *sources, float scale, int adds,
                                Out *y, int rows, int width) {
  long long i = THREAD;
  if (i >= (long long)rows * width) return;
  int row = (int)(i / width), column = (int)(i % width);
  float sum = 0;
  for (int place = starts[row]; place < starts[row + 1]; place++)
    sum += wide(x[(long long)sources[place] * x_stride + column]);
  sum *= scale;
  if (adds) sum += wide(y[i]);
  put(y + i, sum);
}
KERNEL void sum_float_rows(const float *x, int x_stride, const int *starts, const int *sources, float scale,
                                          int adds, float *y, int rows, int width) {
  sum_rows(x, x_stride, starts, sources, scale, adds, y, rows, width);
}
KERNEL void sum_real_rows(const real *x, int x_stride, const int *starts, const int *sources, float scale,
                                         int adds, real *y, int rows, int width) {
  sum_rows(x, x_stride, starts, sources, scale, adds, y, rows, width);
}

// x += y
KERNEL void add_floats(float *x, const float *y, long long count) {
  long long i = THREAD;
  if (i < count) x[i] += y[i];
}
KERNEL void scale_floats(float *x, float scale, long long count) {
  long long i = THREAD;
  if (i < count) x[i] *= scale;
}

// ---- Norms. A row of x is several parts of `width` numbers, normalised one by one.

// LayerNorm, or with is_rms the root mean square, whose mean is left at 0. y = add + gamma * normalized + beta, to `y` and `operand`,
// those that are not null; beta and add may be null. A warp a part.
template <class In>
__device__ inline void norm_forward(const In *x, int x_stride, int parts, const float *gamma, const float *beta,
                                    float epsilon, int is_rms, const float *add, float *y, real *operand, int y_stride,
                                    float *means, float *inverses, int rows, int width) {
  long long part = WARP;
  if (part >= (long long)rows * parts) return;
  long long row = part / parts;
  int first = (int)(part % parts) * width;
  x += row * x_stride + first;
  long long to = row * y_stride + first;
  float mean = 0;
  if (!is_rms) {
    for (int i = LANE; i < width; i += 32) mean += wide(x[i]);
    mean = sum_of_warp(mean) / width;
  }
  float squares = 0;
  for (int i = LANE; i < width; i += 32) squares += (wide(x[i]) - mean) * (wide(x[i]) - mean);
  float inverse = 1.0f / sqrtf(sum_of_warp(squares) / width + epsilon);
  for (int i = LANE; i < width; i += 32) {
    float value = gamma[i] * ((wide(x[i]) - mean) * inverse);
    if (beta) value += beta[i];
    if (add) value += add[to + i];
    if (y) y[to + i] = value;
    if (operand) operand[to + i] = narrow(value);
  }
  if (LANE == 0) {
    means[part] = mean;
    inverses[part] = inverse;
  }
}
KERNEL void norm_floats(const float *x, int x_stride, int parts, const float *gamma, const float *beta,
                                       float epsilon, int is_rms, const float *add, float *y, real *operand, int y_stride,
                                       float *means, float *inverses, int rows, int width) {
  norm_forward(x, x_stride, parts, gamma, beta, epsilon, is_rms, add, y, operand, y_stride, means, inverses, rows, width);
}
KERNEL void norm_reals(const real *x, int x_stride, int parts, const float *gamma, const float *beta,
                                      float epsilon, int is_rms, const float *add, float *y, real *operand, int y_stride,
                                      float *means, float *inverses, int rows, int width) {
  norm_forward(x, x_stride, parts, gamma, beta, epsilon, is_rms, add, y, operand, y_stride, means, inverses, rows, width);
}

// dx = add + the gradient of the norm's input, from that of its output; dx may be dy or add. `chosen` names for each row of dy its row of
// x; the same where it is null.
template <class In, class Out>
__device__ inline void norm_backward(const Out *dy, int dy_stride, const int *chosen, const In *x, int x_stride, int parts,
                                     const float *gamma, int is_rms, const float *means, const float *inverses,
                                     const float *add, Out *dx, real *operand, int rows, int width) {
  long long part = WARP;
  if (part >= (long long)rows * parts) return;
  long long row = part / parts, place = part % parts, from = chosen ? chosen[row] : row;
  x += from * x_stride + place * width;
  long long at = row * dy_stride + place * width;
  float mean = means[from * parts + place], inverse = inverses[from * parts + place];
  float sum = 0, along = 0;
  for (int i = LANE; i < width; i += 32) {
    float scaled = wide(dy[at + i]) * gamma[i];
    sum += scaled;
    along += scaled * ((wide(x[i]) - mean) * inverse);
  }
  sum = is_rms ? 0 : sum_of_warp(sum) / width;
  along = sum_of_warp(along) / width;
  for (int i = LANE; i < width; i += 32) {
    float scaled = wide(dy[at + i]) * gamma[i];
    float value = inverse * (scaled - sum - (wide(x[i]) - mean) * inverse * along);
    if (add) value += add[at + i];
    if (dx) put(dx + at + i, value);
    if (operand) operand[at + i] = narrow(value);
  }
}
KERNEL void norm_floats_backward(const float *dy, int dy_stride, const int *chosen, const float *x,
                                                int x_stride, int parts, const float *gamma, int is_rms, const float *means,
                                                const float *inverses, const float *add, float *dx, real *operand, int rows,
                                                int width) {
  norm_backward(dy, dy_stride, chosen, x, x_stride, parts, gamma, is_rms, means, inverses, add, dx, operand, rows, width);
}
KERNEL void norm_reals_backward(const real *dy, int dy_stride, const int *chosen, const real *x, int x_stride,
                                               int parts, const float *gamma, int is_rms, const float *means,
                                               const float *inverses, const float *add, real *dx, real *operand, int rows,
                                               int width) {
  norm_backward(dy, dy_stride, chosen, x, x_stride, parts, gamma, is_rms, means, inverses, add, dx, operand, rows, width);
}

// ---- Activations, by the numbers that CKernels gives them

__device__ inline float tanh_inside(float x) { return 0.7978845608028654f * (x + 0.044715f * x * x * x); }
__device__ inline float activation(int kind, float x) {
  switch (kind) {
    case 0: return 0.5f * x * (1.0f + erff(x * 0.7071067811865476f));
    case 1: return 0.5f * x * (1.0f + tanhf(tanh_inside(x)));
    case 2: return x > 0 ? x : 0;
    case 3: return x / (1.0f + expf(-x));
    default: return x / (1.0f + expf(-1.702f * x));
  }
}
__device__ inline float slope(int kind, float x) {
  switch (kind) {
    case 0:
      return 0.5f * (1.0f + erff(x * 0.7071067811865476f)) + x * 0.3989422804014327f * expf(-0.5f * x * x);
    case 1: {
      float t = tanhf(tanh_inside(x));
      return 0.5f * (1.0f + t) +
             0.5f * x * (1.0f - t * t) * 0.7978845608028654f * (1.0f + 3 * 0.044715f * x * x);
    }
    case 2: return x > 0 ? 1 : 0;
    default: {
      float factor = kind == 3 ? 1.0f : 1.702f, s = 1.0f / (1.0f + expf(-factor * x));
      return s + factor * x * s * (1.0f - s);
    }
  }
}

// y (rows, width) = f(sums), or f(gates) * the right half of sums (rows, 2 width).
KERNEL void activate(int kind, int is_gated, const real *sums, real *y, int rows, int width) {
  long long i = THREAD;
  if (i >= (long long)rows * width) return;
  if (!is_gated) {
    y[i] = narrow(activation(kind, wide(sums[i])));
    return;
  }
  const real *gate = sums + i / width * 2 * width + i % width;
  y[i] = narrow(activation(kind, wide(gate[0])) * wide(gate[width]));
}
// dsums has the shape of the sums, and is dy where there are no gates; `chosen` as in norm_backward.
KERNEL void activate_backward(int kind, int is_gated, const int *chosen, const real *sums, const real *dy,
                                             real *dsums, int rows, int width) {
  long long i = THREAD;
  if (i >= (long long)rows * width) return;
  long long row = i / width, column = i % width, from = chosen ? chosen[row] : row;
  float d = wide(dy[i]);
  if (!is_gated) {
    dsums[i] = narrow(d * slope(kind, wide(sums[from * width + column])));
    return;
  }
  const real *gate = sums + from * 2 * width + column;
  real *dgate = dsums + row * 2 * width + column;
  float x = wide(gate[0]);
  dgate[0] = narrow(d * wide(gate[width]) * slope(kind, x));
  dgate[width] = narrow(d * activation(kind, x));
}
KERNEL void activate_floats(int kind, const float *x, float *y, long long count) {
  long long i = THREAD;
  if (i < count) y[i] = activation(kind, x[i]);
}
KERNEL void activate_floats_backward(int kind, const float *x, float *dy, long long count) {
  long long i = THREAD;
  if (i < count) dy[i] *= slope(kind, x[i]);
}

// ---- Rotary positions, in place: sign -1 is the backward. `places` names for each row its row of cosines and sines, (places, half).
KERNEL void rotate(real *x, int stride, const int *places, const float *cosines, const float *sines,
                                  float sign, int rows, int heads, int width, int half) {
  long long i = THREAD;
  if (i >= (long long)rows * heads * half) return;
  int pair = (int)(i % half), head = (int)(i / half % heads), row = (int)(i / half / heads);
  real *own = x + (long long)row * stride + (long long)head * width + pair;
  long long place = (long long)places[row] * half + pair;
  float a = wide(own[0]), b = wide(own[half]), c = cosines[place], s = sign * sines[place];
  own[0] = narrow(a * c - b * s);
  own[half] = narrow(b * c + a * s);
}

// ---- Attention, span by span. Of each span: the first row and how many there are of queries, then of keys, the place of the first query
// among the keys, and where its probabilities, (heads, queries, keys), begin.

struct Span {
  int query, queries, key, keys, place, pairs;
};
__device__ inline int first_key(int place, int before) { return place > before ? place - before : 0; }
__device__ inline int end_key(int place, int after, int keys) {
  return after < keys - place - 1 ? place + after + 1 : keys;
}
// What the distance of a key from its query adds to a score, (heads, 2 reach + 1).
__device__ inline float bias_of(const float *bias, int reach, int head, int distance) {
  int near = distance < -reach ? -reach : distance > reach ? reach : distance;
  return bias[(long long)head * (2 * reach + 1) + near + reach];
}
// Four keys at a time, eight lanes each: the product of a query, or a gradient, with key j + lane / 8.
__device__ inline float product_of_eight(const real *x, const real *row, bool is_there, int width) {
  float sum = 0;
  if (is_there)
    for (int i = LANE & 7; i < width; i += 8) sum += wide(x[i]) * wide(row[i]);
  for (int distance = 4; distance > 0; distance >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, distance);
  return sum;
}

// A warp for each query row and head. spans_of names the span of each query row.
KERNEL void attend(const Span *spans, const int *spans_of, const real *q, int q_stride, const real *k,
                                  int k_stride, const real *v, int v_stride, int heads, int key_heads, int width, float scale, float cap,
                                  int before, int after, const float *bias, int reach, float *probabilities, real *context,
                                  int rows) {
  long long warp = WARP;
  if (warp >= (long long)rows * heads) return;
  int row = (int)(warp / heads), head = (int)(warp % heads), shared = head / (heads / key_heads);
  Span span = spans[spans_of[row]];
  int place = span.place + row - span.query;
  int first = first_key(place, before), end = end_key(place, after, span.keys);
  const real *query = q + (long long)row * q_stride + (long long)head * width;
  const real *keys = k + (long long)span.key * k_stride + (long long)shared * width;
  const real *values = v + (long long)span.key * v_stride + (long long)shared * width;
  float *p = probabilities + (long long)heads * span.pairs + ((long long)head * span.queries + row - span.query) * span.keys;
  for (int j = first; j < end; j += 4) {
    int key = j + LANE / 8;
    float score = scale * product_of_eight(query, keys + (long long)key * k_stride, key < end, width);
    if (cap > 0) score = cap * tanhf(score / cap);
    if (bias) score += bias_of(bias, reach, head, key - place);
    if ((LANE & 7) == 0 && key < end) p[key] = score;
  }
  __syncwarp();
  float largest = -INFINITE, sum = 0;
  for (int j = first + LANE; j < end; j += 32) largest = fmaxf(largest, p[j]);
  largest = largest_of_warp(largest);
  for (int j = first + LANE; j < end; j += 32) {
    p[j] = expf(p[j] - largest);
    sum += p[j];
  }
  __syncwarp();
  float inverse = 1.0f / sum_of_warp(sum);
  for (int j = LANE; j < span.keys; j += 32) p[j] = j < first || j >= end ? 0 : p[j] * inverse;
  __syncwarp();
  real *out = context + ((long long)row * heads + head) * width;
  for (int i = LANE; i < width; i += 32) {
    float x = 0;
    for (int j = first; j < end; j++) x += p[j] * wide(values[(long long)j * v_stride + i]);
    out[i] = narrow(x);
  }
}

// The gradient of the queries, and of the scores before their scale, in the shape of the probabilities.
KERNEL void attend_backward_queries(const Span *spans, const int *spans_of, const real *q, int q_stride,
                                                   const real *k, int k_stride, const real *v, int v_stride, int heads, int key_heads,
                                                   int width, float scale, float cap, int before, int after,
                                                   const float *probabilities, const real *dcontext, float *dscores,
                                                   real *dq, int dq_stride, int rows) {
  long long warp = WARP;
  if (warp >= (long long)rows * heads) return;
  int row = (int)(warp / heads), head = (int)(warp % heads), shared = head / (heads / key_heads);
  Span span = spans[spans_of[row]];
  int place = span.place + row - span.query;
  int first = first_key(place, before), end = end_key(place, after, span.keys);
  const real *query = q + (long long)row * q_stride + (long long)head * width;
  const real *dc = dcontext + ((long long)row * heads + head) * width;
  const real *keys = k + (long long)span.key * k_stride + (long long)shared * width;
  const real *values = v + (long long)span.key * v_stride + (long long)shared * width;
  long long at = (long long)heads * span.pairs + ((long long)head * span.queries + row - span.query) * span.keys;
  const float *p = probabilities + at;
  float *ds = dscores + at, along = 0;
  for (int j = first; j < end; j += 4) {
    int key = j + LANE / 8;
    float d = product_of_eight(dc, values + (long long)key * v_stride, key < end, width);
    if ((LANE & 7) == 0 && key < end) {
      ds[key] = d;
      along += p[key] * d;
    }
  }
  along = sum_of_warp(along);
  __syncwarp();
  for (int j = first; j < end; j += 4) {
    int key = j + LANE / 8;
    float slope = 1;
    if (cap > 0) {
      float t = tanhf(scale * product_of_eight(query, keys + (long long)key * k_stride, key < end, width) / cap);
      slope = 1 - t * t;
    }
    if ((LANE & 7) == 0 && key < end) ds[key] = scale * p[key] * (ds[key] - along) * slope;
  }
  __syncwarp();
  real *out = dq + (long long)row * dq_stride + (long long)head * width;
  for (int i = LANE; i < width; i += 32) {
    float x = 0;
    for (int j = first; j < end; j++) x += ds[j] * wide(keys[(long long)j * k_stride + i]);
    out[i] = narrow(x);
  }
}

// The gradients of keys and values: a warp for each key row and head of the keys. spans_of names the span of each key row.
KERNEL void attend_backward_keys(const Span *spans, const int *spans_of, const real *q, int q_stride,
                                                int heads, int key_heads, int width, int before, int after,
                                                const float *probabilities, const float *dscores, const real *dcontext,
                                                real *dk, real *dv, int dkv_stride, int rows) {
  long long warp = WARP;
  if (warp >= (long long)rows * key_heads) return;
  int row = (int)(warp / key_heads), shared = (int)(warp % key_heads), group = heads / key_heads;
  Span span = spans[spans_of[row]];
  int key = row - span.key;
  long long to = (long long)row * dkv_stride + (long long)shared * width;
  for (int i = LANE; i < width; i += 32) {
    float sum_k = 0, sum_v = 0;
    for (int head = shared * group; head < (shared + 1) * group; head++)
      for (int query = 0; query < span.queries; query++) {
        int place = span.place + query;
        if (key < first_key(place, before) || key >= end_key(place, after, span.keys)) continue;
        long long at = (long long)heads * span.pairs + ((long long)head * span.queries + query) * span.keys + key;
        long long of = span.query + query;
        sum_k += dscores[at] * wide(q[of * q_stride + (long long)head * width + i]);
        sum_v += probabilities[at] * wide(dcontext[(of * heads + head) * width + i]);
      }
    dk[to + i] = narrow(sum_k);
    dv[to + i] = narrow(sum_v);
  }
}

// ---- Losses: a block of WIDE threads for each row of logits, (rows, count), capped already where cap > 0.

KERNEL void soft_cap(float *x, float cap, long long count) {
  long long i = THREAD;
  if (i < count) x[i] = cap * tanhf(x[i] / cap);
}
__device__ inline float slope_of_cap(float y, float cap) { return cap > 0 ? 1 - (y / cap) * (y / cap) : 1; }

// The logarithm of the sum of exp(x / temperature).
__device__ inline float log_sum(const float *x, int count, float temperature, float *shared) {
  float largest = -INFINITE, sum = 0;
  for (int i = threadIdx.x; i < count; i += WIDE) largest = fmaxf(largest, x[i] / temperature);
  largest = largest_of_block(largest, shared);
  for (int i = threadIdx.x; i < count; i += WIDE) sum += expf(x[i] / temperature - largest);
  return largest + logf(sum_of_block(sum, shared));
}

// The cross-entropy of each row's label, and the gradient of `scales` times it.
KERNEL void cross_entropy(const float *logits, const int *labels, const float *scales, float cap,
                                         float *losses, real *dlogits, int count) {
  __shared__ float shared[WIDE / 32];
  const float *x = logits + (long long)blockIdx.x * count;
  real *d = dlogits + (long long)blockIdx.x * count;
  float sum = log_sum(x, count, 1, shared), scale = scales[blockIdx.x];
  int label = labels[blockIdx.x];
  for (int i = threadIdx.x; i < count; i += WIDE)
    d[i] = narrow(scale * (expf(x[i] - sum) - (i == label ? 1.0f : 0.0f)) * slope_of_cap(x[i], cap));
  if (threadIdx.x == 0) losses[blockIdx.x] = sum - x[label];
}

// KL(q | softmax(logits / temperature)) of each row, and the gradient of its scale times it.
KERNEL void divergence(const float *logits, const float *targets, float temperature, const float *scales, float cap,
                                      float *losses, real *dlogits, int count) {
  __shared__ float shared[WIDE / 32];
  const float *x = logits + (long long)blockIdx.x * count, *q = targets + (long long)blockIdx.x * count;
  real *d = dlogits + (long long)blockIdx.x * count;
  float sum = log_sum(x, count, temperature, shared), scale = scales[blockIdx.x], loss = 0;
  for (int i = threadIdx.x; i < count; i += WIDE) {
    float z = x[i] / temperature - sum;
    if (q[i] > 0) loss += q[i] * (logf(q[i]) - z);
    d[i] = narrow(scale * (expf(z) - q[i]) / temperature * slope_of_cap(x[i], cap));
  }
  loss = sum_of_block(loss, shared);
  if (threadIdx.x == 0) losses[blockIdx.x] = loss;
}

// Of each row the first of its largest numbers, the place of its label from 1, and the logarithm of the label's probability: (rows, 3).
// Counts are exact up to 2^24. What is no number makes the last one none.
KERNEL void rank_rows(const float *logits, const int *labels, float *y, int count) {
  __shared__ float shared[WIDE / 32];
  const float *x = logits + (long long)blockIdx.x * count;
  int label = labels[blockIdx.x];
  float sum = log_sum(x, count, 1, shared), own = x[label], largest = -INFINITE, before = 0, broken = 0;
  for (int i = threadIdx.x; i < count; i += WIDE) {
    largest = fmaxf(largest, x[i]);
    before += x[i] > own || (x[i] == own && i < label) ? 1.0f : 0.0f;
    broken += x[i] - x[i] == 0 ? 0.0f : 1.0f;
  }
  largest = largest_of_block(largest, shared);
  before = sum_of_block(before, shared);
  broken = sum_of_block(broken, shared);
  float first = -(float)count;
  for (int i = threadIdx.x; i < count; i += WIDE)
    if (x[i] == largest) first = fmaxf(first, -(float)i);
  first = -largest_of_block(first, shared);
  if (threadIdx.x == 0) {
    y[blockIdx.x * 3LL] = first < count ? first : 0;
    y[blockIdx.x * 3LL + 1] = before + 1;
    y[blockIdx.x * 3LL + 2] = broken > 0 ? __uint_as_float(0x7fc00000u) : own - sum;
  }
}

// The logarithm of each row's sum of exponentials, and of some tokens' probabilities.
KERNEL void log_sums(const float *logits, float *sums, int count) {
  __shared__ float shared[WIDE / 32];
  float sum = log_sum(logits + (long long)blockIdx.x * count, count, 1, shared);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
KERNEL void log_probabilities(const float *logits, const float *sums, const int *rows, const int *tokens,
                                             float *y, int asked, int count) {
  long long i = THREAD;
  if (i < asked) y[i] = logits[(long long)rows[i] * count + tokens[i]] - sums[rows[i]];
}
