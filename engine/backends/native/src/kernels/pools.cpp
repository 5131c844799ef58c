// Average pools over one or two axes in float32, and adaptive max pools; a signal is an image of one row.
//
// Memory moved: x once and the result once; the gradient reads g once and writes x's gradient once. A piece is some
// whole planes, each copied before it is read (planes.h).
#include "planes.h"

#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own

template <typename Work> static void each_piece(const Call& call, const Pooling& g, const Work& work) {
    const int64_t pieces = pieces_of(g.planes * g.size(), LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        work(piece_start(g.planes, pieces, piece), piece_start(g.planes, pieces, piece + 1));
    });
}

// How many elements the windows along one axis have; with what lies beside it (`include`), or only those inside.
static void count_elements(float* counts, int64_t windows, int64_t n, int64_t k, int64_t s, int64_t pad, bool include) {
    for (int64_t i = 0; i < windows; ++i) {
        const int64_t start = i * s - pad, stop = start + k;
        const int64_t inside = std::min(stop, n) - std::max<int64_t>(start, 0);
        counts[i] = static_cast<float>(include ? std::min(stop, n + pad) - start : inside);
    }
}

// What the windows' sums are divided by: down[p] across[q], or one number where there is one.
struct Divisors {
    float *down, *across, given;

    // of ints: whether padding counts, and the one number or 0
    Divisors(const Call& call, const Pooling& g) : given(static_cast<float>(call.ints[14])) {
        down = scratch(Slot::reduction, g.rows + whole(g.columns));
        across = down + g.rows;
        count_elements(down, g.rows, g.height, g.kh, g.sh, g.ph, call.ints[13]);
        count_elements(across, g.columns, g.width, g.kw, g.sw, g.pw, call.ints[13]);
        std::fill(across + g.columns, across + whole(g.columns), 1.0f);
    }

    Vector of(int64_t p, int64_t q) const { return given != 0 ? given + Vector{} : down[p] * load(across + q); }
};

// x -> out
static void avg_pool(const Call& call) {
    const Pooling g(call.ints);
    const float* x = call.inputs[0].as<float>();
    each_piece(call, g, [&](int64_t start, int64_t stop) {
        const Divisors divisors(call, g);
        Plane plane(g, 0);
        float* to = call.outputs[0].as<float>() + start * g.windows();
        const float* end = to + (stop - start) * g.windows();
        for (int64_t c = start; c < stop; ++c) {
            plane.take(x + c * g.size(), x + call.inputs[0].size);
            for (int64_t p = 0; p < g.rows; ++p, to += g.columns)
                for (int64_t q = 0; q < g.columns; q += LANES) {
                    Vector sum = {};
                    for (int64_t r = g.first_row(p); r < g.stop_row(p); ++r)
                        for (int64_t k = 0; k < g.kw; ++k)
                            sum += load(plane.row(p, r) + plane.across[static_cast<size_t>(k)] + q);
                    store_some(to + q, sum / divisors.of(p, q), g.columns - q, end - to - q);
                }
        }
    });
}

// line[q STEP + k] += from[q] for each of a window's columns; `count` windows, whole vectors
template <int STEP>
static void spread_columns(float* __restrict line, const float* __restrict from, int64_t count, const Pooling& g) {
    const int64_t step = STEP ? STEP : g.sw, n = count / LANES * LANES;
    if (STEP > 1 && g.kw == STEP) {
        for (int64_t q = 0; q < n; ++q)
            for (int k = 0; k < STEP; ++k) line[q * STEP + k] = from[q];
        return;
    }
    for (int64_t k = 0; k < g.kw; ++k)
        for (int64_t q = 0; q < n; ++q) line[q * step + k] += from[q];
}

// g -> x's gradient
static void avg_pool_grad(const Call& call) {
    const Pooling g(call.ints);
    const float* slope = call.inputs[0].as<float>();
    const int64_t count = whole(g.columns), pitch = std::max((count - 1) * g.sw + g.kw, g.pw + whole(g.width));
    each_piece(call, g, [&](int64_t start, int64_t stop) {
        const Divisors divisors(call, g);
        float *part = scratch(Slot::convolution, count + pitch + g.size() + LANES), *line = part + count;
        float* sums = line + pitch;
        std::fill(part, part + count, 0.0f);
        for (int64_t c = start; c < stop; ++c) {
            std::fill(sums, sums + g.size(), 0.0f);
            for (int64_t p = 0; p < g.rows; ++p) {
                const float* from = slope + c * g.windows() + p * g.columns;
                copy_floats(part, from, g.columns);
                for (int64_t q = 0; q < count; q += LANES) store(part + q, load(part + q) / divisors.of(p, q));
                std::fill(line, line + pitch, 0.0f);
                if (g.sw == 1) spread_columns<1>(line, part, count, g);
                else if (g.sw == 2) spread_columns<2>(line, part, count, g);
                else if (g.sw == 4) spread_columns<4>(line, part, count, g);
                else spread_columns<0>(line, part, count, g);
                for (int64_t r = g.first_row(p); r < g.stop_row(p); ++r) {
                    float* row = sums + (g.row_of(p) + r) * g.width;
                    for (int64_t i = 0; i < g.width; ++i) row[i] += line[g.pw + i];
                }
            }
            std::copy(sums, sums + g.size(), call.outputs[0].as<float>() + c * g.size());
        }
    });
}

// x -> int64 places of the largest elements of even parts, which ceil(n / m) elements or fewer make; the first of
// equal ones, or the first NaN. ints: planes, H, W, P, Q
static void adaptive_max_pool_indices(const Call& call) {
    const int64_t planes = call.ints[0], height = call.ints[1], width = call.ints[2];
    const int64_t rows = call.ints[3], columns = call.ints[4], size = height * width;
    const float* x = call.inputs[0].as<float>();
    int64_t* out = call.outputs[0].as<int64_t>();
    const int64_t pieces = pieces_of(planes * size, LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        int64_t* to = out + piece_start(planes, pieces, piece) * rows * columns;
        for (int64_t c = piece_start(planes, pieces, piece); c < piece_start(planes, pieces, piece + 1); ++c)
            for (int64_t p = 0; p < rows; ++p)
                for (int64_t q = 0; q < columns; ++q) {
                    const int64_t top = p * height / rows, bottom = ((p + 1) * height + rows - 1) / rows;
                    const int64_t left = q * width / columns, right = ((q + 1) * width + columns - 1) / columns;
                    int64_t best = top * width + left;
                    float most = x[c * size + best];
                    for (int64_t i = top; i < bottom; ++i)
                        for (int64_t j = left; j < right; ++j) {
                            const float v = x[c * size + i * width + j];
                            if (v > most || (v != v && most == most)) {
                                most = v;
                                best = i * width + j;
                            }
                        }
                    *to++ = best;
                }
    });
}

KILN_KERNEL("avg_pool", avg_pool);
KILN_KERNEL("avg_pool_grad", avg_pool_grad);
KILN_KERNEL("adaptive_max_pool_indices", adaptive_max_pool_indices);

}  // namespace KILN_LEVEL
}  // namespace kiln
