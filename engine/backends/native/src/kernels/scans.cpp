// Running sums and products along one axis: x is read once, the result written once. x is [outer, n, inner]; a unit
// of work is a few neighbouring lines, which don't wait for each other. Sums and products of floats are gathered in
// doubles.
#include <algorithm>

#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own
constexpr int64_t COLUMNS = 128;  // lines side by side
constexpr int64_t ROWS = 8;       // lines behind one another

struct Adding {
    template <typename T> static T join(T a, T b) { return a + b; }
};
struct Multiplying {
    template <typename T> static T join(T a, T b) { return a * b; }
};

// Lines of x that begin `apart` from each other, their elements `step`. Total: what is gathered in
template <typename Op, typename T, typename Total>
static inline void scan_lines(const T* x, T* out, int64_t lines, int64_t apart, int64_t n, int64_t step) {
    Total totals[COLUMNS];
    for (int64_t j = 0; j < lines; ++j) totals[j] = static_cast<Total>(out[j * apart] = x[j * apart]);
    for (int64_t k = step; k < n * step; k += step)
        for (int64_t j = 0; j < lines; ++j) {
            totals[j] = Op::join(totals[j], static_cast<Total>(x[k + j * apart]));
            out[k + j * apart] = static_cast<T>(totals[j]);
        }
}

template <typename Op, typename T, typename Total> static void scan(const Call& call) {
    const T* x = call.inputs[0].as<T>();
    T* out = call.outputs[0].as<T>();
    const int64_t outer = call.ints[0], n = call.ints[1], inner = call.ints[2];
    const bool rows = inner == 1;
    const int64_t lines = rows ? outer : inner, block = rows ? ROWS : COLUMNS;
    const int64_t across = (lines + block - 1) / block, units = rows ? across : outer * across;
    const int64_t pieces = std::min(units, pieces_of(outer * n * inner, LEAST));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(units, pieces, piece + 1);
        for (int64_t unit = piece_start(units, pieces, piece); unit < stop; ++unit) {
            const int64_t first = unit % across * block, count = std::min(block, lines - first);
            const int64_t at = rows ? first * n : unit / across * n * inner + first;
            if (rows && count == ROWS) scan_lines<Op, T, Total>(x + at, out + at, ROWS, n, n, 1);
            else if (rows) scan_lines<Op, T, Total>(x + at, out + at, count, n, n, 1);
            else scan_lines<Op, T, Total>(x + at, out + at, count, 1, n, inner);
        }
    });
}

template <typename Op> static void numbers(const Call& call) {
    switch (call.inputs[0].dtype) {
        case DType::f64: return scan<Op, double, double>(call);
        case DType::i64: return scan<Op, int64_t, int64_t>(call);
        default: return scan<Op, float, double>(call);
    }
}

static void cumsum(const Call& call) { numbers<Adding>(call); }
static void cumprod(const Call& call) { numbers<Multiplying>(call); }

KILN_KERNEL("cumsum", cumsum);
KILN_KERNEL("cumprod", cumprod);

}  // namespace KILN_LEVEL
}  // namespace kiln
