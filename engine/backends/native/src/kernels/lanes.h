// Parts of vectors, and sums of their lanes.
#pragma once
#include <cstdint>
#include <utility>

#include "vectors.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace kiln {
namespace KILN_LEVEL {

// The first n < LANES floats, and zeros.
static inline Vector load_first(const float* from, int64_t n) {
#if defined(__AVX512F__)
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), from);
#else
    Vector x = {};
    for (int64_t i = 0; i < n; ++i) x[i] = from[i];
    return x;
#endif
}

// The first n < LANES of a vector's floats.
static inline void store_first(float* to, Vector x, int64_t n) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << n) - 1), x);
#elif defined(__AVX2__)
    static const int32_t mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    _mm256_maskstore_ps(to, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask + 8 - n)), x);
#else
    for (int64_t i = 0; i < n; ++i) to[i] = x[i];
#endif
}

template <int FIRST, int... I> static inline Vector every_other(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, (2 * I + FIRST)...);
}

// to[j] = from[2 j] for j in [0, n)
static inline void copy_every_other(float* to, const float* from, int64_t n) {
    constexpr auto lanes = std::make_integer_sequence<int, LANES>();
    for (; n > LANES; n -= LANES, to += LANES, from += 2 * LANES)
        store(to, every_other<0>(load(from), load(from + LANES), lanes));
    if (n <= 0) return;
    const int64_t last = 2 * n - 1;  // there may be nothing behind it
    const Vector low = last >= LANES ? load(from) : load_first(from, last);
    const Vector high = last > LANES ? load_first(from + LANES, last - LANES) : Vector{};
    const Vector all = every_other<0>(low, high, lanes);
    if (n == LANES) store(to, all);
    else store_first(to, all, n);
}

// Lanes of both in turn, from lane `From` of each on: a b a b ...
template <int From, int... I> static inline Vector zip(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, (From + I / 2 + I % 2 * LANES)...);
}

// Lane i of the result is the sum of row i's lanes.
static inline __attribute__((always_inline)) Vector sums_of(Vector (&rows)[LANES]) {
    constexpr auto all = std::make_integer_sequence<int, LANES>();
#pragma GCC unroll 4
    for (int half = LANES / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < half; ++i)
            rows[i] = zip<0>(rows[i], rows[i + half], all) + zip<LANES / 2>(rows[i], rows[i + half], all);
    }
    return rows[0];
}

}  // namespace KILN_LEVEL
}  // namespace kiln
