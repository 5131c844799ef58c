// One step of an optimizer for one float32 parameter, in one pass: each array is read once, and what changes is
// written once. sgd 12 n bytes, with momentum 20 n, adam 28 n, amsgrad 36 n. The formulas are in
// engine/ops/updates.py. What changes from step to step is read from arrays: lr float64 [], step [].
#include <cmath>

#include "registry.h"
#include "steps.h"

namespace kiln {
namespace KILN_LEVEL {

// p, g, lr; ints: maximize; reals: weight decay
static void sgd_step(const Call& call) {
    float* p = call.inputs[0].as<float>();
    const float *g = call.inputs[1].as<float>(), sign = call.ints[0] ? -1.0f : 1.0f;
    const float rate = static_cast<float>(*call.inputs[2].as<double>()), decay = static_cast<float>(call.reals[0]);
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) p[i] -= rate * (sign * g[i] + decay * p[i]);
    });
}

// p, g, v, lr; ints: maximize, nesterov; reals: weight decay, momentum, dampening
static void sgd_momentum_step(const Call& call) {
    float *p = call.inputs[0].as<float>(), *v = call.inputs[2].as<float>();
    const float *g = call.inputs[1].as<float>(), sign = call.ints[0] ? -1.0f : 1.0f;
    const float rate = static_cast<float>(*call.inputs[3].as<double>()), decay = static_cast<float>(call.reals[0]);
    const float momentum = static_cast<float>(call.reals[1]), share = static_cast<float>(1 - call.reals[2]);
    // along g + momentum v, or along v alone
    const float of_g = call.ints[1] ? 1.0f : 0.0f, of_v = call.ints[1] ? momentum : 1.0f;
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float slope = sign * g[i] + decay * p[i];
            v[i] = momentum * v[i] + share * slope;
            p[i] -= rate * (of_g * slope + of_v * v[i]);
        }
    });
}

// p, g, m, v, (the largest v), step, lr; ints: maximize, decoupled; reals: beta1, beta2, eps, weight decay
template <bool MAX> static void adam(const Call& call) {
    float *p = call.inputs[0].as<float>(), *m = call.inputs[2].as<float>(), *v = call.inputs[3].as<float>();
    float* top = MAX ? call.inputs[4].as<float>() : v;
    const float *g = call.inputs[1].as<float>(), sign = call.ints[0] ? -1.0f : 1.0f;
    const double t = counted(call.inputs[MAX ? 5 : 4]), lr = *call.inputs[MAX ? 6 : 5].as<double>();
    const double beta1 = call.reals[0], beta2 = call.reals[1], decay = call.reals[3];
    const float new_m = static_cast<float>(1 - beta1), old_v = static_cast<float>(beta2);
    const float new_v = static_cast<float>(1 - beta2), eps = static_cast<float>(call.reals[2]);
    const float shrink = static_cast<float>(call.ints[1] ? 1 - lr * decay : 1.0);
    const float coupled = static_cast<float>(call.ints[1] ? 0.0 : decay);
    // m and v start at zero: divide by the weight that the true gradients have in them
    const float unroot = static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, t)));
    const float rate = static_cast<float>(lr / (1 - std::pow(beta1, t)));
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float from = p[i] * shrink, slope = sign * g[i] + coupled * from;
            const float mean = m[i] + (slope - m[i]) * new_m;
            float square = v[i] * old_v + slope * slope * new_v;
            m[i] = mean;
            v[i] = square;
            if (MAX) top[i] = square = top[i] > square ? top[i] : square;
            p[i] = from - rate * (mean / (std::sqrt(square) * unroot + eps));
        }
    });
}

static void adam_step(const Call& call) { adam<false>(call); }
static void amsgrad_step(const Call& call) { adam<true>(call); }

KILN_KERNEL("sgd_step", sgd_step);
KILN_KERNEL("sgd_momentum_step", sgd_momentum_step);
KILN_KERNEL("adam_step", adam_step);
KILN_KERNEL("amsgrad_step", amsgrad_step);

}  // namespace KILN_LEVEL
}  // namespace kiln
