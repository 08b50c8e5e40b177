// Runs the kernels of Sources/CUDA on this processor: block after block, a fiber for each thread, which goes on when its warp or its block
// has come as far.
#ifndef CUDA_EMULATION_H
#define CUDA_EMULATION_H

#ifdef __cplusplus
extern "C" {
#endif

/// Null, or what went wrong: no such kernel, threads that parted before a barrier.
/// - Parameters:
///   - precision: of operands: 0 Float32, 1 BFloat16, 2 Float16
///   - arguments: a pointer to each
const char *_Nullable cuda_emulation_launch(int precision, const char *_Nonnull kernel, unsigned blocks, unsigned threads,
                                            void *_Nonnull *_Nonnull arguments);

// Float16, to nearest, ties to even.
unsigned short cuda_emulation_half_of_float(float x);
float cuda_emulation_float_of_half(unsigned short bits);

#ifdef __cplusplus
}
#endif

#endif
