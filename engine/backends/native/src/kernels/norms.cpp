// Layer normalisation in float32; the formulas are in engine/ops/norms.py.
//
// layer_norm reads x twice from the cache and writes it once: 8 n bytes of memory, 8 n operations; its gradient
// 12 n bytes. Sums over a row are of floats, sums over rows of doubles.
#include <cmath>
#include <vector>

#include "pool.h"
#include "registry.h"
#include "runs.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own
constexpr int64_t MOST = 16;      // pieces where each has partial sums of its own

// x, weight, bias -> out, mean, rstd; ints: the width of a row; reals: eps
static void layer_norm(const Call& call) {
    const float *x = call.inputs[0].as<float>(), *weight = call.inputs[1].as<float>(), *bias = call.inputs[2].as<float>();
    float *out = call.outputs[0].as<float>(), *mean = call.outputs[1].as<float>(), *rstd = call.outputs[2].as<float>();
    const int64_t width = call.ints[0], rows = call.inputs[0].size / width;
    const float eps = static_cast<float>(call.reals[0]);
    const int64_t pieces = pieces_of(call.inputs[0].size, LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t row = piece_start(rows, pieces, piece); row < stop; ++row) {
            const float* from = x + row * width;
            float* to = out + row * width;
            const float m = sum(from, width) / static_cast<float>(width);
            const float r = 1 / std::sqrt(squares(from, m, width) / static_cast<float>(width) + eps);
            mean[row] = m;
            rstd[row] = r;
#pragma omp simd
            for (int64_t i = 0; i < width; ++i) to[i] = (from[i] - m) * r * weight[i] + bias[i];
        }
    });
}

// g, x, weight, mean, rstd -> gradients of x, weight and bias; ints: the width of a row
static void layer_norm_grad(const Call& call) {
    const float *g = call.inputs[0].as<float>(), *x = call.inputs[1].as<float>(), *weight = call.inputs[2].as<float>();
    const float *mean = call.inputs[3].as<float>(), *rstd = call.inputs[4].as<float>();
    float* gx = call.outputs[0].as<float>();
    const int64_t width = call.ints[0], rows = call.inputs[0].size / width;
    const int64_t pieces = pieces_of(call.inputs[0].size, LEAST, MOST);
    std::vector<float> partial(static_cast<size_t>(2 * width * pieces), 0.0f);
    call.pool.run(pieces, [&](int64_t piece) {
        float *gw = partial.data() + piece * 2 * width, *gb = gw + width;
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t row = piece_start(rows, pieces, piece); row < stop; ++row) {
            const float *slope = g + row * width, *from = x + row * width;
            float* to = gx + row * width;
            const float m = mean[row], r = rstd[row];
            const Slopes found = weighted_slopes(slope, weight, from, m, width);
            const float u = found.g / static_cast<float>(width), us = found.gx * r / static_cast<float>(width);
#pragma omp simd
            for (int64_t i = 0; i < width; ++i) {
                const float s = (from[i] - m) * r;
                to[i] = (slope[i] * weight[i] - u - s * us) * r;
                gw[i] += slope[i] * s;
                gb[i] += slope[i];
            }
        }
    });
    float *gweight = call.outputs[1].as<float>(), *gbias = call.outputs[2].as<float>();
    for (int64_t i = 0; i < width; ++i) {
        double w = 0, b = 0;
        for (int64_t piece = 0; piece < pieces; ++piece) {
            w += partial[static_cast<size_t>(piece * 2 * width + i)];
            b += partial[static_cast<size_t>(piece * 2 * width + width + i)];
        }
        gweight[i] = static_cast<float>(w);
        gbias[i] = static_cast<float>(b);
    }
}

KILN_KERNEL("layer_norm", layer_norm);
KILN_KERNEL("layer_norm_grad", layer_norm_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
