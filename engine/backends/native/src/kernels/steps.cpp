// The other optimizers' steps for one float32 parameter, in one pass: each array is read once, and what changes is
// written once. The formulas are those of engine/backends/numpy/steps.py. Operands come in the op's order; ints are
// its flags and reals its numbers, in order too.
#include <algorithm>
#include <cmath>

#include "registry.h"
#include "steps.h"

namespace kiln {
namespace KILN_LEVEL {

// What every step has: the parameter, and the slope to descend along.
struct Descent {
    float *p, sign, decay;
    const float* g;

    Descent(const Call& call, bool maximize, double weight_decay)
        : p(call.inputs[0].as<float>()), sign(maximize ? -1.0f : 1.0f), decay(static_cast<float>(weight_decay)),
          g(call.inputs[1].as<float>()) {}
    float slope(int64_t i) const { return sign * g[i] + decay * p[i]; }
};

static float* floats(const Call& call, int k) { return call.inputs[k].as<float>(); }
static double rate_of(const Call& call, int k) { return *call.inputs[k].as<double>(); }
static float real(const Call& call, int k) { return static_cast<float>(call.reals[k]); }
static float rest(const Call& call, int k) { return static_cast<float>(1 - call.reals[k]); }

// p, g, total, step, lr; maximize; lr decay, eps, weight decay
static void adagrad_step(const Call& call) {
    const Descent d(call, call.ints[0], call.reals[2]);
    float* total = floats(call, 2);
    const double t = counted(call.inputs[3]);
    const float rate = static_cast<float>(rate_of(call, 4) / (1 + (t - 1) * call.reals[0])), eps = real(call, 1);
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float g = d.slope(i);
            total[i] += g * g;
            d.p[i] -= g / (std::sqrt(total[i]) + eps) * rate;
        }
    });
}

// p, g, v, u, step, lr; maximize; rho, eps, weight decay
static void adadelta_step(const Call& call) {
    const Descent d(call, call.ints[0], call.reals[2]);
    float *v = floats(call, 2), *u = floats(call, 3);
    counted(call.inputs[4]);
    const float rate = static_cast<float>(rate_of(call, 5)), keep = real(call, 0), add = rest(call, 0), eps = real(call, 1);
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float g = d.slope(i);
            v[i] = v[i] * keep + g * g * add;
            const float update = std::sqrt(u[i] + eps) / std::sqrt(v[i] + eps) * g;
            u[i] = u[i] * keep + update * update * add;
            d.p[i] -= update * rate;
        }
    });
}

// p, g, m, u, step, lr; maximize; beta1, beta2, eps, weight decay
static void adamax_step(const Call& call) {
    const Descent d(call, call.ints[0], call.reals[3]);
    float *m = floats(call, 2), *u = floats(call, 3);
    const double t = counted(call.inputs[4]);
    const float rate = static_cast<float>(rate_of(call, 5) / (1 - std::pow(call.reals[0], t)));
    const float new_m = rest(call, 0), keep = real(call, 1), eps = real(call, 2);
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float g = d.slope(i), size = __builtin_fabsf(g) + eps, old = u[i] * keep;
            m[i] += (g - m[i]) * new_m;
            u[i] = old > size ? old : size;
            d.p[i] -= m[i] / u[i] * rate;
        }
    });
}

// p, g, m, v, product of mu, step, lr; decoupled, maximize; beta1, beta2, eps, weight decay, momentum decay
static void nadam_step(const Call& call) {
    const bool decoupled = call.ints[0] != 0;
    const Descent d(call, call.ints[1], decoupled ? 0.0 : call.reals[3]);
    float *m = floats(call, 2), *v = floats(call, 3), *mu_product = floats(call, 4);
    const double t = counted(call.inputs[5]), lr = rate_of(call, 6), beta1 = call.reals[0], decay = call.reals[4];
    const double mu = beta1 * (1 - 0.5 * std::pow(0.96, t * decay));
    const double next = beta1 * (1 - 0.5 * std::pow(0.96, (t + 1) * decay));
    *mu_product *= static_cast<float>(mu);
    const double product = static_cast<double>(*mu_product);
    const float shrink = static_cast<float>(decoupled ? 1 - lr * call.reals[3] : 1.0);
    const float along_g = static_cast<float>(lr * (1 - mu) / (1 - product));
    const float along_m = static_cast<float>(lr * next / (1 - product * next));
    const float new_m = rest(call, 0), old_v = real(call, 1), new_v = rest(call, 1), eps = real(call, 2);
    const float correction = static_cast<float>(1 - std::pow(call.reals[1], t));
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float from = d.p[i] * shrink, g = d.sign * d.g[i] + d.decay * from;
            m[i] += (g - m[i]) * new_m;
            v[i] = v[i] * old_v + g * g * new_v;
            d.p[i] = from - (g * along_g + m[i] * along_m) / (std::sqrt(v[i] / correction) + eps);
        }
    });
}

// p, g, m, v, step, lr; decoupled, maximize; beta1, beta2, eps, weight decay
static void radam_step(const Call& call) {
    const bool decoupled = call.ints[0] != 0;
    const Descent d(call, call.ints[1], decoupled ? 0.0 : call.reals[3]);
    float *m = floats(call, 2), *v = floats(call, 3);
    const double t = counted(call.inputs[4]), lr = rate_of(call, 5), beta2 = call.reals[1];
    const double correction = 1 - std::pow(beta2, t), limit = 2 / (1 - beta2) - 1;
    // the degrees of freedom of the mean v, in the limit and so far
    const double rho = limit - 2 * t * std::pow(beta2, t) / correction;
    const bool adapts = rho > 5;
    const double rectified = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho);
    const double plain = lr / (1 - std::pow(call.reals[0], t));
    const float rate = static_cast<float>(adapts ? plain * std::sqrt(rectified * correction) : plain);
    const float shrink = static_cast<float>(decoupled ? 1 - lr * call.reals[3] : 1.0);
    const float new_m = rest(call, 0), old_v = real(call, 1), new_v = rest(call, 1), eps = real(call, 2);
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float from = d.p[i] * shrink, g = d.sign * d.g[i] + d.decay * from;
            m[i] += (g - m[i]) * new_m;
            v[i] = v[i] * old_v + g * g * new_v;
            d.p[i] = from - m[i] / (adapts ? std::sqrt(v[i]) + eps : 1.0f) * rate;
        }
    });
}

// p, g, v, (m,) (b,) step, lr; maximize; alpha, eps, weight decay, (momentum)
template <bool CENTERED, bool MOMENTUM> static void rmsprop(const Call& call) {
    const Descent d(call, call.ints[0], call.reals[2]);
    constexpr int STEP = 3 + CENTERED + MOMENTUM;
    float *v = floats(call, 2), *m = CENTERED ? floats(call, 3) : v, *b = MOMENTUM ? floats(call, STEP - 1) : v;
    counted(call.inputs[STEP]);
    const float rate = static_cast<float>(rate_of(call, STEP + 1)), momentum = MOMENTUM ? real(call, 3) : 0.0f;
    const float keep = real(call, 0), add = rest(call, 0), eps = real(call, 1);
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float g = d.slope(i);
            v[i] = v[i] * keep + g * g * add;
            float spread = v[i];
            if (CENTERED) {
                m[i] += (g - m[i]) * add;
                spread -= m[i] * m[i];
            }
            float update = g / (std::sqrt(spread) + eps);
            if (MOMENTUM) update = b[i] = b[i] * momentum + update;
            d.p[i] -= update * rate;
        }
    });
}
static void rmsprop_step(const Call& call) { rmsprop<false, false>(call); }
static void rmsprop_centered_step(const Call& call) { rmsprop<true, false>(call); }
static void rmsprop_momentum_step(const Call& call) { rmsprop<false, true>(call); }
static void rmsprop_centered_momentum_step(const Call& call) { rmsprop<true, true>(call); }

// p, g, ax, eta, mu, step, lr; maximize; lambd, alpha, t0, weight decay
static void asgd_step(const Call& call) {
    const Descent d(call, call.ints[0], call.reals[3]);
    float *ax = floats(call, 2), *eta = floats(call, 3), *mu = floats(call, 4);
    const double t = counted(call.inputs[5]), lr = rate_of(call, 6), lambd = call.reals[0];
    const float now = *eta, share = *mu, shrink = static_cast<float>(1 - lambd * static_cast<double>(now));
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float p = d.p[i] * shrink - d.slope(i) * now;
            d.p[i] = p;
            ax[i] = share == 1 ? p : ax[i] + (p - ax[i]) * share;
        }
    });
    *eta = static_cast<float>(lr / std::pow(1 + lambd * lr * t, call.reals[1]));
    *mu = static_cast<float>(1 / std::max(1.0, t - call.reals[2]));
}

// p, g, prev, sizes, step; maximize; eta minus, eta plus, the least and the greatest size
static void rprop_step(const Call& call) {
    const Descent d(call, call.ints[0], 0.0);
    float *prev = floats(call, 2), *sizes = floats(call, 3);
    counted(call.inputs[4]);
    const float minus = real(call, 0), plus = real(call, 1), least = real(call, 2), most = real(call, 3);
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float g = d.sign * d.g[i], agreement = g * prev[i];
            float size = sizes[i] * (agreement > 0 ? plus : (agreement < 0 ? minus : 1.0f));
            size = size < least ? least : size;
            size = size > most ? most : size;
            // where the sign has turned, the step only shrinks, and the next one counts as a first
            const float along = agreement < 0 ? 0.0f : g;
            sizes[i] = size;
            prev[i] = along;
            d.p[i] -= ((along > 0 ? 1.0f : 0.0f) - (along < 0 ? 1.0f : 0.0f)) * size;
        }
    });
}

// p, g, m, lr; maximize; beta1, beta2, weight decay
static void lion_step(const Call& call) {
    const Descent d(call, call.ints[0], 0.0);
    float* m = floats(call, 2);
    const double lr = rate_of(call, 3);
    const float rate = static_cast<float>(lr), shrink = static_cast<float>(1 - lr * call.reals[2]);
    const float old_step = real(call, 0), new_step = rest(call, 0), old_m = real(call, 1), new_m = rest(call, 1);
    ranges(call, call.inputs[0].size, [=](int64_t start, int64_t stop) {
#pragma omp simd
        for (int64_t i = start; i < stop; ++i) {
            const float g = d.sign * d.g[i], along = m[i] * old_step + g * new_step;
            d.p[i] = d.p[i] * shrink - ((along > 0 ? 1.0f : 0.0f) - (along < 0 ? 1.0f : 0.0f)) * rate;
            m[i] = m[i] * old_m + g * new_m;
        }
    });
}

KILN_KERNEL("adagrad_step", adagrad_step);
KILN_KERNEL("adadelta_step", adadelta_step);
KILN_KERNEL("adamax_step", adamax_step);
KILN_KERNEL("nadam_step", nadam_step);
KILN_KERNEL("radam_step", radam_step);
KILN_KERNEL("rmsprop_step", rmsprop_step);
KILN_KERNEL("rmsprop_centered_step", rmsprop_centered_step);
KILN_KERNEL("rmsprop_momentum_step", rmsprop_momentum_step);
KILN_KERNEL("rmsprop_centered_momentum_step", rmsprop_centered_momentum_step);
KILN_KERNEL("asgd_step", asgd_step);
KILN_KERNEL("rprop_step", rprop_step);
KILN_KERNEL("lion_step", lion_step);

}  // namespace KILN_LEVEL
}  // namespace kiln
