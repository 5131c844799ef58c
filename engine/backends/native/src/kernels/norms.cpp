// Layer and batch normalisation in float32; the formulas are in engine/ops/norms.py.
//
// layer_norm reads x twice from the cache and writes it once: 8 n bytes of memory, 8 n operations; its gradient
// 12 n bytes. batch_norm reads x three times, since a channel rarely fits the cache: 16 n bytes; its gradient
// 20 n. Sums over a row are of floats, sums over rows of doubles.
#include <cmath>
#include <vector>

#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own
constexpr int64_t MOST = 16;      // pieces where each has partial sums of its own

static float sum(const float* x, int64_t n) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; ++i) total += x[i];
    return total;
}

static float squares(const float* x, float mean, int64_t n) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; ++i) total += (x[i] - mean) * (x[i] - mean);
    return total;
}

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
            float u = 0, us = 0;
#pragma omp simd reduction(+ : u, us)
            for (int64_t i = 0; i < width; ++i) {
                const float s = (from[i] - m) * r, weighted = slope[i] * weight[i];
                u += weighted;
                us += weighted * s;
            }
            u /= static_cast<float>(width);
            us /= static_cast<float>(width);
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

// x [N, C, S], weight and bias [C] -> out, mean [C], var [C]; a channel is a piece; reals: eps
static void batch_norm(const Call& call) {
    const float *x = call.inputs[0].as<float>(), *weight = call.inputs[1].as<float>(), *bias = call.inputs[2].as<float>();
    float *out = call.outputs[0].as<float>(), *mean = call.outputs[1].as<float>(), *var = call.outputs[2].as<float>();
    const int64_t batch = call.ints[0], channels = call.ints[1], size = call.ints[2];
    const double count = static_cast<double>(batch * size);
    const float eps = static_cast<float>(call.reals[0]);
    call.pool.run(channels, [&](int64_t c) {
        double total = 0;
        for (int64_t n = 0; n < batch; ++n) total += static_cast<double>(sum(x + (n * channels + c) * size, size));
        const float m = static_cast<float>(total / count);
        total = 0;
        for (int64_t n = 0; n < batch; ++n)
            total += static_cast<double>(squares(x + (n * channels + c) * size, m, size));
        mean[c] = m;
        var[c] = static_cast<float>(total / count);
        const float scale = weight[c] / std::sqrt(var[c] + eps), shift = bias[c];
        for (int64_t n = 0; n < batch; ++n) {
            const int64_t at = (n * channels + c) * size;
            for (int64_t i = 0; i < size; ++i) out[at + i] = (x[at + i] - m) * scale + shift;
        }
    });
}

// g, x [N, C, S], weight, mean, var [C] -> gradients of x, weight and bias
static void batch_norm_grad(const Call& call) {
    const float *g = call.inputs[0].as<float>(), *x = call.inputs[1].as<float>(), *weight = call.inputs[2].as<float>();
    const float *mean = call.inputs[3].as<float>(), *var = call.inputs[4].as<float>();
    float *gx = call.outputs[0].as<float>(), *gweight = call.outputs[1].as<float>(), *gbias = call.outputs[2].as<float>();
    const int64_t batch = call.ints[0], channels = call.ints[1], size = call.ints[2];
    const double count = static_cast<double>(batch * size);
    const float eps = static_cast<float>(call.reals[0]);
    call.pool.run(channels, [&](int64_t c) {
        const float m = mean[c], rstd = 1 / std::sqrt(var[c] + eps);
        double sum_g = 0, sum_gs = 0;
        for (int64_t n = 0; n < batch; ++n) {
            const float *slope = g + (n * channels + c) * size, *from = x + (n * channels + c) * size;
            float a = 0, b = 0;
#pragma omp simd reduction(+ : a, b)
            for (int64_t i = 0; i < size; ++i) {
                a += slope[i];
                b += slope[i] * (from[i] - m);
            }
            sum_g += static_cast<double>(a);
            sum_gs += static_cast<double>(b);
        }
        sum_gs *= static_cast<double>(rstd);
        gbias[c] = static_cast<float>(sum_g);
        gweight[c] = static_cast<float>(sum_gs);
        const float scale = weight[c] * rstd;
        const float mean_g = static_cast<float>(sum_g / count), mean_gs = static_cast<float>(sum_gs / count) * rstd;
        for (int64_t n = 0; n < batch; ++n) {
            const int64_t at = (n * channels + c) * size;
            for (int64_t i = 0; i < size; ++i) gx[at + i] = (g[at + i] - mean_g - (x[at + i] - m) * mean_gs) * scale;
        }
    });
}

KILN_KERNEL("layer_norm", layer_norm);
KILN_KERNEL("layer_norm_grad", layer_norm_grad);
KILN_KERNEL("batch_norm", batch_norm);
KILN_KERNEL("batch_norm_grad", batch_norm_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
