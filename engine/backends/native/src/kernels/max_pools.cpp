// Max pools over one or two axes in float32, and their gradient; a signal is an image of one row.
//
// The forward takes planes side by side (tiles.h), reads x once and writes the result and, a byte each, which of a
// window's places it took; a piece is some rows and columns of LANES planes. The gradient reads g and those bytes and
// adds each g where it belongs: a window costs the same however large it is; a piece is some planes.
#include <limits>

#include "planes.h"
#include "registry.h"
#include "tiles.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 1 << 15;              // elements that are worth a piece of their own
constexpr int NEAR = LANES == 16 ? 8 : 4;       // windows that are looked at together

// best, where [J] <- the largest elements of neighbouring windows and their places, the first of equal ones and the
// last NaN; where no element is larger than all that lies outside, the window's first one inside
template <int... J>
static void choose(const Places& taps, const float* source, int64_t step, const int32_t* first, int32_t above,
                   float* best, float* where) {
    const Vector lowest = Vector{} - std::numeric_limits<float>::infinity();
    Vector most[] = {((void)J, lowest)...};
    Integers place[] = {(Integers{} + (first[J] + above))...};
    const int64_t count = taps.count(), *offsets = taps.offsets.data();
    const auto meet = [](Vector& own, Integers& at, Vector x, Integers here) {
        const Integers wins = (x > own) | (x != x);
        own = wins ? x : own;
        at = wins ? here : at;
    };
    for (int64_t t = 0; t < count; ++t) {
        const float* from = source + offsets[t];
        const Integers here = Integers{} + static_cast<int32_t>(t);
        (meet(most[J], place[J], load(from + J * step), here), ...);
    }
    (store(best + J * LANES, most[J]), ...);
    (store(where + J * LANES, reinterpret_cast<Vector>(place[J])), ...);
}

using Choose = void (*)(const Places&, const float*, int64_t, const int32_t*, int32_t, float*, float*);

template <int... J> static constexpr Choose choose_of(std::integer_sequence<int, J...>) { return choose<J...>; }

template <int... N> static Choose choose_of(int64_t count, std::integer_sequence<int, N...>) {
    static constexpr Choose all[] = {choose_of(std::make_integer_sequence<int, N + 1>())...};
    return all[count - 1];
}

// x -> out, places
template <typename Place> static void pool(const Call& call) {
    const Pooling g(call.ints);
    const Windows w({along(g.height, g.rows, g.kh, g.sh, g.ph, g.dh)},
                    {along(g.width, g.columns, g.kw, g.sw, g.pw, g.dw)}, g.rows, g.columns, 2);
    const Axis &down = w.down[0], &across = w.across[0];
    const Places taps(down, across, w.pitch, g.kw);
    std::vector<int32_t> first(static_cast<size_t>(g.columns));
    for (int64_t q = 0; q < g.columns; ++q) first[static_cast<size_t>(q)] = static_cast<int32_t>(g.first_column(q));
    const float* x = call.inputs[0].as<float>();
    float* out = call.outputs[0].as<float>();
    Place* places = call.outputs[1].as<Place>();
    const int64_t bands = w.bands(), units = quotient_up(g.planes, LANES) * bands;
    const int64_t pieces = std::min(pieces_of(g.planes * g.size(), LEAST), units);
    call.pool.run(pieces, [&](int64_t piece) {
        constexpr auto all = std::make_integer_sequence<int, NEAR>();
        Copy copy(w, scratch(Slot::convolution, w.room()), -std::numeric_limits<float>::infinity());
        float *best = copy.data + w.copied(), *where = best + w.results();
        const Sheet sheet(w.width, w.acrosses.most, w.downs.most, w.acrosses.most);
        for (int64_t u = piece_start(units, pieces, piece); u < piece_start(units, pieces, piece + 1); ++u) {
            const Band& v = w.downs[u % bands / w.acrosses.count()];
            const Band& h = w.acrosses[u % bands % w.acrosses.count()];
            const int64_t plane = u / bands * LANES, lanes = std::min<int64_t>(LANES, g.planes - plane);
            copy.take(v, h, x + plane * w.size(), w.size(), lanes);
            for (int64_t p = v.start; p < v.stop; ++p) {
                const float* from = copy.at(v, h, down, across, p, h.start);
                const int64_t line = (p - v.start) * sheet.pitch * LANES;
                const int32_t above = static_cast<int32_t>(g.first_row(p) * g.kw);
                for (int64_t q = h.start; q < h.stop; q += NEAR) {
                    const int64_t at = (q - h.start) * LANES;
                    choose_of(std::min<int64_t>(NEAR, h.stop - q), all)(
                        taps, from + at * across.step, across.step * LANES, first.data() + q, above,
                        best + line + at, where + line + at);
                }
            }
            sheet.put(out + plane * w.space(), w.space(), lanes, best, v.results(), h.results());
            sheet.put(places + plane * w.space(), w.space(), lanes, where, v.results(), h.results());
        }
    });
}

// Of a window's first element in [H, W] as one axis, how far each of its places is; the first window's begins before 0
// where there is padding.
struct Distances {
    std::vector<int64_t> all;

    explicit Distances(const Pooling& g) {
        for (int64_t r = 0; r < g.kh; ++r)
            for (int64_t k = 0; k < g.kw; ++k) all.push_back(r * g.dh * g.width + k * g.dw);
    }
    static int64_t begin(const Pooling& g, int64_t p) { return g.row_of(p) * g.width - g.pw; }
};

// sums[q step + distances[places[q]]] += slopes[q] for a row of windows
template <typename Place>
static void spread(float* sums, const float* slopes, const Place* places, const int64_t* distances, int64_t count,
                   int64_t step) {
    for (int64_t q = 0; q < count; ++q) sums[q * step + distances[places[q]]] += slopes[q];
}

// g, places -> x's gradient
template <typename Place> static void pool_grad(const Call& call) {
    const Pooling g(call.ints);
    const Distances distances(g);
    const float* slope = call.inputs[0].as<float>();
    const Place* place = call.inputs[1].as<Place>();
    float* out = call.outputs[0].as<float>();
    const int64_t pieces = std::min(pieces_of(g.planes * g.size(), LEAST), g.planes);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t start = piece_start(g.planes, pieces, piece), stop = piece_start(g.planes, pieces, piece + 1);
        for (int64_t c = start; c < stop; ++c) {
            std::fill(out + c * g.size(), out + (c + 1) * g.size(), 0.0f);
            for (int64_t p = 0; p < g.rows; ++p) {
                const int64_t at = c * g.windows() + p * g.columns;
                spread(out + c * g.size() + Distances::begin(g, p), slope + at, place + at, distances.all.data(),
                       g.columns, g.sw);
            }
        }
        call.done({start * g.size(), 1, (stop - start) * g.size(), 0});
    });
}

// places -> int64 places in [H, W] counted as one axis
template <typename Place> static void pool_indices(const Call& call) {
    const Pooling g(call.ints);
    const Distances distances(g);
    const Place* place = call.inputs[0].as<Place>();
    int64_t* out = call.outputs[0].as<int64_t>();
    const int64_t lines = g.planes * g.rows, pieces = pieces_of(lines * g.columns, LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        for (int64_t i = piece_start(lines, pieces, piece); i < piece_start(lines, pieces, piece + 1); ++i) {
            const int64_t begin = Distances::begin(g, i % g.rows), at = i * g.columns;
            for (int64_t q = 0; q < g.columns; ++q)
                out[at + q] = begin + q * g.sw + distances.all[static_cast<size_t>(place[at + q])];
        }
    });
}

// whether places are bytes
static bool is_small(const Array& places) { return places.dtype == DType::u8; }

static void max_pool(const Call& call) {
    if (is_small(call.outputs[1])) pool<uint8_t>(call);
    else pool<int32_t>(call);
}

static void max_pool_grad(const Call& call) {
    if (is_small(call.inputs[1])) pool_grad<uint8_t>(call);
    else pool_grad<int32_t>(call);
}

static void max_pool_indices(const Call& call) {
    if (is_small(call.inputs[0])) pool_indices<uint8_t>(call);
    else pool_indices<int32_t>(call);
}

KILN_KERNEL("max_pool", max_pool);
KILN_KERNEL("max_pool_grad", max_pool_grad);
KILN_KERNEL("max_pool_indices", max_pool_indices);

}  // namespace KILN_LEVEL
}  // namespace kiln
