// Memory that a thread keeps between kernels, so that none allocates as it runs.
#pragma once
#include <cstdint>

namespace kiln {

// Whose memory it is: of two uses that are nested, neither overwrites the other's.
enum class Slot { gemm_a, gemm_b, product, convolution, recurrence, attention, reduction, index, tiles, count };

// Room for `count` floats, at a multiple of 64 bytes. It is this thread's, and keeps its contents until the same
// slot is asked for more; what is in it at first is anything.
float* scratch(Slot slot, int64_t count);

}  // namespace kiln
