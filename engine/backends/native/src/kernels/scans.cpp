// Running sums and products along one axis: x is read once, the result written once. x is [outer, n, inner]; a unit
// of work is the lines of up to COLUMNS neighbours of inner. Sums and products of floats are gathered in doubles.
#include <algorithm>

#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own
constexpr int64_t COLUMNS = 128;

struct Adding {
    template <typename T> static T join(T a, T b) { return a + b; }
};
struct Multiplying {
    template <typename T> static T join(T a, T b) { return a * b; }
};

// Total: what is gathered in
template <typename Op, typename T, typename Total> static void scan(const Call& call) {
    const T* x = call.inputs[0].as<T>();
    T* out = call.outputs[0].as<T>();
    const int64_t outer = call.ints[0], n = call.ints[1], inner = call.ints[2];
    const int64_t across = (inner + COLUMNS - 1) / COLUMNS, units = outer * across;
    const int64_t pieces = std::min(units, pieces_of(outer * n * inner, LEAST));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(units, pieces, piece + 1);
        for (int64_t unit = piece_start(units, pieces, piece); unit < stop; ++unit) {
            const int64_t column = unit % across * COLUMNS, count = std::min(COLUMNS, inner - column);
            const int64_t start = unit / across * n * inner + column;
            Total totals[COLUMNS];
            for (int64_t j = 0; j < count; ++j) totals[j] = static_cast<Total>(out[start + j] = x[start + j]);
            for (int64_t row = start + inner; row < start + n * inner; row += inner)
                for (int64_t j = 0; j < count; ++j) {
                    totals[j] = Op::join(totals[j], static_cast<Total>(x[row + j]));
                    out[row + j] = static_cast<T>(totals[j]);
                }
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
