#include "shim.h"

#define BFLOAT16
namespace {
#include "../../Sources/CUDA/Kernels/kernels.cu"
}

const Entry entries_of_bfloat16[] = ENTRIES;
