// Batch normalisation in float32 of x [N, C, S]; the formulas are in engine/ops/norms.py.
//
// x is read three times, since a channel rarely fits the cache: 16 n bytes; the gradient 20 n. Where S is 1 neighbours
// are of different channels, and BLOCK of them are taken side by side. Sums over runs are of floats, others of doubles.
#include <algorithm>
#include <cmath>

#include "pool.h"
#include "registry.h"
#include "runs.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t BLOCK = 64;

// x, weight, bias [C] -> out, mean [C], var [C]; a channel is a piece; ints: N, C, S; reals: eps
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

// g, x, weight, mean, var [C] -> gradients of x, weight and bias; ints: N, C, S, and g's steps along N and C.
// SPREAD: g is one number for all of S
template <bool SPREAD> static void gradient(const Call& call) {
    const float *g = call.inputs[0].as<float>(), *x = call.inputs[1].as<float>(), *weight = call.inputs[2].as<float>();
    const float *mean = call.inputs[3].as<float>(), *var = call.inputs[4].as<float>();
    float *gx = call.outputs[0].as<float>(), *gweight = call.outputs[1].as<float>(), *gbias = call.outputs[2].as<float>();
    const int64_t batch = call.ints[0], channels = call.ints[1], size = call.ints[2];
    const int64_t down = call.ints[3], across = call.ints[4];
    const double count = static_cast<double>(batch * size);
    const float eps = static_cast<float>(call.reals[0]);
    call.pool.run(channels, [&](int64_t c) {
        const float m = mean[c], rstd = 1 / std::sqrt(var[c] + eps);
        double sum_g = 0, sum_gs = 0;
        for (int64_t n = 0; n < batch; ++n) {
            const float *slope = g + n * down + c * across, *from = x + (n * channels + c) * size;
            const Slopes found = slopes<SPREAD>(slope, from, m, size);
            sum_g += static_cast<double>(found.g);
            sum_gs += static_cast<double>(found.gx);
        }
        sum_gs *= static_cast<double>(rstd);
        gbias[c] = static_cast<float>(sum_g);
        gweight[c] = static_cast<float>(sum_gs);
        const float scale = weight[c] * rstd;
        const float mean_g = static_cast<float>(sum_g / count), mean_gs = static_cast<float>(sum_gs / count) * rstd;
        for (int64_t n = 0; n < batch; ++n) {
            const float* slope = g + n * down + c * across;
            const int64_t at = (n * channels + c) * size;
            for (int64_t i = 0; i < size; ++i)
                gx[at + i] = (slope[SPREAD ? 0 : i] - mean_g - (x[at + i] - m) * mean_gs) * scale;
        }
    });
}

static void batch_norm_grad(const Call& call) {
    if (call.ints[5] == 0) gradient<true>(call);
    else gradient<false>(call);
}

// x [N, C] -> out, mean [C], var [C]; ints: N, C; reals: eps
static void batch_norm_rows(const Call& call) {
    const float *x = call.inputs[0].as<float>(), *weight = call.inputs[1].as<float>(), *bias = call.inputs[2].as<float>();
    float *out = call.outputs[0].as<float>(), *mean = call.outputs[1].as<float>(), *var = call.outputs[2].as<float>();
    const int64_t batch = call.ints[0], channels = call.ints[1];
    const double count = static_cast<double>(batch);
    const float eps = static_cast<float>(call.reals[0]);
    call.pool.run((channels + BLOCK - 1) / BLOCK, [&](int64_t block) {
        const int64_t first = block * BLOCK, width = std::min(BLOCK, channels - first);
        double totals[BLOCK] = {};
        float scale[BLOCK];
        for (int64_t n = 0; n < batch; ++n)
            for (int64_t c = 0; c < width; ++c) totals[c] += static_cast<double>(x[n * channels + first + c]);
        for (int64_t c = 0; c < width; ++c) {
            mean[first + c] = static_cast<float>(totals[c] / count);
            totals[c] = 0;
        }
        for (int64_t n = 0; n < batch; ++n)
            for (int64_t c = 0; c < width; ++c) {
                const double apart = static_cast<double>(x[n * channels + first + c] - mean[first + c]);
                totals[c] += apart * apart;
            }
        for (int64_t c = 0; c < width; ++c) {
            var[first + c] = static_cast<float>(totals[c] / count);
            scale[c] = weight[first + c] / std::sqrt(var[first + c] + eps);
        }
        for (int64_t n = 0; n < batch; ++n) {
            const float* from = x + n * channels + first;
            float* to = out + n * channels + first;
#pragma omp simd
            for (int64_t c = 0; c < width; ++c) to[c] = (from[c] - mean[first + c]) * scale[c] + bias[first + c];
        }
    });
}

// g, x [N, C], weight, mean, var [C] -> gradients of x, weight and bias; ints: N, C, and g's steps
static void batch_norm_rows_grad(const Call& call) {
    const float *g = call.inputs[0].as<float>(), *x = call.inputs[1].as<float>(), *weight = call.inputs[2].as<float>();
    const float *mean = call.inputs[3].as<float>(), *var = call.inputs[4].as<float>();
    float *gx = call.outputs[0].as<float>(), *gweight = call.outputs[1].as<float>(), *gbias = call.outputs[2].as<float>();
    const int64_t batch = call.ints[0], channels = call.ints[1], down = call.ints[2], across = call.ints[3];
    const double count = static_cast<double>(batch);
    const float eps = static_cast<float>(call.reals[0]);
    call.pool.run((channels + BLOCK - 1) / BLOCK, [&](int64_t block) {
        const int64_t first = block * BLOCK, width = std::min(BLOCK, channels - first);
        double sum_g[BLOCK] = {}, sum_gs[BLOCK] = {};
        float scale[BLOCK], mean_g[BLOCK], mean_gs[BLOCK];
        for (int64_t n = 0; n < batch; ++n)
            for (int64_t c = 0; c < width; ++c) {
                const float slope = g[n * down + (first + c) * across];
                sum_g[c] += static_cast<double>(slope);
                sum_gs[c] += static_cast<double>(slope * (x[n * channels + first + c] - mean[first + c]));
            }
        for (int64_t c = 0; c < width; ++c) {
            const float rstd = 1 / std::sqrt(var[first + c] + eps);
            sum_gs[c] *= static_cast<double>(rstd);
            gbias[first + c] = static_cast<float>(sum_g[c]);
            gweight[first + c] = static_cast<float>(sum_gs[c]);
            scale[c] = weight[first + c] * rstd;
            mean_g[c] = static_cast<float>(sum_g[c] / count);
            mean_gs[c] = static_cast<float>(sum_gs[c] / count) * rstd;
        }
        for (int64_t n = 0; n < batch; ++n)
            for (int64_t c = 0; c < width; ++c) {
                const int64_t at = n * channels + first + c;
                const float slope = g[n * down + (first + c) * across];
                gx[at] = (slope - mean_g[c] - (x[at] - mean[first + c]) * mean_gs[c]) * scale[c];
            }
    });
}

// running mean and variance [C] towards mean and var [C]; momentum []; reals: count / (count - 1)
static void track_statistics(const Call& call) {
    float *running_mean = call.inputs[0].as<float>(), *running_var = call.inputs[1].as<float>();
    const float *mean = call.inputs[2].as<float>(), *var = call.inputs[3].as<float>();
    const float share = *call.inputs[4].as<float>(), unbiased = static_cast<float>(call.reals[0]);
    for (int64_t c = 0; c < call.inputs[0].size; ++c) {
        running_mean[c] += share * (mean[c] - running_mean[c]);
        running_var[c] += share * (var[c] * unbiased - running_var[c]);
    }
}

KILN_KERNEL("batch_norm", batch_norm);
KILN_KERNEL("batch_norm_grad", batch_norm_grad);
KILN_KERNEL("batch_norm_rows", batch_norm_rows);
KILN_KERNEL("batch_norm_rows_grad", batch_norm_rows_grad);
KILN_KERNEL("track_statistics", track_statistics);

}  // namespace KILN_LEVEL
}  // namespace kiln
