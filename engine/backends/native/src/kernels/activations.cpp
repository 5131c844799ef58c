// Activations: one pass over memory, 4 n bytes read and written for gelu, 12 n for its gradient.
#include "mathematics.h"
#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own

// out[i] = f(a[i], b[i]) over all elements
template <typename Function> static void each(const Call& call, const float* a, const float* b, Function f) {
    float* out = call.outputs[0].as<float>();
    const int64_t n = call.outputs[0].size, pieces = pieces_of(n, LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(n, pieces, piece + 1);
        for (int64_t i = piece_start(n, pieces, piece); i < stop; ++i) out[i] = f(a[i], b[i]);
    });
}

constexpr float ROOT_HALF = 0.70710678118654752f;        // sqrt(1 / 2)
constexpr float DENSITY = 0.39894228040143268f;          // 1 / sqrt(2 pi)
constexpr float ROOT = 0.79788456080286536f;             // sqrt(2 / pi)
constexpr float CUBIC = 0.044715f;

// x Phi(x); ints: 1 for the approximation by tanh
static void gelu(const Call& call) {
    const float* x = call.inputs[0].as<float>();
    if (call.ints[0])
        each(call, x, x, [](float v, float) { return 0.5f * v * (1 + tanh_of(ROOT * (v + CUBIC * v * v * v))); });
    else
        each(call, x, x, [](float v, float) { return 0.5f * v * (1 + erf_of(v * ROOT_HALF)); });
}

// g (Phi(x) + x phi(x))
static void gelu_grad(const Call& call) {
    const float* g = call.inputs[0].as<float>();
    const float* x = call.inputs[1].as<float>();
    if (call.ints[0])
        each(call, g, x, [](float slope, float v) {
            const float t = tanh_of(ROOT * (v + CUBIC * v * v * v));
            return slope * 0.5f * (1 + t + v * (1 - t * t) * ROOT * (1 + 3 * CUBIC * v * v));
        });
    else
        each(call, g, x, [](float slope, float v) {
            return slope * (0.5f * (1 + erf_of(v * ROOT_HALF)) + v * DENSITY * exp_of(-0.5f * v * v));
        });
}

KILN_KERNEL("gelu", gelu);
KILN_KERNEL("gelu_grad", gelu_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
