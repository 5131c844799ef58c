// Where the largest or the least lies along one axis, in float32: the first of equal ones, or the first NaN.
//
// Memory moved: x once, and an index of 8 bytes for each result. x is [outer, n, inner]; a unit of work is the
// results of up to COLUMNS neighbours of inner.
#include <algorithm>

#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own
constexpr int64_t COLUMNS = 128;

template <bool LARGEST> static bool goes_before(float value, float best) {
    return (LARGEST ? value > best : value < best) || (value != value && best == best);
}

template <bool LARGEST> static int64_t along_row(const float* x, int64_t n) {
    float best = x[0];
    int64_t at = 0;
    for (int64_t k = 1; k < n; ++k)
        if (goes_before<LARGEST>(x[k], best)) {
            best = x[k];
            at = k;
        }
    return at;
}

template <bool LARGEST>
static void along_columns(const float* x, int64_t* at, int64_t n, int64_t inner, int64_t columns) {
    float best[COLUMNS];
    std::copy(x, x + columns, best);
    std::fill(at, at + columns, 0);
    for (int64_t k = 1; k < n; ++k) {
        const float* row = x + k * inner;
        for (int64_t j = 0; j < columns; ++j) {
            const bool before = goes_before<LARGEST>(row[j], best[j]);
            best[j] = before ? row[j] : best[j];
            at[j] = before ? k : at[j];
        }
    }
}

template <bool LARGEST> static void place(const Call& call) {
    const float* x = call.inputs[0].as<float>();
    int64_t* at = call.outputs[0].as<int64_t>();
    const int64_t outer = call.ints[0], n = call.ints[1], inner = call.ints[2];
    const int64_t across = (inner + COLUMNS - 1) / COLUMNS, units = outer * across;
    const int64_t pieces = std::min(units, pieces_of(outer * n * inner, LEAST));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(units, pieces, piece + 1);
        for (int64_t unit = piece_start(units, pieces, piece); unit < stop; ++unit) {
            if (inner == 1) {
                at[unit] = along_row<LARGEST>(x + unit * n, n);
                continue;
            }
            const int64_t o = unit / across, j = unit % across * COLUMNS;
            along_columns<LARGEST>(x + o * n * inner + j, at + o * inner + j, n, inner, std::min(COLUMNS, inner - j));
        }
    });
}

static void argmax(const Call& call) { place<true>(call); }
static void argmin(const Call& call) { place<false>(call); }

KILN_KERNEL("argmax", argmax);
KILN_KERNEL("argmin", argmin);

}  // namespace KILN_LEVEL
}  // namespace kiln
