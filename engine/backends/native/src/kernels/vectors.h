// A register of floats on this level of the processor, in the compilers' vector extensions.
#pragma once
#include <cstdint>
#include <cstring>
#include <utility>

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

// each(0), each(1), ... each(N - 1), numbers that the compiler knows: arrays which they index are registers then, where
// with loops it may put them into memory.
template <typename Each, int... I>
static inline __attribute__((always_inline)) void each_of(const Each& each, std::integer_sequence<int, I...>) {
    (each(std::integral_constant<int, I>()), ...);
}
template <int N, typename Each> static inline __attribute__((always_inline)) void each_of(const Each& each) {
    each_of(each, std::make_integer_sequence<int, N>());
}

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

// to[0..n) = from[0..n), without the call that a compiler makes of it, which takes longer than a short row
static inline void copy_floats(float* to, const float* from, int64_t n) {
    for (; n >= LANES; n -= LANES, to += LANES, from += LANES) store(to, load(from));
    for (int64_t part = LANES / 2; part > 0; part /= 2) {
        if (!(n & part)) continue;
        if (part == 8) std::memcpy(to, from, 8 * sizeof(float));
        if (part == 4) std::memcpy(to, from, 4 * sizeof(float));
        if (part == 2) std::memcpy(to, from, 2 * sizeof(float));
        if (part == 1) *to = *from;
        to += part;
        from += part;
    }
}

// n floats of a vector, of which `room` fit: all of them in one go where they do
static inline void store_some(float* to, Vector x, int64_t n, int64_t room) {
    if (room >= LANES) return store(to, x);
    float all[LANES];
    store(all, x);
    copy_floats(to, all, n);
}

// The first n floats; 0 for the rest
static inline Vector load_some(const float* from, int64_t n) {
    if (n >= LANES) return load(from);
    float all[LANES] = {};
    copy_floats(all, from, n);
    return load(all);
}

static inline float sum_of(Vector x) {
    float all[LANES];
    store(all, x);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) all[i] += all[i + half];
    return all[0];
}

// One step of transpose: of two rows S apart, the blocks of S lanes that have to change places do.
template <int S, int... I> static inline void exchange(Vector& a, Vector& b, std::integer_sequence<int, I...>) {
    const Vector low = __builtin_shufflevector(a, b, ((I & S) ? LANES + I - S : I)...);
    b = __builtin_shufflevector(a, b, ((I & S) ? LANES + I : I + S)...);
    a = low;
}

template <int S> static inline void exchange_blocks(Vector* rows) {
    for (int i = 0; i < LANES; ++i)
        if (!(i & S)) exchange<S>(rows[i], rows[i + S], std::make_integer_sequence<int, LANES>());
    if constexpr (S * 2 < LANES) exchange_blocks<S * 2>(rows);
}

// A square of LANES x LANES floats
static inline void transpose(Vector* rows) { exchange_blocks<1>(rows); }

// n rounded up to whole vectors
static inline int64_t whole(int64_t n) { return (n + LANES - 1) / LANES * LANES; }

}  // namespace KILN_LEVEL
}  // namespace kiln
