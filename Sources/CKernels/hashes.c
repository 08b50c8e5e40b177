#include <stdint.h>
#include <string.h>

#include "hashes.h"

#define UNROLL _Pragma("clang loop unroll(full)")

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate_left(uint32_t x, int n) { return x << n | x >> (32 - n); }
static inline uint32_t rotate_right(uint32_t x, int n) { return x >> n | x << (32 - n); }
static inline uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// The message schedule w is kept sixteen words at a time: w[t] takes the place of w[t - 16].
static void sha256_portable(uint32_t state[8], const uint8_t *data, ptrdiff_t blocks) {
  for (; blocks > 0; blocks--, data += 64) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    uint32_t w[16];
    UNROLL for (int t = 0; t < 64; t++) {
      if (t < 16) {
        w[t] = big_endian(data + 4 * t);
      } else {
        uint32_t x = w[(t - 15) % 16], y = w[(t - 2) % 16];
        w[t % 16] += (rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3) + w[(t - 7) % 16] +
                     (rotate_right(y, 17) ^ rotate_right(y, 19) ^ y >> 10);
      }
      uint32_t first = h + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) + (g ^ (e & (f ^ g))) +
                       constants[t] + w[t % 16];
      uint32_t second = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) + ((a & b) | (c & (a | b)));
      h = g, g = f, f = e, e = d + first;
      d = c, c = b, b = a, a = first + second;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

static void sha1_portable(uint32_t state[5], const uint8_t *data, ptrdiff_t blocks) {
  for (; blocks > 0; blocks--, data += 64) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    uint32_t w[16];
    UNROLL for (int t = 0; t < 80; t++) {
      if (t < 16)
        w[t] = big_endian(data + 4 * t);
      else
        w[t % 16] = rotate_left(w[(t - 3) % 16] ^ w[(t - 8) % 16] ^ w[(t - 14) % 16] ^ w[t % 16], 1);
      uint32_t mixed = t < 20   ? (d ^ (b & (c ^ d))) + 0x5a827999
                       : t < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                       : t < 60 ? ((b & c) | (d & (b | c))) + 0x8f1bbcdc
                                : (b ^ c ^ d) + 0xca62c1d6;
      uint32_t next = rotate_left(a, 5) + mixed + e + w[t % 16];
      e = d, d = c, c = rotate_left(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
  }
}

static const Hashes portable = {.sha256 = sha256_portable, .sha1 = sha1_portable};

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

// The instructions do two rounds at a time, on the state laid out as (a, b, e, f) and (c, d, g, h), highest word first.
__attribute__((target("sha,sse4.1"))) static void sha256_sha(uint32_t state[8], const uint8_t *data,
                                                             ptrdiff_t blocks) {
  const __m128i big_endian_words = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  __m128i dcba = _mm_loadu_si128((const __m128i *)state), hgfe = _mm_loadu_si128((const __m128i *)(state + 4));
  __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
  for (; blocks > 0; blocks--, data += 64) {
    __m128i old_abef = abef, old_cdgh = cdgh, w[4];
    UNROLL for (int t = 0; t < 16; t++) {  // four rounds each
      __m128i *words = w + t % 4;
      if (t < 4) {
        *words = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * t)), big_endian_words);
      } else {
        __m128i before = w[(t - 1) % 4];
        *words = _mm_add_epi32(_mm_sha256msg1_epu32(*words, w[(t - 3) % 4]),
                               _mm_alignr_epi8(before, w[(t - 2) % 4], 4));
        *words = _mm_sha256msg2_epu32(*words, before);
      }
      __m128i sum = _mm_add_epi32(*words, _mm_loadu_si128((const __m128i *)(constants + 4 * t)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
    }
    abef = _mm_add_epi32(abef, old_abef);
    cdgh = _mm_add_epi32(cdgh, old_cdgh);
  }
  __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static const Hashes sha = {.sha256 = sha256_sha, .sha1 = sha1_portable};

// __builtin_cpu_supports does not know "sha" everywhere.
static const Hashes *sha_or_null(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return NULL;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) ? &sha : NULL;
}
#elif defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

__attribute__((target("sha2"))) static void sha256_sha(uint32_t state[8], const uint8_t *data, ptrdiff_t blocks) {
  uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
  for (; blocks > 0; blocks--, data += 64) {
    uint32x4_t old_abcd = abcd, old_efgh = efgh, w[4];
    UNROLL for (int t = 0; t < 16; t++) {  // four rounds each
      uint32x4_t *words = w + t % 4;
      if (t < 4)
        *words = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * t)));
      else
        *words = vsha256su1q_u32(vsha256su0q_u32(*words, w[(t - 3) % 4]), w[(t - 2) % 4], w[(t - 1) % 4]);
      uint32x4_t sum = vaddq_u32(*words, vld1q_u32(constants + 4 * t)), before = abcd;
      abcd = vsha256hq_u32(abcd, efgh, sum);
      efgh = vsha256h2q_u32(efgh, before, sum);
    }
    abcd = vaddq_u32(abcd, old_abcd);
    efgh = vaddq_u32(efgh, old_efgh);
  }
  vst1q_u32(state, abcd);
  vst1q_u32(state + 4, efgh);
}

static const Hashes sha = {.sha256 = sha256_sha, .sha1 = sha1_portable};

static const Hashes *sha_or_null(void) {
#if defined(__linux__)
  enum { SHA2 = 1 << 6 };  // HWCAP_SHA2
  return getauxval(AT_HWCAP) & SHA2 ? &sha : NULL;
#else
  return &sha;  // all of Apple's have it
#endif
}
#else
static const Hashes *sha_or_null(void) { return NULL; }
#endif

const Hashes *hashes_named(const char *name) {
  if (strcmp(name, "sha") == 0) return sha_or_null();
  return strcmp(name, "portable") == 0 ? &portable : NULL;
}

const Hashes *hashes_best(void) {
  const Hashes *own = sha_or_null();
  return own ? own : &portable;
}
