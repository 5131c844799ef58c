// Copies: of strided arrays, into other dtypes, into parts of arrays, end to end. 8 n bytes in float32.
#include <cmath>
#include <cstring>

#include "elementwise.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t SHORT = 64;  // elements that are copied a few at a time
constexpr int64_t TILE = 16;  // rows and columns that are turned at once, two cache lines of each

template <typename T> static void copy_run(T* to, int64_t st, const T* from, int64_t sf, int64_t n) {
    if (st == 1 && sf == 1 && n < SHORT) {
        // of a size that is known, so that no function is called for it
        for (; n >= 8; n -= 8, to += 8, from += 8) std::memcpy(to, from, 8 * sizeof(T));
        for (; n >= 2; n -= 2, to += 2, from += 2) std::memcpy(to, from, 2 * sizeof(T));
        if (n > 0) *to = *from;
    } else if (st == 1 && sf == 1) {
        std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    } else if (st == 1 && sf == 0) {
        const T one = *from;
        for (int64_t i = 0; i < n; ++i) to[i] = one;
    } else {
        for (int64_t i = 0; i < n; ++i) to[i * st] = from[i * sf];
    }
}

// The elements of `from`, broadcast to the shape of `to`, over it.
template <typename T> static void copy_as(const Call& call, const Array& to, const Array& from) {
    const Walk<2> walk(to, {&to, &from});
    walk.run(call.pool, CHEAP, [&](int64_t n, const int64_t* at) {
        copy_run(to.as<T>() + at[0], walk.strides[0][0], from.as<T>() + at[1], walk.strides[1][0], n);
    });
}

template <typename Copy> static void by_width(DType dtype, Copy copy) {
    switch (dtype) {
        case DType::f32:
        case DType::i32: return copy(uint32_t{});
        case DType::f64:
        case DType::i64: return copy(uint64_t{});
        default: return copy(uint8_t{});
    }
}

// What lies one behind another along `axis` of x goes to places far apart: tile by tile, so that both sides stay
// in the cache.
template <typename T> static void turn(const Call& call, const Walk<1>& walk, int axis, const T* x, T* out) {
    const int64_t columns = walk.shape[0], rows = walk.shape[axis], wide = walk.strides[0][0];
    int64_t places[MAX_AXES] = {1};
    for (int k = 1; k < walk.axes; ++k) places[k] = places[k - 1] * walk.shape[k - 1];
    const int64_t down = places[axis], bands = (rows + TILE - 1) / TILE, planes = walk.size / (rows * columns);
    const int64_t pieces = std::min(planes * bands, pieces_of(walk.size, CHEAP));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(planes * bands, pieces, piece + 1);
        for (int64_t unit = piece_start(planes * bands, pieces, piece); unit < stop; ++unit) {
            const int64_t first = unit % bands * TILE, last = std::min(rows, first + TILE);
            const T* from = x;
            T* to = out;
            int64_t rest = unit / bands;
            for (int k = 1; k < walk.axes; ++k) {
                if (k == axis) continue;
                from += rest % walk.shape[k] * walk.strides[0][k];
                to += rest % walk.shape[k] * places[k];
                rest /= walk.shape[k];
            }
            for (int64_t left = 0; left < columns; left += TILE) {
                const int64_t right = std::min(columns, left + TILE);
                for (int64_t r = first; r < last; ++r)
                    for (int64_t c = left; c < right; ++c) to[r * down + c] = from[r + c * wide];
            }
        }
    });
}

// x without gaps; the result may have another shape
template <typename T> static void clone_as(const Call& call) {
    const Array& x = call.inputs[0];
    const Walk<1> walk(x, {&x});
    T* out = call.outputs[0].as<T>();
    const int64_t step = walk.strides[0][0];
    for (int axis = 1; step != 1 && axis < walk.axes; ++axis)
        if (walk.strides[0][axis] == 1) return turn(call, walk, axis, x.as<T>(), out);
    const int64_t pieces = pieces_of(x.size, CHEAP);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t start = piece_start(x.size, pieces, piece);
        T* to = out + start;
        walk.range(start, piece_start(x.size, pieces, piece + 1), [&](int64_t n, const int64_t* at) {
            copy_run(to, int64_t{1}, x.as<T>() + at[0], step, n);
            to += n;
        });
    });
}

static void clone(const Call& call) {
    by_width(call.inputs[0].dtype, [&](auto word) { clone_as<decltype(word)>(call); });
}

// x[...] = source
static void copy(const Call& call) {
    by_width(call.inputs[0].dtype, [&](auto word) { copy_as<decltype(word)>(call, call.inputs[0], call.inputs[1]); });
}

// end to end along the axis ints[0]; ints[1]: how many
static void cat(const Call& call) {
    const int64_t axis = call.ints[0], count = call.ints[1];
    Array part = call.outputs[0];
    by_width(part.dtype, [&](auto word) {
        using T = decltype(word);
        for (int64_t k = 0; k < count; ++k) {
            const Array& x = call.inputs[k];
            part.shape[axis] = x.shape[axis];
            copy_as<T>(call, part, x);
            part.data = part.as<T>() + x.shape[axis] * part.strides[axis];
        }
    });
}

// x += source
static void accumulate(const Call& call) {
    const Array &x = call.inputs[0], &source = call.inputs[1];
    const Walk<2> walk(x, {&x, &source});
    const int64_t sx = walk.strides[0][0], ss = walk.strides[1][0];
    walk.run(call.pool, CHEAP, [&](int64_t n, const int64_t* at) {
        float* to = x.as<float>() + at[0];
        const float* from = source.as<float>() + at[1];
        if (sx == 1) return map2_run(to, to, 1, from, ss, n, [](float a, float b) { return a + b; });
        for (int64_t i = 0; i < n; ++i) to[i * sx] += from[i * ss];
    });
}

// one number, as ints[0] and as reals[0], all over x
static void fill_all(const Call& call, const Array& x) {
    Array one{};
    const double real = call.reals[0];
    const int64_t whole = call.ints[0];
    const float narrow = static_cast<float>(real);
    const int32_t half = static_cast<int32_t>(whole);
    const uint8_t byte = static_cast<uint8_t>(whole);
    const void* data[] = {&narrow, &real, &whole, &half, &byte, &byte};  // in the order of DType
    one.data = const_cast<void*>(data[static_cast<int>(x.dtype)]);
    one.size = 1;
    by_width(x.dtype, [&](auto word) { copy_as<decltype(word)>(call, x, one); });
}
static void fill(const Call& call) { fill_all(call, call.inputs[0]); }
static void full(const Call& call) { fill_all(call, call.outputs[0]); }

template <typename Out, typename In> static void cast_to(const Call& call) {
    map1<Out, In>(call, CHEAP, [](In x) { return static_cast<Out>(x); });
}

template <typename In> static void cast_from(const Call& call) {
    switch (call.outputs[0].dtype) {
        case DType::f32: return cast_to<float, In>(call);
        case DType::f64: return cast_to<double, In>(call);
        case DType::i64: return cast_to<int64_t, In>(call);
        case DType::i32: return cast_to<int32_t, In>(call);
        case DType::u8: return cast_to<uint8_t, In>(call);
        default: return map1<uint8_t, In>(call, CHEAP, [](In x) -> uint8_t { return x != 0; });
    }
}

static void cast(const Call& call) {
    switch (call.inputs[0].dtype) {
        case DType::f32: return cast_from<float>(call);
        case DType::f64: return cast_from<double>(call);
        case DType::i64: return cast_from<int64_t>(call);
        case DType::i32: return cast_from<int32_t>(call);
        default: return cast_from<uint8_t>(call);
    }
}

// 0 above the diagonal ints[0] of each matrix, or below it where ints[1] is 1
static void triangle(const Call& call) {
    const Array& x = call.inputs[0];
    const int64_t rows = x.shape[x.axes - 2], columns = x.shape[x.axes - 1], diagonal = call.ints[0];
    const float* from = x.as<float>();
    float* to = call.outputs[0].as<float>();
    const bool upper = call.ints[1] != 0;
    const int64_t all = x.size / columns, pieces = std::min(all, pieces_of(x.size, CHEAP));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(all, pieces, piece + 1);
        for (int64_t row = piece_start(all, pieces, piece); row < stop; ++row) {
            const int64_t edge = row % rows + diagonal;  // the last column that a lower triangle keeps
            for (int64_t c = 0; c < columns; ++c) {
                const bool kept = upper ? c >= edge : c <= edge;
                to[row * columns + c] = kept ? from[row * columns + c] : 0.0f;
            }
        }
    });
}

KILN_KERNEL("clone", clone);
KILN_KERNEL("copy", copy);
KILN_KERNEL("cat", cat);
KILN_KERNEL("accumulate", accumulate);
KILN_KERNEL("fill", fill);
KILN_KERNEL("full", full);
KILN_KERNEL("cast", cast);
KILN_KERNEL("triangle", triangle);

}  // namespace KILN_LEVEL
}  // namespace kiln
