// Activations: one pass over memory, 4 n bytes read and written for gelu, 12 n for its gradient.
#include "elementwise.h"
#include "mathematics.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr float ROOT_HALF = 0.70710678118654752f;        // sqrt(1 / 2)
constexpr float DENSITY = 0.39894228040143268f;          // 1 / sqrt(2 pi)
constexpr float ROOT = 0.79788456080286536f;             // sqrt(2 / pi)
constexpr float CUBIC = 0.044715f;

// x Phi(x); ints: 1 for the approximation by tanh
static void gelu(const Call& call) {
    if (call.ints[0])
        map1<float, float>(call, DEAR, [](float v) { return 0.5f * v * (1 + tanh_of(ROOT * (v + CUBIC * v * v * v))); });
    else
        map1<float, float>(call, DEAR, [](float v) { return 0.5f * v * (1 + erf_of(v * ROOT_HALF)); });
}

// g (Phi(x) + x phi(x))
static void gelu_grad(const Call& call) {
    if (call.ints[0])
        map2<float, float, float>(call, DEAR, [](float slope, float v) {
            const float t = tanh_of(ROOT * (v + CUBIC * v * v * v));
            return slope * 0.5f * (1 + t + v * (1 - t * t) * ROOT * (1 + 3 * CUBIC * v * v));
        });
    else
        map2<float, float, float>(call, DEAR, [](float slope, float v) {
            return slope * (0.5f * (1 + erf_of(v * ROOT_HALF)) + v * DENSITY * exp_below(-0.5f * v * v));
        });
}

KILN_KERNEL("gelu", gelu);
KILN_KERNEL("gelu_grad", gelu_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
