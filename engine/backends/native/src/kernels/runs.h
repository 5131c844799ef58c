// Sums of a run of neighbouring floats, in as many lanes as a vector has.
#pragma once
#include <cstdint>

namespace kiln {
namespace KILN_LEVEL {

static inline float sum(const float* x, int64_t n) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; ++i) total += x[i];
    return total;
}

// of the squares of the distances from `mean`
static inline float squares(const float* x, float mean, int64_t n) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; ++i) total += (x[i] - mean) * (x[i] - mean);
    return total;
}

}  // namespace KILN_LEVEL
}  // namespace kiln
