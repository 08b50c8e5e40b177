#include "shim.h"

namespace {
#include "../../Sources/CUDA/Kernels/kernels.cu"
}

const Entry entries_of_floats[] = ENTRIES;
