// The compression functions of SHA-256 and SHA-1 (FIPS 180-4, 6.2.2 and 6.1.2). Padding and what is left of a block are the
// caller's.
#ifndef PROMPTFERRY_HASHES_H
#define PROMPTFERRY_HASHES_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  // Takes `blocks` times 64 bytes into the state; `data` may be unaligned.
  void (*sha256)(uint32_t state[8], const uint8_t *data, ptrdiff_t blocks);
  // One for all sets: only git's hashes of small files need it.
  void (*sha1)(uint32_t state[5], const uint8_t *data, ptrdiff_t blocks);
} Hashes;

// The fastest set that this processor runs.
const Hashes *hashes_best(void);
// The set of that name: "sha" (the processor's own instructions) or "portable"; null where this processor does not run it.
const Hashes *hashes_named(const char *name);

#endif
