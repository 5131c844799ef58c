// Comparisons and logic, which give bool, and the choice between two arrays by a condition.
#include <cmath>

#include "elementwise.h"

namespace kiln {
namespace KILN_LEVEL {

template <typename F> static void compare(const Call& call, F f) {
    switch (call.inputs[0].dtype) {
        case DType::f32: return map2<uint8_t, float, float>(call, CHEAP, f);
        case DType::f64: return map2<uint8_t, double, double>(call, CHEAP, f);
        case DType::i64: return map2<uint8_t, int64_t, int64_t>(call, CHEAP, f);
        default: return map2<uint8_t, uint8_t, uint8_t>(call, CHEAP, f);
    }
}

static void eq(const Call& call) {
    compare(call, [](auto a, auto b) { return a == b; });
}
static void ne(const Call& call) {
    compare(call, [](auto a, auto b) { return a != b; });
}
static void lt(const Call& call) {
    compare(call, [](auto a, auto b) { return a < b; });
}
static void le(const Call& call) {
    compare(call, [](auto a, auto b) { return a <= b; });
}
static void gt(const Call& call) {
    compare(call, [](auto a, auto b) { return a > b; });
}
static void ge(const Call& call) {
    compare(call, [](auto a, auto b) { return a >= b; });
}

// of bool, which is 0 or 1
static void logical_and(const Call& call) {
    map2<uint8_t, uint8_t, uint8_t>(call, CHEAP, [](uint8_t a, uint8_t b) -> uint8_t { return a & b; });
}
static void logical_or(const Call& call) {
    map2<uint8_t, uint8_t, uint8_t>(call, CHEAP, [](uint8_t a, uint8_t b) -> uint8_t { return a | b; });
}
static void logical_xor(const Call& call) {
    map2<uint8_t, uint8_t, uint8_t>(call, CHEAP, [](uint8_t a, uint8_t b) -> uint8_t { return a ^ b; });
}
static void logical_not(const Call& call) {
    map1<uint8_t, uint8_t>(call, CHEAP, [](uint8_t a) -> uint8_t { return a ^ 1; });
}
static void isnan(const Call& call) {
    map1<uint8_t, float>(call, CHEAP, [](float a) -> uint8_t { return a != a; });
}
static void isinf(const Call& call) {
    map1<uint8_t, float>(call, CHEAP, [](float a) -> uint8_t { return a == a && a - a != 0; });
}
static void isfinite(const Call& call) {
    map1<uint8_t, float>(call, CHEAP, [](float a) -> uint8_t { return a - a == 0; });
}

// to[i] = c[i] ? x[i sx] : y[i sy]; a stride that isn't known here is 0 or 1
template <typename T>
static void choose(T* to, const uint8_t* c, const T* x, int64_t sx, const T* y, int64_t sy, int64_t n) {
    if (sx == 1 && sy == 1) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) to[i] = c[i] ? x[i] : y[i];
    } else if (sx == 1) {
        const T other = *y;
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) to[i] = c[i] ? x[i] : other;
    } else if (sy == 1) {
        const T one = *x;
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) to[i] = c[i] ? one : y[i];
    } else {
        const T one = *x, other = *y;
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) to[i] = c[i] ? one : other;
    }
}

// of elements as wide as T, whatever they are
template <typename T> static void choose_all(const Call& call) {
    const Array &c = call.inputs[0], &a = call.inputs[1], &b = call.inputs[2], &out = call.outputs[0];
    const Walk<4> walk(out, {&out, &c, &a, &b});
    const int64_t sc = walk.strides[1][0], sa = walk.strides[2][0], sb = walk.strides[3][0];
    const bool plain = sc == 1 && (sa == 0 || sa == 1) && (sb == 0 || sb == 1);
    walk.run(call.pool, CHEAP, [&](int64_t n, const int64_t* at) {
        T* to = out.as<T>() + at[0];
        const uint8_t* which = c.as<uint8_t>() + at[1];
        const T *x = a.as<T>() + at[2], *y = b.as<T>() + at[3];
        if (plain) return choose(to, which, x, sa, y, sb, n);
        if (sc == 0) {
            const T* from = *which ? x : y;
            const int64_t step = *which ? sa : sb;
            for (int64_t i = 0; i < n; ++i) to[i] = from[i * step];
            return;
        }
        for (int64_t i = 0; i < n; ++i) to[i] = which[i * sc] ? x[i * sa] : y[i * sb];
    });
}

static void where(const Call& call) {
    switch (call.inputs[1].dtype) {
        case DType::f32:
        case DType::i32: return choose_all<uint32_t>(call);
        case DType::f64:
        case DType::i64: return choose_all<uint64_t>(call);
        default: return choose_all<uint8_t>(call);
    }
}

KILN_KERNEL("eq", eq);
KILN_KERNEL("ne", ne);
KILN_KERNEL("lt", lt);
KILN_KERNEL("le", le);
KILN_KERNEL("gt", gt);
KILN_KERNEL("ge", ge);
KILN_KERNEL("logical_and", logical_and);
KILN_KERNEL("logical_or", logical_or);
KILN_KERNEL("logical_xor", logical_xor);
KILN_KERNEL("logical_not", logical_not);
KILN_KERNEL("isnan", isnan);
KILN_KERNEL("isinf", isinf);
KILN_KERNEL("isfinite", isfinite);
KILN_KERNEL("where", where);

}  // namespace KILN_LEVEL
}  // namespace kiln
