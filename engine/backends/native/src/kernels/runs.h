// Sums of a run of neighbouring floats, and the largest of them, in as many lanes as a vector has. They are functions of
// their own since GCC makes no vector code of such a loop in a lambda that captures what the loop reads.
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

// `top` or what is larger among them; NaN counts as nothing, but as `top`
static inline float largest(const float* x, int64_t n, float top) {
#pragma omp simd reduction(max : top)
    for (int64_t i = 0; i < n; ++i) top = x[i] > top ? x[i] : top;
    return top;
}

// of the squares of the distances from `mean`
static inline float squares(const float* x, float mean, int64_t n) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; ++i) total += (x[i] - mean) * (x[i] - mean);
    return total;
}

struct Slopes {
    float g, gx;
};

// The sums of g and of g (x - mean); SPREAD: g is one number for all of them
template <bool SPREAD = false> static inline Slopes slopes(const float* g, const float* x, float mean, int64_t n) {
    float a = 0, b = 0;
#pragma omp simd reduction(+ : a, b)
    for (int64_t i = 0; i < n; ++i) {
        const float slope = g[SPREAD ? 0 : i];
        a += slope;
        b += slope * (x[i] - mean);
    }
    return {a, b};
}

// The sums of g w and of g w (x - mean)
static inline Slopes weighted_slopes(const float* g, const float* w, const float* x, float mean, int64_t n) {
    float a = 0, b = 0;
#pragma omp simd reduction(+ : a, b)
    for (int64_t i = 0; i < n; ++i) {
        const float slope = g[i] * w[i];
        a += slope;
        b += slope * (x[i] - mean);
    }
    return {a, b};
}

}  // namespace KILN_LEVEL
}  // namespace kiln
