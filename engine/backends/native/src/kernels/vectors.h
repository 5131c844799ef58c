// A register of floats on this level of the processor, in the compilers' vector extensions.
#pragma once
#include <cstdint>
#include <cstring>

namespace kiln {
namespace KILN_LEVEL {

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX2__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t Integers __attribute__((vector_size(LANES * sizeof(float))));

static inline Vector load(const float* from) {
    Vector x;
    std::memcpy(&x, from, sizeof x);
    return x;
}

static inline Integers load(const int32_t* from) {
    Integers x;
    std::memcpy(&x, from, sizeof x);
    return x;
}

static inline void store(float* to, Vector x) { std::memcpy(to, &x, sizeof x); }
static inline void store(int32_t* to, Integers x) { std::memcpy(to, &x, sizeof x); }

// n floats of a vector, of which `room` fit: all of them in one go where they do
static inline void store_some(float* to, Vector x, int64_t n, int64_t room) {
    if (room >= LANES) return store(to, x);
    float all[LANES];
    store(all, x);
    for (int64_t i = 0; i < n; ++i) to[i] = all[i];
}

// n rounded up to whole vectors
static inline int64_t whole(int64_t n) { return (n + LANES - 1) / LANES * LANES; }

}  // namespace KILN_LEVEL
}  // namespace kiln
