#include "shim.h"

#define FLOAT16
namespace {
#include "../../Sources/CUDA/Kernels/kernels.cu"
}

const Entry entries_of_float16[] = ENTRIES;
