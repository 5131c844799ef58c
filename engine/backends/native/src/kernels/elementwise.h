// Element-wise loops: the function of one element is a template's parameter, the rest is written once.
//
// Memory is what they cost: each operand is read once and the result written once. Runs without gaps, and runs
// along which an operand is one number, are loops that the compiler turns into vector code.
#pragma once
#include "loops.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t CHEAP = 32768;  // elements that are worth a piece of their own, of plain arithmetic
constexpr int64_t DEAR = 8192;    // of exponentials and the like

// out[i] = f(a[i])
template <typename Out, typename A, typename F> static void map1(const Call& call, int64_t least, F f) {
    const Array &a = call.inputs[0], &out = call.outputs[0];
    const Walk<2> walk(out, {&out, &a});
    const int64_t step = walk.strides[1][0];
    walk.run(call.pool, least, [&](int64_t n, const int64_t* at) {
        Out* to = out.as<Out>() + at[0];
        const A* x = a.as<A>() + at[1];
        if (step == 1) {
#pragma omp simd
            for (int64_t i = 0; i < n; ++i) to[i] = f(x[i]);
        } else {
            for (int64_t i = 0; i < n; ++i) to[i] = f(x[i * step]);
        }
    });
}

// to[i] = f(x[i sx], y[i sy]) for i in [0, n)
template <typename Out, typename A, typename B, typename F>
static inline void map2_run(Out* to, const A* x, int64_t sx, const B* y, int64_t sy, int64_t n, F f) {
    if (sx == 1 && sy == 1) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) to[i] = f(x[i], y[i]);
    } else if (sx == 1 && sy == 0) {
        const B one = *y;
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) to[i] = f(x[i], one);
    } else if (sx == 0 && sy == 1) {
        const A one = *x;
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) to[i] = f(one, y[i]);
    } else {
        for (int64_t i = 0; i < n; ++i) to[i] = f(x[i * sx], y[i * sy]);
    }
}

// out[i] = f(a[i], b[i]), broadcasting
template <typename Out, typename A, typename B, typename F>
static void map2(const Call& call, int64_t least, F f) {
    const Array &a = call.inputs[0], &b = call.inputs[1], &out = call.outputs[0];
    const Walk<3> walk(out, {&out, &a, &b});
    const int64_t sa = walk.strides[1][0], sb = walk.strides[2][0];
    walk.run(call.pool, least, [&](int64_t n, const int64_t* at) {
        map2_run(out.as<Out>() + at[0], a.as<A>() + at[1], sa, b.as<B>() + at[2], sb, n, f);
    });
}

}  // namespace KILN_LEVEL
}  // namespace kiln
