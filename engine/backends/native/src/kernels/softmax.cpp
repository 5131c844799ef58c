// Softmax along the last axis in float32: a row is read from memory once and written once, 8 n bytes.
#include <cmath>

#include "mathematics.h"
#include "pool.h"
#include "registry.h"
#include "runs.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 8192;  // elements that are worth a piece of their own

// Calls row(from, to, width) for every row.
template <typename Row> static void rows(const Call& call, Row row) {
    const float* x = call.inputs[0].as<float>();
    float* out = call.outputs[0].as<float>();
    const int64_t width = call.ints[0], count = call.inputs[0].size / width;
    const int64_t pieces = pieces_of(call.inputs[0].size, LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(count, pieces, piece + 1);
        for (int64_t k = piece_start(count, pieces, piece); k < stop; ++k) row(x + k * width, out + k * width, width);
    });
}

static void softmax(const Call& call) {
    rows(call, [](const float* from, float* to, int64_t width) {
        const float top = largest(from, width, *from);
        float total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t i = 0; i < width; ++i) {
            to[i] = exp_below(from[i] - top);
            total += to[i];
        }
        const float scale = 1 / total;
        for (int64_t i = 0; i < width; ++i) to[i] *= scale;
    });
}

static void log_softmax(const Call& call) {
    rows(call, [](const float* from, float* to, int64_t width) {
        const float top = largest(from, width, *from);
        float total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t i = 0; i < width; ++i) total += exp_below(from[i] - top);
        // the largest goes first: beside it the logarithm would lose digits
        const float rest = std::log(total);
        for (int64_t i = 0; i < width; ++i) to[i] = from[i] - top - rest;
    });
}

KILN_KERNEL("softmax", softmax);
KILN_KERNEL("log_softmax", log_softmax);

}  // namespace KILN_LEVEL
}  // namespace kiln
