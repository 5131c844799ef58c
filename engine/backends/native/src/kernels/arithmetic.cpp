// Arithmetic of two arrays, broadcasting, and the gradients of activations: 12 n bytes in float32.
#include <cmath>

#include "elementwise.h"
#include "mathematics.h"

namespace kiln {
namespace KILN_LEVEL {

template <typename F> static void floats(const Call& call, F f) { map2<float, float, float>(call, CHEAP, f); }

// of float32, float64 and int64
template <typename F> static void numbers(const Call& call, F f) {
    switch (call.inputs[0].dtype) {
        case DType::f64: return map2<double, double, double>(call, CHEAP, f);
        case DType::i64: return map2<int64_t, int64_t, int64_t>(call, CHEAP, f);
        default: return map2<float, float, float>(call, CHEAP, f);
    }
}

static void add(const Call& call) {
    numbers(call, [](auto a, auto b) { return a + b; });
}
static void sub(const Call& call) {
    numbers(call, [](auto a, auto b) { return a - b; });
}
static void mul(const Call& call) {
    numbers(call, [](auto a, auto b) { return a * b; });
}
static void div(const Call& call) {
    if (call.inputs[0].dtype == DType::f64)
        return map2<double, double, double>(call, CHEAP, [](double a, double b) { return a / b; });
    floats(call, [](float a, float b) { return a / b; });
}
// a NaN on either side stays one
static void maximum(const Call& call) {
    numbers(call, [](auto a, auto b) { return a > b || a != a ? a : b; });
}
static void minimum(const Call& call) {
    numbers(call, [](auto a, auto b) { return a < b || a != a ? a : b; });
}

// of a NaN and a number, the number
static void fmax(const Call& call) {
    floats(call, [](float a, float b) { return a >= b || b != b ? a : b; });
}
static void fmin(const Call& call) {
    floats(call, [](float a, float b) { return a <= b || b != b ? a : b; });
}
static void copysign(const Call& call) {
    floats(call, [](float a, float b) { return __builtin_copysignf(a, b); });
}
// in doubles, which squares of floats don't overflow; an infinity counts beside a NaN
static void hypot(const Call& call) {
    floats(call, [](float a, float b) {
        const double x = static_cast<double>(a), y = static_cast<double>(b);
        const float infinite = __builtin_inff(), length = static_cast<float>(__builtin_sqrt(x * x + y * y));
        return (__builtin_fabsf(a) == infinite) | (__builtin_fabsf(b) == infinite) ? infinite : length;
    });
}
// log(e^a + e^b), without overflow; of two equal infinities that one
static void logaddexp(const Call& call) {
    map2<float, float, float>(call, DEAR, [](float a, float b) {
        const float top = a > b || a != a ? a : b, apart = a == b ? 0.0f : a - b;
        return top + log1p_of(exp_below(-__builtin_fabsf(apart)));
    });
}

// The exponents that training uses are products and roots.
static void pow(const Call& call) {
    const Array& b = call.inputs[1];
    const float power = b.size == 1 ? *b.as<float>() : 0.0f;
    if (power == 1.0f) return floats(call, [](float a, float) { return a; });
    if (power == 2.0f) return floats(call, [](float a, float) { return a * a; });
    if (power == 3.0f) return floats(call, [](float a, float) { return a * a * a; });
    if (power == -1.0f) return floats(call, [](float a, float) { return 1 / a; });
    map2<float, float, float>(call, DEAR, [](float x, float y) { return std::pow(x, y); });
}

// 0 where a is, but for a NaN in b
static void xlogy(const Call& call) {
    map2<float, float, float>(call, DEAR, [](float a, float b) { return a == 0 && b == b ? 0.0f : a * log_of(b); });
}

// g, and 0 where out <= 0, also for an infinite g
static void relu_grad(const Call& call) {
    floats(call, [](float g, float out) { return out <= 0 ? 0.0f : g; });
}
static void tanh_grad(const Call& call) {
    floats(call, [](float g, float out) { return g * (1 - out * out); });
}
static void sigmoid_grad(const Call& call) {
    floats(call, [](float g, float out) { return g * (out * (1 - out)); });
}

// reals: low, high. g where low <= x <= high, else 0
static void clamp_grad(const Call& call) {
    const float low = static_cast<float>(call.reals[0]), high = static_cast<float>(call.reals[1]);
    floats(call, [=](float g, float x) { return (x >= low) & (x <= high) ? g : 0.0f; });
}
// reals: low, high. g, and 0 where out <= low or out >= high
static void hardtanh_grad(const Call& call) {
    const float low = static_cast<float>(call.reals[0]), high = static_cast<float>(call.reals[1]);
    floats(call, [=](float g, float out) { return (out <= low) | (out >= high) ? 0.0f : g; });
}

KILN_KERNEL("add", add);
KILN_KERNEL("sub", sub);
KILN_KERNEL("mul", mul);
KILN_KERNEL("div", div);
KILN_KERNEL("maximum", maximum);
KILN_KERNEL("minimum", minimum);
KILN_KERNEL("fmax", fmax);
KILN_KERNEL("fmin", fmin);
KILN_KERNEL("copysign", copysign);
KILN_KERNEL("hypot", hypot);
KILN_KERNEL("logaddexp", logaddexp);
KILN_KERNEL("pow", pow);
KILN_KERNEL("xlogy", xlogy);
KILN_KERNEL("relu_grad", relu_grad);
KILN_KERNEL("tanh_grad", tanh_grad);
KILN_KERNEL("sigmoid_grad", sigmoid_grad);
KILN_KERNEL("clamp_grad", clamp_grad);
KILN_KERNEL("hardtanh_grad", hardtanh_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
