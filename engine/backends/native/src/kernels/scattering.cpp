// Single elements picked, put down and added up along one axis, and zeros with an array in the midst of them.
//
// gather reads and writes n elements beside n indices; scatter and scatter_add copy first, and a piece has rows or columns
// for itself, so that the sums keep the order of the indices. slice_grad writes each element once or twice.
#include <algorithm>
#include <atomic>

#include "failure.h"
#include "places.h"
#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own

static void check(const Call& call, const Array& index, int64_t dim, int64_t size) {
    const Places lines(index, 0, index.axes - 1);
    const int64_t *from = index.as<int64_t>(), n = index.shape[index.axes - 1], step = index.strides[index.axes - 1];
    const int64_t count = lines.count(), pieces = pieces_of(count * n, 4 * LEAST);
    std::atomic<bool> wrong{false};
    call.pool.run(pieces, [&](int64_t piece) {
        bool bad = false;
        const int64_t stop = piece_start(count, pieces, piece + 1);
        for (int64_t line = piece_start(count, pieces, piece); line < stop; ++line) {
            const int64_t* here = from + lines[line];
            uint64_t most = 0;  // a negative index is a huge one without its sign
            if (step == 1)
                for (int64_t i = 0; i < n; ++i) most = std::max(most, static_cast<uint64_t>(here[i]));
            else
                for (int64_t i = 0; i < n; ++i) most = std::max(most, static_cast<uint64_t>(here[i * step]));
            bad |= most >= static_cast<uint64_t>(size);
        }
        if (bad) wrong = true;
    });
    if (!wrong) return;
    int64_t least = 0, most = 0;
    for (int64_t line = 0; line < count; ++line)
        for (int64_t i = 0; i < n; ++i) {
            const int64_t given = from[lines[line] + i * step];
            least = std::min(least, given);
            if (most < size) most = std::max(most, given);
        }
    if (least < 0) throw OutOfRange("index " + std::to_string(least) + " is negative");
    throw OutOfRange("index " + std::to_string(most) + " is out of bounds for axis " + std::to_string(dim) +
                     " with size " + std::to_string(size));
}

// Of an index's lines along the last axis: where each begins in an array that counts in all axes but `dim`.
static Places beginnings(const Array& array, const Array& index, int64_t dim) {
    Array part = array;
    for (int axis = 0; axis < index.axes; ++axis) {
        part.shape[axis] = index.shape[axis];
        if (axis == dim) part.strides[axis] = 0;
    }
    return Places(part, 0, index.axes - 1);
}

template <typename T> static void taken(const Call& call) {
    const Array &x = call.inputs[0], &index = call.inputs[1];
    const int64_t dim = call.ints[0], last = index.axes - 1;
    const Places lines(index, 0, static_cast<int>(last)), starts = beginnings(x, index, dim);
    const int64_t n = index.shape[last], step = index.strides[last], count = lines.count();
    const int64_t along = x.strides[dim], beside = dim == last ? 0 : x.strides[last];
    T* out = call.outputs[0].as<T>();
    const int64_t pieces = pieces_of(count * n, LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(count, pieces, piece + 1);
        for (int64_t line = piece_start(count, pieces, piece); line < stop; ++line) {
            const T* from = x.as<T>() + starts[line];
            const int64_t* which = index.as<int64_t>() + lines[line];
            T* to = out + line * n;
            if (step == 1 && along == 1 && beside == 0)
                for (int64_t i = 0; i < n; ++i) to[i] = from[which[i]];
            else
                for (int64_t i = 0; i < n; ++i) to[i] = from[which[i * step] * along + i * beside];
        }
    });
}

// x, index; ints: dim
static void gather(const Call& call) {
    check(call, call.inputs[1], call.ints[0], call.inputs[0].shape[call.ints[0]]);
    switch (call.inputs[0].dtype) {
        case DType::f64:
        case DType::i64: return taken<int64_t>(call);
        case DType::f32:
        case DType::i32: return taken<int32_t>(call);
        default: return taken<uint8_t>(call);
    }
}

struct Added {
    template <typename T> static void put(T& to, T value) { to += value; }
};
struct Replaced {
    template <typename T> static void put(T& to, T value) { to = value; }
};

// x without gaps, index, source; ints: dim. Of elements that are put in one place, each in the order of the indices.
template <typename Op, typename T> static void scattered(const Call& call) {
    const Array &x = call.inputs[0], &index = call.inputs[1], &source = call.inputs[2], &out = call.outputs[0];
    const int64_t dim = call.ints[0], last = index.axes - 1;
    check(call, index, dim, x.shape[dim]);
    const int64_t copies = pieces_of(x.size, LEAST);
    call.pool.run(copies, [&](int64_t piece) {
        const int64_t start = piece_start(x.size, copies, piece), stop = piece_start(x.size, copies, piece + 1);
        std::copy_n(x.as<T>() + start, stop - start, out.as<T>() + start);
    });
    const Places lines(index, 0, static_cast<int>(last)), starts = beginnings(out, index, dim);
    const Places given(source, 0, static_cast<int>(last));
    const int64_t n = index.shape[last], count = lines.count(), step = index.strides[last];
    const int64_t source_step = source.strides[last], along = out.strides[dim];
    const int64_t beside = dim == last ? 0 : out.strides[last];
    // which elements no two pieces share: those of other outer rows, or of other columns
    const bool outer = dim > 0, columns = !outer && last > 0;
    const int64_t apart = outer ? index.shape[0] : (columns ? n : 1), each = outer ? count / apart : 0;
    const int64_t pieces = std::min(apart, pieces_of(index.size, LEAST, 16));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t from = piece_start(apart, pieces, piece), to = piece_start(apart, pieces, piece + 1);
        const int64_t first_line = outer ? from * each : 0, stop_line = outer ? to * each : count;
        const int64_t first = columns ? from : 0, stop = columns ? to : n;
        for (int64_t line = first_line; line < stop_line; ++line) {
            T* to_line = out.as<T>() + starts[line];
            const int64_t* which = index.as<int64_t>() + lines[line];
            const T* values = source.as<T>() + given[line];
            if (step == 1 && source_step == 1 && along == 1 && beside == 0)
                for (int64_t i = first; i < stop; ++i) Op::put(to_line[which[i]], values[i]);
            else
                for (int64_t i = first; i < stop; ++i)
                    Op::put(to_line[which[i * step] * along + i * beside], values[i * source_step]);
        }
    });
}

static void scatter_add(const Call& call) { scattered<Added, float>(call); }

static void scatter(const Call& call) {
    switch (call.inputs[0].dtype) {
        case DType::f64:
        case DType::i64: return scattered<Replaced, int64_t>(call);
        case DType::f32:
        case DType::i32: return scattered<Replaced, int32_t>(call);
        default: return scattered<Replaced, uint8_t>(call);
    }
}

// x of any strides; ints: where it begins among the zeros, and its strides there
static void slice_grad(const Call& call) {
    const Array &x = call.inputs[0], &out = call.outputs[0];
    const int64_t start = call.ints[0];
    Array part = x;
    part.data = out.as<float>() + start;
    for (int axis = 0; axis < x.axes; ++axis) part.strides[axis] = call.ints[1 + axis];
    const Places whole(part, 0, x.axes), from_whole(x, 0, x.axes);
    float* to = out.as<float>();
    // one run: the zeros are beside it
    const bool run = whole.one_axis() && whole.step() == 1 && from_whole.one_axis() && from_whole.step() == 1;
    const int64_t zeros = pieces_of(out.size, LEAST);
    call.pool.run(zeros, [&](int64_t piece) {
        const int64_t first = piece_start(out.size, zeros, piece), stop = piece_start(out.size, zeros, piece + 1);
        if (!run) {
            std::fill_n(to + first, stop - first, 0.0f);
            return;
        }
        const int64_t begin = std::clamp(start, first, stop), end = std::clamp(start + x.size, first, stop);
        std::fill_n(to + first, begin - first, 0.0f);
        std::copy_n(x.as<float>() + (begin - start), end - begin, to + begin);
        std::fill_n(to + end, stop - end, 0.0f);
    });
    if (run) return;
    const int last = x.axes - 1;
    const Places lines(part, 0, last), from(x, 0, last);
    const int64_t n = x.shape[last], step = part.strides[last], from_step = x.strides[last], count = lines.count();
    const int64_t pieces = pieces_of(x.size, LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(count, pieces, piece + 1);
        for (int64_t line = piece_start(count, pieces, piece); line < stop; ++line) {
            float* there = to + start + lines[line];
            const float* here = x.as<float>() + from[line];
            if (step == 1 && from_step == 1) std::copy_n(here, n, there);
            else
                for (int64_t i = 0; i < n; ++i) there[i * step] = here[i * from_step];
        }
    });
}

KILN_KERNEL("gather", gather);
KILN_KERNEL("scatter", scatter);
KILN_KERNEL("scatter_add", scatter_add);
KILN_KERNEL("slice_grad", slice_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
