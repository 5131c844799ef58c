// Pools over one or two axes in float32; a signal is an image of one row.
//
// Memory moved: x once and the result once; the gradients read g (and x) once and write x's gradient once. A piece
// is some whole planes, each copied before it is read (planes.h).
#include "planes.h"

#include <limits>

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

// x -> out
static void max_pool(const Call& call) {
    const Pooling g(call.ints);
    const float* x = call.inputs[0].as<float>();
    each_piece(call, g, [&](int64_t start, int64_t stop) {
        const float lowest = -std::numeric_limits<float>::infinity();
        Plane plane(g, lowest);
        float* to = call.outputs[0].as<float>() + start * g.windows();
        const float* end = to + (stop - start) * g.windows();
        for (int64_t c = start; c < stop; ++c) {
            plane.take(x + c * g.size(), x + call.inputs[0].size);
            for (int64_t p = 0; p < g.rows; ++p, to += g.columns)
                for (int64_t q = 0; q < g.columns; q += LANES) {
                    Vector best = lowest - Vector{};
                    for (int64_t r = g.first_row(p); r < g.stop_row(p); ++r)
                        for (int64_t k = 0; k < g.kw; ++k) {
                            const Vector v = load(plane.row(p, r) + plane.across[static_cast<size_t>(k)] + q);
                            best = ((v > best) | (v != v)) ? v : best;  // NaN wins, and stays
                        }
                    store_some(to + q, best, g.columns - q, end - to - q);
                }
        }
    });
}

// Which elements a row of windows chooses.
struct Choice {
    Plane plane;
    int32_t *place, *first;

    explicit Choice(const Pooling& g) : plane(g, -std::numeric_limits<float>::infinity()) {
        place = reinterpret_cast<int32_t*>(scratch(Slot::reduction, 2 * whole(g.columns)));
        first = place + whole(g.columns);
        for (int64_t q = 0; q < whole(g.columns); ++q) first[q] = static_cast<int32_t>(g.first_column(q) * g.dw);
    }

    // place[q]: of the elements of window (p, q) the largest, as the distance from the window's first in x's plane.
    // Of equal elements the first, of several NaN the last; of those below all numbers the first inside.
    void make(int64_t p) {
        const Pooling& g = plane.g;
        const int32_t down = static_cast<int32_t>(g.dh * g.width);
        const int64_t taps = g.kw, step = g.dw, *across = plane.across.data();
        const int64_t from = g.first_row(p), stop = g.stop_row(p);
        for (int64_t q = 0; q < g.columns; q += LANES) {
            Vector best = -std::numeric_limits<float>::infinity() - Vector{};
            Integers where = load(first + q) + static_cast<int32_t>(from) * down;
            for (int64_t r = from; r < stop; ++r) {
                const float* line = plane.row(p, r) + q;
                for (int64_t k = 0; k < taps; ++k) {
                    const Vector v = load(line + across[k]);
                    const Integers wins = (v > best) | (v != v);
                    const int32_t distance = static_cast<int32_t>(r) * down + static_cast<int32_t>(k * step);
                    const Integers here = Integers{} + distance;
                    best = wins ? v : best;
                    where = wins ? here : where;
                }
            }
            store(place + q, where);
        }
    }
};

// x -> int64 places in [H, W] counted as one axis
static void max_pool_indices(const Call& call) {
    const Pooling g(call.ints);
    const float* x = call.inputs[0].as<float>();
    int64_t* out = call.outputs[0].as<int64_t>();
    each_piece(call, g, [&](int64_t start, int64_t stop) {
        Choice choice(g);
        for (int64_t c = start; c < stop; ++c) {
            choice.plane.take(x + c * g.size(), x + call.inputs[0].size);
            for (int64_t p = 0; p < g.rows; ++p) {
                choice.make(p);
                int64_t* to = out + c * g.windows() + p * g.columns;
                const int64_t begin = g.row_of(p) * g.width - g.pw;
                for (int64_t q = 0; q < g.columns; ++q) to[q] = choice.place[q] + begin + q * g.sw;
            }
        }
    });
}

// a and b in turn, from lane `FROM` of each on
template <int FROM, int... I> static inline Vector in_turn(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, ((I & 1 ? LANES : 0) + FROM + I / 2)...);
}

// A row of x's gradient where windows of WIDTH columns follow one another: the elements chosen get g, the rest 0.
// slope, place: `count` of them, whole vectors; row is written for all, beyond its own windows with 0.
template <int WIDTH>
static void spread_choice(float* __restrict row, const float* __restrict slope, const int32_t* __restrict place,
                          int32_t here, int64_t count) {
    if (WIDTH == 2) {
        constexpr auto lanes = std::make_integer_sequence<int, LANES>();
        for (int64_t q = 0; q < count; q += LANES) {
            const Integers where = load(place + q);
            const Vector own = load(slope + q), none = {};
            const Vector left = where == here ? own : none, right = where == here + 1 ? own : none;
            store(row + 2 * q, in_turn<0>(left, right, lanes));
            store(row + 2 * q + LANES, in_turn<LANES / 2>(left, right, lanes));
        }
        return;
    }
    for (int64_t q = 0; q < count / LANES * LANES; ++q)
        for (int k = 0; k < WIDTH; ++k) row[q * WIDTH + k] = place[q] == here + k ? slope[q] : 0.0f;
}

// g, x -> x's gradient
static void max_pool_grad(const Call& call) {
    const Pooling g(call.ints);
    const float *slope = call.inputs[0].as<float>(), *x = call.inputs[1].as<float>();
    const int64_t count = whole(g.columns);
    const bool tiled = (g.kw == 2 || g.kw == 4) && g.kw == g.sw && g.dw == 1 && g.pw == 0 &&
                       g.columns * g.sw <= g.width && g.sh >= (g.kh - 1) * g.dh + 1;
    each_piece(call, g, [&](int64_t start, int64_t stop) {
        Choice choice(g);
        float *own = scratch(Slot::product, count + g.size() + count * g.sw), *whole_plane = own + count;
        std::fill(own, own + count, 0.0f);
        for (int64_t c = start; c < stop; ++c) {
            choice.plane.take(x + c * g.size(), x + call.inputs[1].size);
            std::fill(whole_plane, whole_plane + g.size(), 0.0f);
            for (int64_t p = 0; p < g.rows; ++p) {
                const float* from = slope + c * g.windows() + p * g.columns;
                choice.make(p);
                if (!tiled) {
                    float* to = whole_plane + g.row_of(p) * g.width - g.pw;
                    for (int64_t q = 0; q < g.columns; ++q) to[q * g.sw + choice.place[q]] += from[q];
                    continue;
                }
                copy_floats(own, from, g.columns);
                for (int64_t r = g.first_row(p); r < g.stop_row(p); ++r) {
                    float* row = whole_plane + (g.row_of(p) + r * g.dh) * g.width;
                    const int32_t here = static_cast<int32_t>(r * g.dh * g.width);
                    if (g.kw == 2) spread_choice<2>(row, own, choice.place, here, count);
                    else spread_choice<4>(row, own, choice.place, here, count);
                }
            }
            std::copy(whole_plane, whole_plane + g.size(), call.outputs[0].as<float>() + c * g.size());
        }
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

KILN_KERNEL("max_pool", max_pool);
KILN_KERNEL("max_pool_indices", max_pool_indices);
KILN_KERNEL("max_pool_grad", max_pool_grad);
KILN_KERNEL("avg_pool", avg_pool);
KILN_KERNEL("avg_pool_grad", avg_pool_grad);
KILN_KERNEL("adaptive_max_pool_indices", adaptive_max_pool_indices);

}  // namespace KILN_LEVEL
}  // namespace kiln
