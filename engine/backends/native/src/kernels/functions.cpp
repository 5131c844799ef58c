// Functions of one float32 array: 8 n bytes.
#include <cmath>

#include "elementwise.h"
#include "mathematics.h"

namespace kiln {
namespace KILN_LEVEL {

template <typename F> static void cheap(const Call& call, F f) { map1<float, float>(call, CHEAP, f); }
template <typename F> static void dear(const Call& call, F f) { map1<float, float>(call, DEAR, f); }

// second(x, first(x)), for what GCC makes no vector code of in one loop. What the first gives lies beside, a few
// elements at a time, since the result may lie where x does.
template <typename First, typename Second> static void twice(const Call& call, First first, Second second) {
    constexpr int64_t BLOCK = 256;
    const Array &x = call.inputs[0], &out = call.outputs[0];
    const Walk<2> walk(out, {&out, &x});
    const int64_t step = walk.strides[1][0];
    walk.run(call.pool, DEAR, [&](int64_t n, const int64_t* at) {
        float between[BLOCK];
        for (int64_t start = 0; start < n; start += BLOCK) {
            const int64_t count = std::min(BLOCK, n - start);
            const float* from = x.as<float>() + at[1] + start * step;
            float* to = out.as<float>() + at[0] + start;
            if (step == 1) {
#pragma omp simd
                for (int64_t i = 0; i < count; ++i) between[i] = first(from[i]);
            } else {
                for (int64_t i = 0; i < count; ++i) between[i] = first(from[i * step]);
            }
            map2_run(to, from, step, between, 1, count, second);
        }
    });
}

static void neg(const Call& call) {
    cheap(call, [](float x) { return -x; });
}
static void abs(const Call& call) {
    cheap(call, [](float x) { return __builtin_fabsf(x); });
}
static void sign(const Call& call) {
    cheap(call, [](float x) { return (x > 0 ? 1.0f : 0.0f) - (x < 0 ? 1.0f : 0.0f); });
}
static void square(const Call& call) {
    cheap(call, [](float x) { return x * x; });
}
static void sqrt(const Call& call) {
    cheap(call, [](float x) { return __builtin_sqrtf(x); });
}
static void rsqrt(const Call& call) {
    cheap(call, [](float x) { return 1 / __builtin_sqrtf(x); });
}
static void reciprocal(const Call& call) {
    cheap(call, [](float x) { return 1 / x; });
}
// NaN isn't below 0
static void relu(const Call& call) {
    cheap(call, [](float x) { return x < 0 ? 0.0f : x; });
}
// reals: the least and the greatest value; the greatest counts where it is below the least
static void clamp(const Call& call) {
    const float low = static_cast<float>(call.reals[0]), high = static_cast<float>(call.reals[1]);
    cheap(call, [=](float x) {
        const float above = x < low ? low : x;
        return above > high ? high : above;
    });
}
static void floor(const Call& call) {
    cheap(call, [](float x) { return __builtin_floorf(x); });
}

static void exp(const Call& call) {
    dear(call, [](float x) { return exp_of(x); });
}
static void exp2(const Call& call) {
    dear(call, [](float x) { return exp2_of(x); });
}
static void expm1(const Call& call) {
    dear(call, [](float x) { return expm1_of(x); });
}
static void log(const Call& call) {
    dear(call, [](float x) { return log_of(x); });
}
static void log2(const Call& call) {
    dear(call, [](float x) { return log2_of(x); });
}
static void log10(const Call& call) {
    dear(call, [](float x) { return log2_of(x) * 0.301029996f; });
}
static void log1p(const Call& call) {
    dear(call, [](float x) { return log1p_of(x); });
}
static void erf(const Call& call) {
    dear(call, [](float x) { return erf_of(x); });
}
// far away std::sin has the digits
static void sin(const Call& call) {
    twice(call, [](float x) { return sine_of(x, 0); },
          [](float x, float near) { return __builtin_fabsf(x) > PERIODIC ? std::sin(x) : near; });
}
static void cos(const Call& call) {
    twice(call, [](float x) { return sine_of(x, 1); },
          [](float x, float near) { return __builtin_fabsf(x) > PERIODIC ? std::cos(x) : near; });
}
static void tanh(const Call& call) {
    dear(call, [](float x) { return tanh_of(x); });
}
static void sigmoid(const Call& call) {
    dear(call, [](float x) { return sigmoid_of(x); });
}
// log(1 / (1 + e^-x)), without overflow
static void logsigmoid(const Call& call) {
    twice(call, [](float x) { return exp_below(-__builtin_fabsf(x)); },
          [](float x, float small) { return (x < 0 ? x : 0.0f) - log1p_of(small); });
}

KILN_KERNEL("neg", neg);
KILN_KERNEL("abs", abs);
KILN_KERNEL("sign", sign);
KILN_KERNEL("square", square);
KILN_KERNEL("sqrt", sqrt);
KILN_KERNEL("rsqrt", rsqrt);
KILN_KERNEL("reciprocal", reciprocal);
KILN_KERNEL("relu", relu);
KILN_KERNEL("clamp", clamp);
KILN_KERNEL("floor", floor);
KILN_KERNEL("exp", exp);
KILN_KERNEL("exp2", exp2);
KILN_KERNEL("expm1", expm1);
KILN_KERNEL("log", log);
KILN_KERNEL("log2", log2);
KILN_KERNEL("log10", log10);
KILN_KERNEL("log1p", log1p);
KILN_KERNEL("erf", erf);
KILN_KERNEL("sin", sin);
KILN_KERNEL("cos", cos);
KILN_KERNEL("tanh", tanh);
KILN_KERNEL("sigmoid", sigmoid);
KILN_KERNEL("logsigmoid", logsigmoid);

}  // namespace KILN_LEVEL
}  // namespace kiln
