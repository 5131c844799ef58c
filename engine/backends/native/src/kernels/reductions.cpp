// Sums, means, extremes and norms over any axes; ints: a bit for each axis that goes.
#include <cmath>
#include <limits>

#include "mathematics.h"
#include "reduce.h"

namespace kiln {
namespace KILN_LEVEL {

template <typename T, typename S, typename W> struct Adding {
    using Item = T;
    using Sum = S;
    using Total = W;
    const float* about = nullptr;
    static S none() { return 0; }
    S add(S s, T v, float) const { return s + static_cast<S>(v); }
    template <typename N> static N join(N a, N b) { return a + b; }
};
using Floats = Adding<float, float, double>;

struct Magnitudes : Floats {
    float add(float s, float v, float) const { return s + __builtin_fabsf(v); }
};

struct Squares : Floats {
    float add(float s, float v, float) const { return s + v * v; }
};

struct Deviations : Floats {
    float add(float s, float v, float mean) const { return s + (v - mean) * (v - mean); }
};

struct Factors : Adding<float, double, double> {
    static double none() { return 1; }
    double add(double s, float v, float) const { return s * static_cast<double>(v); }
    static double join(double a, double b) { return a * b; }
};

struct Exponentials : Floats {
    float add(float s, float v, float top) const { return s + exp_of(v - top); }
};

// a NaN stays one, whichever side it is on
struct Largest {
    using Item = float;
    using Sum = float;
    using Total = float;
    const float* about = nullptr;
    static float none() { return -std::numeric_limits<float>::infinity(); }
    float add(float s, float v, float) const { return join(s, v); }
    static float join(float a, float b) { return a > b || a != a ? a : b; }
};

struct Smallest : Largest {
    static float none() { return std::numeric_limits<float>::infinity(); }
    float add(float s, float v, float) const { return join(s, v); }
    static float join(float a, float b) { return a < b || a != a ? a : b; }
};

struct Outermost : Largest {
    float add(float s, float v, float) const { return join(s, __builtin_fabsf(v)); }
};

struct Any : Adding<uint8_t, uint8_t, uint8_t> {
    uint8_t add(uint8_t s, uint8_t v, float) const { return s | v; }
    static uint8_t join(uint8_t a, uint8_t b) { return a | b; }
};

struct All : Adding<uint8_t, uint8_t, uint8_t> {
    static uint8_t none() { return 1; }
    uint8_t add(uint8_t s, uint8_t v, float) const { return s & v; }
    static uint8_t join(uint8_t a, uint8_t b) { return a & b; }
};

// The total itself, in the dtype of the result.
template <typename Out, typename Op> static void plain(const Call& call, const Op& op) {
    Out* out = call.outputs[0].as<Out>();
    reduce(call, op, [=](int64_t k, typename Op::Total total) { out[k] = static_cast<Out>(total); });
}

// How many elements each result is made of.
static double count_of(const Call& call) { return static_cast<double>(axes_of(call.inputs[0], call.ints[0]).size); }

static void sum(const Call& call) {
    switch (call.inputs[0].dtype) {
        case DType::f32: return plain<float>(call, Floats{});
        case DType::f64: return plain<double>(call, Adding<double, double, double>{});
        case DType::i64: return plain<int64_t>(call, Adding<int64_t, int64_t, int64_t>{});
        case DType::i32: return plain<int64_t>(call, Adding<int32_t, int64_t, int64_t>{});
        default: return plain<int64_t>(call, Adding<uint8_t, int64_t, int64_t>{});
    }
}

static void mean(const Call& call) {
    float* out = call.outputs[0].as<float>();
    const double count = count_of(call);
    reduce(call, Floats{}, [=](int64_t k, double total) { out[k] = static_cast<float>(total / count); });
}

static void amax(const Call& call) { plain<float>(call, Largest{}); }
static void amin(const Call& call) { plain<float>(call, Smallest{}); }
static void prod(const Call& call) { plain<float>(call, Factors{}); }
static void any(const Call& call) { plain<uint8_t>(call, Any{}); }
static void all(const Call& call) { plain<uint8_t>(call, All{}); }

// Of the squares about the mean; reals: what is divided by, and 1 for the root. The results' own memory holds the
// means first.
static void var(const Call& call) {
    mean(call);
    float* out = call.outputs[0].as<float>();
    const double degrees = call.reals[0];
    const bool root = call.reals[1] != 0;
    Deviations op;
    op.about = out;
    reduce(call, op, [=](int64_t k, double total) {
        const double found = total / degrees;
        out[k] = static_cast<float>(root ? std::sqrt(found) : found);
    });
}

// The results' own memory holds the largest elements first, or 0 where they aren't finite.
static void logsumexp(const Call& call) {
    float* out = call.outputs[0].as<float>();
    reduce(call, Largest{}, [=](int64_t k, float top) { out[k] = std::isfinite(top) ? top : 0.0f; });
    Exponentials op;
    op.about = out;
    reduce(call, op, [=](int64_t k, double total) { out[k] += static_cast<float>(std::log(total)); });
}

// reals: p, which is 1, 2 or infinity
static void vector_norm(const Call& call) {
    float* out = call.outputs[0].as<float>();
    if (call.reals[0] == 1) return plain<float>(call, Magnitudes{});
    if (call.reals[0] != 2) return plain<float>(call, Outermost{});
    reduce(call, Squares{}, [=](int64_t k, double total) { out[k] = static_cast<float>(std::sqrt(total)); });
}

KILN_KERNEL("sum", sum);
KILN_KERNEL("mean", mean);
KILN_KERNEL("amax", amax);
KILN_KERNEL("amin", amin);
KILN_KERNEL("prod", prod);
KILN_KERNEL("any", any);
KILN_KERNEL("all", all);
KILN_KERNEL("var", var);
KILN_KERNEL("logsumexp", logsumexp);
KILN_KERNEL("vector_norm", vector_norm);

}  // namespace KILN_LEVEL
}  // namespace kiln
