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

constexpr int64_t ROOM = 1 << 15;   // floats of a thread's copy: half the second cache holds it and the results
constexpr int64_t LEAST = 1 << 15;  // elements that are worth a piece of their own
constexpr int64_t RUNS = 8;         // of images that have sums of their own, at most
constexpr int NEAR = LANES == 16 ? 16 : 8;  // results that are summed together
constexpr int TAPS = 9;             // whose sums are in registers at a time

// Results [start, stop) of an axis, and which elements of the source they meet: from `low`, `length` of them.
struct Band {
    int64_t start, stop, low, length;
};

// How far beyond a window's first element its last one is
static int64_t extent(const Axis& axis) {
    int64_t most = 0;
    for (const Tap& tap : axis.taps)
        most = std::max(most, tap.shift * axis.step + axis.phases[static_cast<size_t>(tap.phase)]);
    return most;
}

// Which of an axis's own results lie in [start, stop) of all
static Band within(const Axis& axis, int64_t start, int64_t stop) {
    const auto own = [&](int64_t place) {
        return std::min(std::max<int64_t>(quotient_up(place - axis.first, axis.apart), 0), axis.count);
    };
    return {own(start), own(stop), 0, 0};
}

// What results [start, stop) meet along the axes of all phases; at least one element
static Band band_of(const std::vector<Axis>& phases, int64_t start, int64_t stop) {
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (const Axis& axis : phases) {
        const Band own = within(axis, start, stop);
        if (own.start >= own.stop) continue;
        low = std::min(low, own.start * axis.step + axis.base);
        high = std::max(high, (own.stop - 1) * axis.step + axis.base + extent(axis));
    }
    return high < low ? Band{start, stop, 0, 1} : Band{start, stop, low, high - low + 1};
}

// A sum over the taps of a window for each of [height, width] results of each plane.
struct Windows {
    std::vector<Axis> down, across;  // one for each phase of the results
    int64_t height, width, rows, columns;  // of the results and of the source
    int64_t left, pitch;                   // of the copy
    std::vector<Band> bands;
    int64_t longest = 0;  // rows of a copy

    Windows(std::vector<Axis> vertical, std::vector<Axis> horizontal, int64_t high, int64_t wide)
        : down(std::move(vertical)), across(std::move(horizontal)), height(high), width(wide), rows(down[0].size),
          columns(across[0].size) {
        const Band all = band_of(across, 0, width);
        left = std::max<int64_t>(-all.low, 0);
        pitch = left + std::max(columns, all.low + all.length);
        for (int64_t count = 1; count <= height; count = longest > 1 ? count * 2 : height + 1) {
            bands.clear();
            longest = 0;
            for (int64_t k = 0; k < count; ++k) {
                bands.push_back(band_of(down, piece_start(height, count, k), piece_start(height, count, k + 1)));
                longest = std::max(longest, bands.back().length);
            }
            if (room() <= ROOM) break;
        }
    }

    int64_t copied() const { return longest * pitch * LANES; }
    int64_t results() const { return quotient_up(height, static_cast<int64_t>(bands.size())) * width * LANES; }
    int64_t room() const { return copied() + results(); }
};

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

// A thread's copy of what the results of a band meet, 0 where that is outside
struct Copy {
    const Windows& w;
    float* data;
    std::vector<int32_t> places;  // where elements of rows that follow each other go
    int64_t top = -1, inside = -1;

    Copy(const Windows& windows, float* memory) : w(windows), data(memory) {
        const int64_t most = std::min(w.longest, w.rows);
        places.reserve(static_cast<size_t>(most * w.columns));
        for (int64_t y = 0; y < most; ++y)
            for (int64_t x = 0; x < w.columns; ++x)
                places.push_back(static_cast<int32_t>((y * w.pitch + x + w.left) * LANES));
    }

    void take(const Band& band, const float* planes, int64_t apart, int64_t lanes) {
        const int64_t first = std::min(std::max<int64_t>(band.low, 0), w.rows);
        const int64_t stop = std::max(std::min(band.low + band.length, w.rows), first);
        if (top != first - band.low || inside != stop - first) {  // other rows than before are outside
            std::fill(data, data + w.copied(), 0.0f);
            top = first - band.low;
            inside = stop - first;
        }
        if (inside > 0)
            take_lanes(data + top * w.pitch * LANES, places.data(), planes + first * w.columns, apart, lanes,
                       inside * w.columns);
    }

    // Where the first element that a window meets lies, of result (i, j) of the axes
    const float* at(const Band& band, const Axis& down, const Axis& across, int64_t i, int64_t j) const {
        const int64_t y = i * down.step + down.base - band.low, x = j * across.step + across.base + w.left;
        return data + (y * w.pitch + x) * LANES;
    }
};

// Where taps lie in the copy, and which of the kernel's they are
struct Places {
    std::vector<int64_t> offsets, indices;

    Places(const Axis& down, const Axis& across, int64_t pitch, int64_t kernel_width) {
        for (const Tap& v : down.taps)
            for (const Tap& h : across.taps) {
                const int64_t y = v.shift * down.step + down.phases[static_cast<size_t>(v.phase)];
                const int64_t x = h.shift * across.step + across.phases[static_cast<size_t>(h.phase)];
                offsets.push_back((y * pitch + x) * LANES);
                indices.push_back(v.index * kernel_width + h.index);
            }
    }
    int64_t count() const { return static_cast<int64_t>(offsets.size()); }
};

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
    const int64_t size = w.rows * w.columns, space = w.height * w.width, bands = static_cast<int64_t>(w.bands.size());
    const int64_t units = quotient_up(planes, LANES) * bands;
    const int64_t pieces = std::min(pieces_of(planes * std::max(size, space), LEAST), units);
    call.pool.run(pieces, [&](int64_t piece) {
        Copy copy(w, scratch(Slot::convolution, w.room()));
        float* sums = copy.data + w.copied();
        for (int64_t u = piece_start(units, pieces, piece); u < piece_start(units, pieces, piece + 1); ++u) {
            const Band& band = w.bands[static_cast<size_t>(u % bands)];
            const int64_t first = u / bands * LANES, lanes = std::min<int64_t>(LANES, planes - first);
            const int64_t channel = first % n.channels;
            const Vector shift = load(shifts + channel);
            copy.take(band, source + first * size, size, lanes);
            const Places* own = places.data();
            for (const Axis& down : w.down)
                for (const Axis& across : w.across) {
                    const Band part = within(down, band.start, band.stop);
                    for (int64_t i = part.start; i < part.stop; ++i) {
                        const int64_t y = down.first + i * down.apart - band.start;
                        float* to = sums + (y * w.width + across.first) * LANES;
                        const float* from = copy.at(band, down, across, i, 0);
                        for (int64_t j = 0; j < across.count; j += NEAR) {
                            constexpr auto all = std::make_integer_sequence<int, NEAR>();
                            sum_of(std::min<int64_t>(NEAR, across.count - j), all)(
                                *own, from + j * across.step * LANES, across.step * LANES, turned + channel, stride,
                                shift, to + j * across.apart * LANES, across.apart * LANES);
                        }
                    }
                    ++own;
                }
            const int64_t start = first * space + band.start * w.width, length = (band.stop - band.start) * w.width;
            put_lanes(result + start, space, lanes, sums, length);
            call.done({start, lanes, length, space});
        }
    });
}

void tiled_depthwise(const Call& call, const Convolution& n, const float* bias) {
    sum_planes(call, n, forwards(n), bias);
}

void tiled_depthwise_input_grad(const Call& call, const Convolution& n) { sum_planes(call, n, backwards(n), nullptr); }

// sums[N][LANES] += over some rows of `columns` results of slopes times source[offsets[t]]; their rows are `line` apart
template <int N>
static void add(const float* slopes, const float* source, const int64_t* offsets, int64_t rows, int64_t columns,
                int64_t line, int64_t step, float* sums) {
    Vector total[N] = {};
    for (int64_t p = 0; p < rows; ++p, source += line) {
        const float* from = source;
        for (int64_t q = 0; q < columns; ++q, slopes += LANES, from += step) {
            const Vector slope = load(slopes);
            for (int t = 0; t < N; ++t) total[t] += slope * load(from + offsets[t]);
        }
    }
    for (int t = 0; t < N; ++t) store(sums + t * LANES, load(sums + t * LANES) + total[t]);
}

using Add = void (*)(const float*, const float*, const int64_t*, int64_t, int64_t, int64_t, int64_t, float*);

template <int... N> static Add add_of(int64_t count, std::integer_sequence<int, N...>) {
    static constexpr Add all[] = {add<N + 1>...};
    return all[count - 1];
}

void tiled_depthwise_weight_grad(const Call& call, const Convolution& n) {
    const Windows w = forwards(n);
    const Axis &down = w.down[0], &across = w.across[0];
    const Places places(down, across, w.pitch, n.kw);
    const float *x = call.inputs[0].as<float>(), *g = call.inputs[1].as<float>();
    const int64_t taps = n.taps(), size = w.rows * w.columns, space = w.height * w.width;
    const int64_t blocks = quotient_up(n.channels, LANES), runs = std::min(n.images, RUNS), units = blocks * runs;
    const int64_t pieces = std::min(pieces_of(n.images * n.channels * size, LEAST), units);
    float* all = scratch(Slot::product, units * taps * LANES);
    call.pool.run(pieces, [&](int64_t piece) {
        Copy copy(w, scratch(Slot::convolution, w.room()));
        float* slopes = copy.data + w.copied();
        std::vector<int32_t> near(static_cast<size_t>(w.results() / LANES));
        for (size_t i = 0; i < near.size(); ++i) near[i] = static_cast<int32_t>(i) * LANES;
        for (int64_t u = piece_start(units, pieces, piece); u < piece_start(units, pieces, piece + 1); ++u) {
            const int64_t block = u % blocks, run = u / blocks, first = block * LANES;
            const int64_t lanes = std::min<int64_t>(LANES, n.channels - first);
            float* sums = all + u * taps * LANES;
            std::fill(sums, sums + taps * LANES, 0.0f);
            for (int64_t i = piece_start(n.images, runs, run); i < piece_start(n.images, runs, run + 1); ++i)
                for (const Band& band : w.bands) {
                    const int64_t plane = i * n.channels + first, rows = band.stop - band.start;
                    copy.take(band, x + plane * size, size, lanes);
                    take_lanes(slopes, near.data(), g + plane * space + band.start * w.width, space, lanes,
                               rows * w.width);
                    const float* from = copy.at(band, down, across, band.start, 0);
                    for (int64_t t = 0; t < taps; t += TAPS) {
                        constexpr auto some = std::make_integer_sequence<int, TAPS>();
                        add_of(std::min<int64_t>(TAPS, taps - t), some)(
                            slopes, from, places.offsets.data() + t, rows, w.width, down.step * w.pitch * LANES,
                            across.step * LANES, sums + t * LANES);
                    }
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
