// See depthwise.h: of many planes, LANES of which are taken side by side (tiles.h). Of each 4 bytes that are read and
// written a vector is shuffled four times; the taps' products need no copy, no mask and no sum over lanes.
//
// A piece is some rows of LANES planes; of the gradients in the weights, of LANES channels of a run of images, whose
// sums are added in the order of the runs.
#include "depthwise.h"
#include "pool.h"
#include "scratch.h"
#include "tiles.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 1 << 15;  // elements that are worth a piece of their own
constexpr int64_t RUNS = 8;         // of images that have sums of their own, at most
constexpr int NEAR = LANES == 16 ? 16 : 8;  // results that are summed together
constexpr int TAPS = 9;             // whose sums are in registers at a time

static Windows forwards(const Convolution& n) {
    return {{along(n.height, n.rows, n.kh, n.sh, n.ph, n.dh)}, {along(n.width, n.columns, n.kw, n.sw, n.pw, n.dw)},
            n.rows, n.columns};
}

static Windows backwards(const Convolution& n) {
    std::vector<Axis> down, across;
    for (int64_t v = 0; v < n.sh; ++v) down.push_back(against(n.height, n.rows, n.kh, n.sh, n.ph, n.dh, v));
    for (int64_t h = 0; h < n.sw; ++h) across.push_back(against(n.width, n.columns, n.kw, n.sw, n.pw, n.dw, h));
    return {std::move(down), std::move(across), n.height, n.width};
}

// to[J apart] = shift + over taps of weights [indices[t] stride] times source[offsets[t] + J step]
template <int... J>
static void sum(const Places& taps, const float* source, int64_t step, const float* weights, int64_t stride,
                Vector shift, float* to, int64_t apart) {
    Vector total[] = {((void)J, shift)...};
    const int64_t count = taps.count(), *offsets = taps.offsets.data(), *indices = taps.indices.data();
    for (int64_t t = 0; t < count; ++t) {
        const Vector weight = load(weights + indices[t] * stride);
        const float* from = source + offsets[t];
        ((total[J] += weight * load(from + J * step)), ...);
    }
    (store(to + J * apart, total[J]), ...);
}

using Sum = void (*)(const Places&, const float*, int64_t, const float*, int64_t, Vector, float*, int64_t);

template <int... J> static constexpr Sum sum_of(std::integer_sequence<int, J...>) { return sum<J...>; }

template <int... N> static Sum sum_of(int64_t count, std::integer_sequence<int, N...>) {
    static constexpr Sum all[] = {sum_of(std::make_integer_sequence<int, N + 1>())...};
    return all[count - 1];
}

// Rows of channels one after the other, and the first ones again: any LANES that follow each other are a vector
static void repeat(float* to, const float* from, int64_t step, int64_t channels) {
    for (int64_t c = 0; c < channels + LANES; ++c) to[c] = from[c % channels * step];
}

static void sum_planes(const Call& call, const Convolution& n, const Windows& w, const float* bias) {
    const float *source = call.inputs[0].as<float>(), *weights = call.inputs[1].as<float>();
    const int64_t taps = n.taps(), stride = n.channels + LANES, planes = n.images * n.channels;
    float *turned = scratch(Slot::product, (taps + 1) * stride), *shifts = turned + taps * stride;
    for (int64_t t = 0; t < taps; ++t) repeat(turned + t * stride, weights + t, taps, n.channels);
    if (bias) repeat(shifts, bias, 1, n.channels);
    else std::fill(shifts, shifts + stride, 0.0f);
    std::vector<Places> places;
    for (const Axis& down : w.down)
        for (const Axis& across : w.across) places.emplace_back(down, across, w.pitch, n.kw);
    float* result = call.outputs[0].as<float>();
    const int64_t bands = w.bands(), units = quotient_up(planes, LANES) * bands;
    const int64_t pieces = std::min(pieces_of(planes * std::max(w.size(), w.space()), LEAST), units);
    call.pool.run(pieces, [&](int64_t piece) {
        constexpr auto all = std::make_integer_sequence<int, NEAR>();
        Copy copy(w, scratch(Slot::convolution, w.room()), 0);
        float* sums = copy.data + w.copied();
        const Sheet sheet(w.width, w.acrosses.most, w.downs.most, w.acrosses.most);
        for (int64_t u = piece_start(units, pieces, piece); u < piece_start(units, pieces, piece + 1); ++u) {
            const Band& v = w.downs[u % bands / w.acrosses.count()];
            const Band& h = w.acrosses[u % bands % w.acrosses.count()];
            const int64_t first = u / bands * LANES, lanes = std::min<int64_t>(LANES, planes - first);
            const int64_t channel = first % n.channels;
            const Vector shift = load(shifts + channel);
            copy.take(v, h, source + first * w.size(), w.size(), lanes);
            const Places* own = places.data();
            for (const Axis& down : w.down)
                for (const Axis& across : w.across) {
                    const Stretch is = within(down, v.results()), js = within(across, h.results());
                    const int64_t step = across.step * LANES, apart = across.apart * LANES;
                    for (int64_t i = is.start; i < is.stop; ++i) {
                        const int64_t y = down.first + i * down.apart - v.start;
                        const int64_t x = across.first + js.start * across.apart - h.start;
                        float* to = sums + (y * sheet.pitch + x) * LANES;
                        const float* from = copy.at(v, h, down, across, i, js.start);
                        for (int64_t j = 0; j < js.count(); j += NEAR)
                            sum_of(std::min<int64_t>(NEAR, js.count() - j), all)(
                                *own, from + j * step, step, turned + channel, stride, shift, to + j * apart, apart);
                    }
                    ++own;
                }
            sheet.put(result + first * w.space(), w.space(), lanes, sums, v.results(), h.results());
            sheet.each_run(v.results(), h.results(), [&](int64_t at, int64_t, int64_t count) {
                call.done({first * w.space() + at, lanes, count, w.space()});
            });
        }
    });
}

void tiled_depthwise(const Call& call, const Convolution& n, const float* bias) {
    sum_planes(call, n, forwards(n), bias);
}

void tiled_depthwise_input_grad(const Call& call, const Convolution& n) { sum_planes(call, n, backwards(n), nullptr); }

// Rows of results, how far apart they lie, and how far apart what they meet does, from row to row and in a row
struct Lines {
    int64_t rows, columns, slopes, down, across;
};

// sums[N LANES] += over the results of slopes times source[offsets[N]]
template <int... N>
static void add(const Lines& lines, const float* slopes, const float* source, const int64_t* offsets, float* sums) {
    Vector total[] = {((void)N, Vector{})...};
    for (int64_t p = 0; p < lines.rows; ++p, source += lines.down, slopes += lines.slopes) {
        const float* from = source;
        for (int64_t q = 0; q < lines.columns; ++q, from += lines.across) {
            const Vector slope = load(slopes + q * LANES);
            ((total[N] += slope * load(from + offsets[N])), ...);
        }
    }
    (store(sums + N * LANES, load(sums + N * LANES) + total[N]), ...);
}

using Add = void (*)(const Lines&, const float*, const float*, const int64_t*, float*);

template <int... N> static constexpr Add add_of(std::integer_sequence<int, N...>) { return add<N...>; }

template <int... K> static Add add_of(int64_t count, std::integer_sequence<int, K...>) {
    static constexpr Add all[] = {add_of(std::make_integer_sequence<int, K + 1>())...};
    return all[count - 1];
}

void tiled_depthwise_weight_grad(const Call& call, const Convolution& n) {
    const Windows w = forwards(n);
    const Axis &down = w.down[0], &across = w.across[0];
    const Places places(down, across, w.pitch, n.kw);
    const float *x = call.inputs[0].as<float>(), *g = call.inputs[1].as<float>();
    const int64_t taps = n.taps(), blocks = quotient_up(n.channels, LANES), runs = std::min(n.images, RUNS);
    const int64_t units = blocks * runs, pieces = std::min(pieces_of(n.images * n.channels * w.size(), LEAST), units);
    float* all = scratch(Slot::product, units * taps * LANES);
    call.pool.run(pieces, [&](int64_t piece) {
        constexpr auto some = std::make_integer_sequence<int, TAPS>();
        Copy copy(w, scratch(Slot::convolution, w.room()), 0);
        float* slopes = copy.data + w.copied();
        const Sheet sheet(w.width, w.acrosses.most, w.downs.most, w.acrosses.most);
        for (int64_t u = piece_start(units, pieces, piece); u < piece_start(units, pieces, piece + 1); ++u) {
            const int64_t first = u % blocks * LANES, run = u / blocks;
            const int64_t lanes = std::min<int64_t>(LANES, n.channels - first);
            float* sums = all + u * taps * LANES;
            std::fill(sums, sums + taps * LANES, 0.0f);
            for (int64_t i = piece_start(n.images, runs, run); i < piece_start(n.images, runs, run + 1); ++i)
                for (int64_t band = 0; band < w.bands(); ++band) {
                    const Band& v = w.downs[band / w.acrosses.count()];
                    const Band& h = w.acrosses[band % w.acrosses.count()];
                    const int64_t plane = i * n.channels + first;
                    copy.take(v, h, x + plane * w.size(), w.size(), lanes);
                    sheet.take(slopes, g + plane * w.space(), w.space(), lanes, v.results(), h.results());
                    const float* from = copy.at(v, h, down, across, v.start, h.start);
                    const Lines lines{v.results().count(), h.results().count(), sheet.pitch * LANES,
                                      down.step * w.pitch * LANES, across.step * LANES};
                    for (int64_t t = 0; t < taps; t += TAPS)
                        add_of(std::min<int64_t>(TAPS, taps - t), some)(lines, slopes, from, places.offsets.data() + t,
                                                                        sums + t * LANES);
                }
        }
    });
    float* out = call.outputs[0].as<float>();
    for (int64_t c = 0; c < n.channels; ++c)
        for (int64_t t = 0; t < taps; ++t) {
            float total = 0;
            for (int64_t run = 0; run < runs; ++run)
                total += all[((run * blocks + c / LANES) * taps + t) * LANES + c % LANES];
            out[c * taps + places.indices[static_cast<size_t>(t)]] = total;
        }
}

}  // namespace KILN_LEVEL
}  // namespace kiln
