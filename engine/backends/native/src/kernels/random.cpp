// Random numbers, the same ones as NumPy's kernels give; in normal ones the last bit may differ, by how sines and
// logarithms are rounded. About a nanosecond a number; dropout reads and writes 8 n bytes beside.
#include <algorithm>
#include <cmath>

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

static inline uint32_t half_of(const uint64_t* words, int64_t i) {
    return static_cast<uint32_t>(words[i >> 1] >> (32 * (i & 1)));
}

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
        for (int64_t i = start; i < stop; ++i)
            to[i] = static_cast<float>(half_of(words, i - start) >> 8) * 5.9604644775390625e-8f;  // 2^-24
    });
}

// key -> float32, of mean 0 and variance 1: Box and Muller in doubles
static void random_normal(const Call& call) {
    const Array& out = call.outputs[0];
    float* to = out.as<float>();
    drawn(call.pool, Key(call.inputs[0]), out.size, HALVES, [=](int64_t start, int64_t stop, const uint64_t* words) {
        for (int64_t i = start; i < stop; i += 2) {
            const double a = (static_cast<double>(half_of(words, i - start)) + 1) * UNIT;
            const double angle = static_cast<double>(half_of(words, i - start + 1)) * (TURN * UNIT);
            const double radius = std::sqrt(-2 * std::log(a));
            to[i] = static_cast<float>(radius * std::cos(angle));
            if (i + 1 < stop) to[i + 1] = static_cast<float>(radius * std::sin(angle));
        }
    });
}

// Calls put(i, v, h) with element i of x, its value and its half of a word.
template <typename Put> static void beside(const Call& call, const Array& x, const Put& put) {
    const Walk<1> walk(x, {&x});
    const int64_t step = walk.strides[0][0];
    const Key key(call.inputs[1]);
    drawn(call.pool, key, x.size, HALVES, [&](int64_t start, int64_t stop, const uint64_t* words) {
        uint32_t halves[BLOCKS * HALVES];
        for (int64_t i = 0; i < stop - start; ++i) halves[i] = half_of(words, i);
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
    const float scale = p == 1 ? 0.0f : static_cast<float>(1 / (1 - p));
    // of whole numbers: those that aren't below p 2^32
    const uint64_t least = static_cast<uint64_t>(std::ceil(p / UNIT));
    if (p == 1) return beside(call, call.inputs[0], [=](int64_t i, float, uint32_t) { out[i] = 0.0f; });
    const uint32_t first = static_cast<uint32_t>(least);
    beside(call, call.inputs[0], [=](int64_t i, float x, uint32_t h) { out[i] = x * scale * (h >= first ? 1.0f : 0.0f); });
}

KILN_KERNEL("random_uniform", random_uniform);
KILN_KERNEL("random_normal", random_normal);
KILN_KERNEL("bernoulli", bernoulli);
KILN_KERNEL("dropout", dropout);

}  // namespace KILN_LEVEL
}  // namespace kiln
