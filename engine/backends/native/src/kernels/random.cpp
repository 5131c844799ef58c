// Random numbers, the same ones as NumPy's kernels give; in normal ones the last bit may differ, by how sines and
// logarithms are rounded. About a nanosecond a number, three for normal ones; dropout reads and writes 8 n bytes beside.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "loops.h"
#include "philox.h"
#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t WORDS = 4;      // of a block
constexpr int64_t BLOCKS = 64;    // that are made at once
constexpr int64_t WORTH = 1024;   // blocks that are worth a piece of their own
constexpr int64_t HALVES = 2 * WORDS;
constexpr double UNIT = 1.0 / 4294967296.0;                // 2^-32
constexpr double UNIT53 = 1.0 / 9007199254740992.0;        // 2^-53
constexpr double TURN = 6.283185307179586476925286766559;  // 2 pi

// Calls take(start, stop, words) for parts of [0, n), each number being made of 1 / `each` of a block's words.
template <typename Take> static void drawn(Pool& pool, const Key& key, int64_t n, int64_t each, const Take& take) {
    const int64_t blocks = (n + each - 1) / each, pieces = pieces_of(blocks, WORTH);
    pool.run(pieces, [&](int64_t piece) {
        uint64_t words[BLOCKS * WORDS];
        const int64_t stop = piece_start(blocks, pieces, piece + 1);
        for (int64_t first = piece_start(blocks, pieces, piece); first < stop; first += BLOCKS) {
            const int64_t count = std::min(BLOCKS, stop - first);
            for (int64_t k = 0; k < count; ++k) philox(key, static_cast<uint64_t>(first + k), words + k * WORDS);
            take(first * each, std::min(n, (first + count) * each), words);
        }
    });
}

// key -> float32 or float64, in [0, 1)
static void random_uniform(const Call& call) {
    const Array& out = call.outputs[0];
    const Key key(call.inputs[0]);
    if (out.dtype == DType::f64) {
        double* to = out.as<double>();
        return drawn(call.pool, key, out.size, WORDS, [=](int64_t start, int64_t stop, const uint64_t* words) {
            for (int64_t i = start; i < stop; ++i) to[i] = static_cast<double>(words[i - start] >> 11) * UNIT53;
        });
    }
    float* to = out.as<float>();
    drawn(call.pool, key, out.size, HALVES, [=](int64_t start, int64_t stop, const uint64_t* words) {
        uint32_t halves[BLOCKS * HALVES];
        std::memcpy(halves, words, sizeof halves);
#pragma omp simd
        for (int64_t i = 0; i < stop - start; ++i)
            to[start + i] = static_cast<float>(halves[i] >> 8) * 5.9604644775390625e-8f;  // 2^-24
    });
}

static inline double from_bits(uint64_t bits) {
    double x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

// A whole number below 2^52
static inline double number(uint64_t n) { return from_bits(n | 0x4330000000000000u) - 4503599627370496.0; }

// log x for a positive normal x, within a unit in the last place (fdlibm, Ng 1993): x = 2^e (1 + f), and
// log(1 + f) = f - f^2 / 2 + s (f^2 / 2 + R(s^2)) with s = f / (2 + f)
static inline double log_of(double x) {
    uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    const uint64_t shifted = bits + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);  // 1 + f from the root of 1/2 on
    const double e = number(shifted >> 52) - 1023.0;
    const double f = from_bits((shifted & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
    const double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    double r = 1.479819860511658591e-01;
    r = r * z + 1.531383769920937332e-01;
    r = r * z + 1.818357216161805012e-01;
    r = r * z + 2.222219843214978396e-01;
    r = r * z + 2.857142874366239149e-01;
    r = r * z + 3.999999999940941908e-01;
    r = r * z + 6.666666666666735130e-01;
    return e * 6.93147180369123816490e-01 - ((half - (s * (half + z * r) + e * 1.90821492927058770002e-10)) - f);
}

// sin x and cos x for |x| <= pi / 4, within a unit in the last place (fdlibm)
static inline double sine(double x) {
    const double z = x * x;
    double p = 1.58969099521155010221e-10;
    p = p * z - 2.50507602534068634195e-08;
    p = p * z + 2.75573137070700676789e-06;
    p = p * z - 1.98412698298579493134e-04;
    p = p * z + 8.33333333332248946124e-03;
    p = p * z - 1.66666666666666324348e-01;
    return x + x * z * p;
}

static inline double cosine(double x) {
    const double z = x * x;
    double p = -1.13596475577881948265e-11;
    p = p * z + 2.08757232129817482790e-09;
    p = p * z - 2.75573143513906633035e-07;
    p = p * z + 2.48015872894767294178e-05;
    p = p * z - 1.38888888888741095749e-03;
    p = p * z + 4.16666666666666019037e-02;
    return 1.0 - (0.5 * z - z * z * p);
}

// Two numbers of each word: Box and Muller in doubles
static void normal_pairs(const uint64_t* words, int64_t count, float* to) {
    float first[BLOCKS * WORDS], second[BLOCKS * WORDS];
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        const uint64_t low = words[i] & 0xffffffffu, high = words[i] >> 32;
        const double radius = std::sqrt(-2 * log_of((number(low) + 1) * UNIT));
        // in quarters of a turn, and from the nearest one on
        const uint64_t quarters = (high + 0x20000000u) >> 30;
        const double turned = number(quarters);
        const double angle = (number(high) * (TURN * UNIT) - turned * 1.57079632673412561417) -
                             turned * 6.07710050650619224932e-11;
        const double s = sine(angle), c = cosine(angle);
        const bool swapped = quarters & 1, down = quarters & 2;
        const double across = swapped ? -s : c, up = swapped ? c : s;
        first[i] = static_cast<float>(radius * (down ? -across : across));
        second[i] = static_cast<float>(radius * (down ? -up : up));
    }
    for (int64_t i = 0; i < count; ++i) {
        to[2 * i] = first[i];
        to[2 * i + 1] = second[i];
    }
}

// key -> float32, of mean 0 and variance 1
static void random_normal(const Call& call) {
    const Array& out = call.outputs[0];
    float* to = out.as<float>();
    drawn(call.pool, Key(call.inputs[0]), out.size, HALVES, [=](int64_t start, int64_t stop, const uint64_t* words) {
        const int64_t count = stop - start;
        if (count == BLOCKS * HALVES) return normal_pairs(words, count / 2, to + start);
        float some[BLOCKS * HALVES];
        normal_pairs(words, (count + 1) / 2, some);
        std::copy_n(some, count, to + start);
    });
}

// Calls put(i, v, h) with element i of x, its value and its half of a word.
template <typename Put> static void beside(const Call& call, const Array& x, const Put& put) {
    const Walk<1> walk(x, {&x});
    const int64_t step = walk.strides[0][0];
    const Key key(call.inputs[1]);
    drawn(call.pool, key, x.size, HALVES, [&](int64_t start, int64_t stop, const uint64_t* words) {
        uint32_t halves[BLOCKS * HALVES];
        std::memcpy(halves, words, sizeof halves);
        int64_t i = start;
        walk.range(start, stop, [&](int64_t n, const int64_t* at) {
            const float* from = x.as<float>() + at[0];
            const uint32_t* draw = halves + (i - start);
            if (step == 1) {
#pragma omp simd
                for (int64_t k = 0; k < n; ++k) put(i + k, from[k], draw[k]);
            } else {
                for (int64_t k = 0; k < n; ++k) put(i + k, from[k * step], draw[k]);
            }
            i += n;
        });
    });
}

// p, key -> 1 where the draw is below p
static void bernoulli(const Call& call) {
    float* out = call.outputs[0].as<float>();
    beside(call, call.inputs[0], [=](int64_t i, float p, uint32_t h) {
        out[i] = static_cast<double>(h) < static_cast<double>(p) / UNIT ? 1.0f : 0.0f;
    });
}

// x, key -> x / (1 - p) where the draw isn't below p; reals: p
static void dropout(const Call& call) {
    float* out = call.outputs[0].as<float>();
    const double p = call.reals[0];
    if (p == 1) return beside(call, call.inputs[0], [=](int64_t i, float, uint32_t) { out[i] = 0.0f; });
    const Dropping dropping(p);
    const float scale = dropping.factor;
    const uint32_t least = dropping.least;
    beside(call, call.inputs[0], [=](int64_t i, float x, uint32_t h) { out[i] = x * scale * (h >= least ? 1.0f : 0.0f); });
}

KILN_KERNEL("random_uniform", random_uniform);
KILN_KERNEL("random_normal", random_normal);
KILN_KERNEL("bernoulli", bernoulli);
KILN_KERNEL("dropout", dropout);

}  // namespace KILN_LEVEL
}  // namespace kiln
