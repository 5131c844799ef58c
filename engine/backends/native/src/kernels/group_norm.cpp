// Group and root-mean-square normalisation in float32; the formulas are in engine/ops/norms.py.
//
// Both read a group, or a row, several times from the cache: 8 n bytes of memory; the gradients 12 n. Sums within a
// channel or a row are of floats, others of doubles.
#include <algorithm>
#include <cmath>

#include "pool.h"
#include "registry.h"
#include "runs.h"
#include "scratch.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own
constexpr int64_t MOST = 16;      // pieces where each has partial sums of its own

// x [N, C, S], weight, bias [C] -> out, mean [N, G], rstd [N, G]; ints: G, C / G, S; reals: eps
static void group_norm(const Call& call) {
    const float *x = call.inputs[0].as<float>(), *weight = call.inputs[1].as<float>(), *bias = call.inputs[2].as<float>();
    float *out = call.outputs[0].as<float>(), *mean = call.outputs[1].as<float>(), *rstd = call.outputs[2].as<float>();
    const int64_t groups = call.ints[0], inside = call.ints[1], size = call.ints[2], width = inside * size;
    const int64_t rows = call.inputs[0].size / width, pieces = pieces_of(call.inputs[0].size, LEAST);
    const float eps = static_cast<float>(call.reals[0]);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t row = piece_start(rows, pieces, piece); row < stop; ++row) {
            const float* from = x + row * width;
            double total = 0;
            for (int64_t c = 0; c < inside; ++c) total += static_cast<double>(sum(from + c * size, size));
            const float m = static_cast<float>(total / static_cast<double>(width));
            total = 0;
            for (int64_t c = 0; c < inside; ++c) total += static_cast<double>(squares(from + c * size, m, size));
            const float r = 1 / std::sqrt(static_cast<float>(total / static_cast<double>(width)) + eps);
            mean[row] = m;
            rstd[row] = r;
            for (int64_t c = 0; c < inside; ++c) {
                const int64_t channel = row % groups * inside + c;
                const float scale = r * weight[channel], shift = bias[channel];
                float* to = out + row * width + c * size;
                for (int64_t i = 0; i < size; ++i) to[i] = (from[c * size + i] - m) * scale + shift;
            }
        }
    });
}

// The pieces' sums, one after the other: [pieces, width] -> [width]
static void gather(const float* partial, int64_t stride, int64_t pieces, int64_t width, float* out) {
    for (int64_t i = 0; i < width; ++i) {
        double total = 0;
        for (int64_t piece = 0; piece < pieces; ++piece) total += static_cast<double>(partial[piece * stride + i]);
        out[i] = static_cast<float>(total);
    }
}

// g, x [N, C, S], weight [C], mean, rstd [N, G] -> gradients of x, weight and bias; ints: G, C / G, S
static void group_norm_grad(const Call& call) {
    const float *g = call.inputs[0].as<float>(), *x = call.inputs[1].as<float>(), *weight = call.inputs[2].as<float>();
    const float *mean = call.inputs[3].as<float>(), *rstd = call.inputs[4].as<float>();
    float* gx = call.outputs[0].as<float>();
    const int64_t groups = call.ints[0], inside = call.ints[1], size = call.ints[2], width = inside * size;
    const int64_t channels = groups * inside, batch = call.inputs[0].size / (channels * size);
    const int64_t pieces = std::min(batch, pieces_of(call.inputs[0].size, LEAST, MOST));
    float* partial = scratch(Slot::reduction, pieces * 2 * channels);
    call.pool.run(pieces, [&](int64_t piece) {
        float *gw = partial + piece * 2 * channels, *gb = gw + channels;
        for (int64_t c = 0; c < 2 * channels; ++c) gw[c] = 0;
        const int64_t stop = piece_start(batch, pieces, piece + 1) * groups;
        for (int64_t row = piece_start(batch, pieces, piece) * groups; row < stop; ++row) {
            const float m = mean[row], r = rstd[row];
            double sum_u = 0, sum_us = 0;
            for (int64_t c = 0; c < inside; ++c) {
                const int64_t channel = row % groups * inside + c, at = row * width + c * size;
                const Slopes found = slopes(g + at, x + at, m, size);
                gw[channel] += found.gx * r;
                gb[channel] += found.g;
                sum_u += static_cast<double>(found.g * weight[channel]);
                sum_us += static_cast<double>(found.gx * r * weight[channel]);
            }
            const float mean_u = static_cast<float>(sum_u / static_cast<double>(width));
            const float mean_us = static_cast<float>(sum_us / static_cast<double>(width)) * r;
            for (int64_t c = 0; c < inside; ++c) {
                const int64_t at = row * width + c * size;
                const float scale = weight[row % groups * inside + c];
#pragma omp simd
                for (int64_t i = 0; i < size; ++i)
                    gx[at + i] = (g[at + i] * scale - mean_u - (x[at + i] - m) * mean_us) * r;
            }
        }
    });
    gather(partial, 2 * channels, pieces, channels, call.outputs[1].as<float>());
    gather(partial + channels, 2 * channels, pieces, channels, call.outputs[2].as<float>());
}

// x, weight -> out, rstd; ints: the width of a row; reals: eps
static void rms_norm(const Call& call) {
    const float *x = call.inputs[0].as<float>(), *weight = call.inputs[1].as<float>();
    float *out = call.outputs[0].as<float>(), *rstd = call.outputs[1].as<float>();
    const int64_t width = call.ints[0], rows = call.inputs[0].size / width;
    const int64_t pieces = pieces_of(call.inputs[0].size, LEAST);
    const float eps = static_cast<float>(call.reals[0]);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t row = piece_start(rows, pieces, piece); row < stop; ++row) {
            const float* from = x + row * width;
            float* to = out + row * width;
            const float r = 1 / std::sqrt(squares(from, 0, width) / static_cast<float>(width) + eps);
            rstd[row] = r;
            for (int64_t i = 0; i < width; ++i) to[i] = from[i] * r * weight[i];
        }
    });
}

// g, x, weight, rstd -> gradients of x and weight; ints: the width of a row
static void rms_norm_grad(const Call& call) {
    const float *g = call.inputs[0].as<float>(), *x = call.inputs[1].as<float>(), *weight = call.inputs[2].as<float>();
    const float* rstd = call.inputs[3].as<float>();
    float* gx = call.outputs[0].as<float>();
    const int64_t width = call.ints[0], rows = call.inputs[0].size / width;
    const int64_t pieces = std::min(rows, pieces_of(call.inputs[0].size, LEAST, MOST));
    float* partial = scratch(Slot::reduction, pieces * width);
    call.pool.run(pieces, [&](int64_t piece) {
        float* gw = partial + piece * width;
        for (int64_t i = 0; i < width; ++i) gw[i] = 0;
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t row = piece_start(rows, pieces, piece); row < stop; ++row) {
            const float *slope = g + row * width, *from = x + row * width;
            float* to = gx + row * width;
            const float r = rstd[row];
            const float us = weighted_slopes(slope, weight, from, 0, width).gx * r / static_cast<float>(width);
#pragma omp simd
            for (int64_t i = 0; i < width; ++i) {
                const float s = from[i] * r;
                to[i] = (slope[i] * weight[i] - s * us) * r;
                gw[i] += slope[i] * s;
            }
        }
    });
    gather(partial, width, pieces, width, call.outputs[1].as<float>());
}

KILN_KERNEL("group_norm", group_norm);
KILN_KERNEL("group_norm_grad", group_norm_grad);
KILN_KERNEL("rms_norm", rms_norm);
KILN_KERNEL("rms_norm_grad", rms_norm_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
