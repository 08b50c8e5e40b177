// Runs the kernels of Sources/CUDA on this processor: block after block, a fiber for each thread, which goes on when its warp or its block
// has come as far.
#ifndef CUDA_EMULATION_H
#define CUDA_EMULATION_H

#ifdef __cplusplus
extern "C" {
#endif

/// Null, or what went wrong: no such kernel, threads that parted before a barrier.
/// - Parameter arguments: a pointer to each
const char *_Nullable cuda_emulation_launch(int bfloat16, const char *_Nonnull kernel, unsigned blocks, unsigned threads,
                                            void *_Nonnull *_Nonnull arguments);

#ifdef __cplusplus
}
#endif

#endif
