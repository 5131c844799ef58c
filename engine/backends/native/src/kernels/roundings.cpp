// Whole numbers near float32 ones, and what is left over of a division: 8 n and 12 n bytes.
#include <cmath>

#include "elementwise.h"

namespace kiln {
namespace KILN_LEVEL {

template <typename F> static void one(const Call& call, F f) { map1<float, float>(call, CHEAP, f); }
template <typename F> static void two(const Call& call, F f) { map2<float, float, float>(call, DEAR, f); }

static void ceil(const Call& call) {
    one(call, [](float x) { return __builtin_ceilf(x); });
}
static void trunc(const Call& call) {
    one(call, [](float x) { return __builtin_truncf(x); });
}
// halves to the even neighbour
static void round(const Call& call) {
    one(call, [](float x) { return __builtin_rintf(x); });
}
// with the sign of a
static void fmod(const Call& call) {
    two(call, [](float a, float b) { return std::fmod(a, b); });
}

// with the sign of b
static inline float remainder_of(float a, float b) {
    const float rest = std::fmod(a, b);
    if (b == 0 || rest != rest) return rest;
    if (rest == 0) return std::copysign(0.0f, b);
    return (b < 0) != (rest < 0) ? rest + b : rest;
}
static void remainder(const Call& call) { two(call, remainder_of); }

// What is left over is taken off first: a / b alone may be rounded up to the next whole number.
static void floor_divide(const Call& call) {
    two(call, [](float a, float b) {
        if (b == 0) return a / b;
        const float rest = std::fmod(a, b);
        const float whole = (a - rest) / b - (rest != 0 && (b < 0) != (rest < 0) ? 1.0f : 0.0f);
        if (whole == 0) return std::copysign(0.0f, a / b);
        const float below = std::floor(whole);
        return whole - below > 0.5f ? below + 1 : below;
    });
}

KILN_KERNEL("ceil", ceil);
KILN_KERNEL("trunc", trunc);
KILN_KERNEL("round", round);
KILN_KERNEL("fmod", fmod);
KILN_KERNEL("remainder", remainder);
KILN_KERNEL("floor_divide", floor_divide);

}  // namespace KILN_LEVEL
}  // namespace kiln
