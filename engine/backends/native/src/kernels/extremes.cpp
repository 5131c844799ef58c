// Where the largest or the least lies along one axis, in float32: the first of equal ones, or the first NaN; and
// which it is.
//
// Memory moved: x once, and an index of 8 bytes and a value of 4 for each result. x is [outer, n, inner]; a unit of work is the
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

// The value first, in as many lanes as a vector has, then where it is.
template <bool LARGEST> static int64_t along_row(const float* x, int64_t n) {
    float best = x[0];
    int missing = 0;  // whether there is a NaN
    if (LARGEST) {
#pragma omp simd reduction(max : best) reduction(| : missing)
        for (int64_t k = 0; k < n; ++k) {
            best = x[k] > best ? x[k] : best;
            missing |= x[k] != x[k];
        }
    } else {
#pragma omp simd reduction(min : best) reduction(| : missing)
        for (int64_t k = 0; k < n; ++k) {
            best = x[k] < best ? x[k] : best;
            missing |= x[k] != x[k];
        }
    }
    int64_t at = 0;
    if (missing != 0)
        while (x[at] == x[at]) ++at;
    else
        while (x[at] != best) ++at;
    return at;
}

// best: room for the values
template <bool LARGEST>
static void along_columns(const float* x, float* best, int64_t* at, int64_t n, int64_t inner, int64_t columns) {
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

// values: null where they aren't asked for
template <bool LARGEST> static void place(const Call& call, float* values, int64_t* at) {
    const float* x = call.inputs[0].as<float>();
    const int64_t outer = call.ints[0], n = call.ints[1], inner = call.ints[2];
    const int64_t across = (inner + COLUMNS - 1) / COLUMNS, units = outer * across;
    const int64_t pieces = std::min(units, pieces_of(outer * n * inner, LEAST));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(units, pieces, piece + 1);
        for (int64_t unit = piece_start(units, pieces, piece); unit < stop; ++unit) {
            if (inner == 1) {
                at[unit] = along_row<LARGEST>(x + unit * n, n);
                if (values != nullptr) values[unit] = x[unit * n + at[unit]];
                continue;
            }
            const int64_t o = unit / across, j = unit % across * COLUMNS, k = o * inner + j;
            float own[COLUMNS];
            along_columns<LARGEST>(x + o * n * inner + j, values == nullptr ? own : values + k, at + k, n, inner,
                                   std::min(COLUMNS, inner - j));
        }
    });
}

static void argmax(const Call& call) { place<true>(call, nullptr, call.outputs[0].as<int64_t>()); }
static void argmin(const Call& call) { place<false>(call, nullptr, call.outputs[0].as<int64_t>()); }
static void max(const Call& call) { place<true>(call, call.outputs[0].as<float>(), call.outputs[1].as<int64_t>()); }
static void min(const Call& call) { place<false>(call, call.outputs[0].as<float>(), call.outputs[1].as<int64_t>()); }

KILN_KERNEL("argmax", argmax);
KILN_KERNEL("argmin", argmin);
KILN_KERNEL("max", max);
KILN_KERNEL("min", min);

}  // namespace KILN_LEVEL
}  // namespace kiln
