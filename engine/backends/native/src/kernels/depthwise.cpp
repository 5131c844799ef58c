// See depthwise.h. Little is done with each element, 2 K operations: of few planes, or long rows, one is copied
// (planes.h) and summed while it is in the first cache, 8 bytes of memory moved for an element and a result. A piece is
// some whole planes; of the gradients in the weights, some channels of all images.
#include "depthwise.h"

#include "planes.h"
#include "pool.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own
constexpr int TAPS = 8;           // of a row whose sums are in registers at a time

// Whether so many planes fill vectors well enough to be taken side by side: half of the lanes are worth it where rows
// are short.
static bool is_tiled(const Convolution& n, int64_t planes) {
    const bool is_short = n.columns < 2 * LANES;
    return planes * 4 >= whole(planes) * (is_short ? 2 : 3);
}

static Pooling planes_of(const Convolution& n) {
    const int64_t all[] = {n.images * n.channels, n.height, n.width, n.rows, n.columns, n.kh, n.kw,
                           n.sh,                  n.sw,     n.ph,    n.pw,   n.dh,      n.dw};
    return Pooling(all);
}

// One row of results: KW (or kw) taps of each of the kernel's rows that lie inside
template <int KW>
static void sum_row(const Plane& plane, const float* weights, int64_t p, float shift, float* to, const float* end) {
    const Pooling& g = plane.g;
    const int64_t taps = KW ? KW : g.kw, *across = plane.across.data();
    const int64_t first = g.first_row(p), stop = g.stop_row(p);
    for (int64_t q = 0; q < g.columns; q += LANES) {
        Vector sum = Vector{} + shift;
        for (int64_t r = first; r < stop; ++r) {
            const float* line = plane.row(p, r) + q;
            for (int64_t k = 0; k < taps; ++k) sum += weights[r * taps + k] * load(line + across[k]);
        }
        store_some(to + q, sum, g.columns - q, end - to - q);
    }
}

// x -> out, weights [channels][taps] in turn or, where `flipped`, the other way round
static void sum_planes(const Call& call, const Pooling& g, const float* weights, int64_t channels, bool flipped,
                       const float* bias) {
    const float* x = call.inputs[0].as<float>();
    const int64_t pieces = pieces_of(g.planes * std::max(g.size(), g.windows()), LEAST), taps = g.kh * g.kw;
    call.pool.run(pieces, [&](int64_t piece) {
        Plane plane(g, 0);
        std::vector<float> own(static_cast<size_t>(taps));
        const int64_t start = piece_start(g.planes, pieces, piece), stop = piece_start(g.planes, pieces, piece + 1);
        float* to = call.outputs[0].as<float>() + start * g.windows();
        const float* end = to + (stop - start) * g.windows();
        for (int64_t c = start; c < stop; ++c) {
            const float* from = weights + c % channels * taps;
            if (flipped) std::reverse_copy(from, from + taps, own.begin());
            else std::copy(from, from + taps, own.begin());
            plane.take(x + c * g.size(), x + call.inputs[0].size);
            const float shift = bias ? bias[c % channels] : 0.0f;
            for (int64_t p = 0; p < g.rows; ++p, to += g.columns) {
                if (g.kw == 3) sum_row<3>(plane, own.data(), p, shift, to, end);
                else sum_row<0>(plane, own.data(), p, shift, to, end);
            }
        }
        call.done({start * g.windows(), 1, (stop - start) * g.windows(), 0});
    });
}

void depthwise(const Call& call, const Convolution& n, const float* bias) {
    if (is_tiled(n, n.images * n.channels)) return tiled_depthwise(call, n, bias);
    sum_planes(call, planes_of(n), call.inputs[1].as<float>(), n.channels, false, bias);
}

// A plane's results with whole vectors in a row, 0 beyond its end: a copy, or what is given where rows are such
struct Slopes {
    int64_t pitch;
    float* copy;
    const float* data;

    explicit Slopes(const Pooling& g) : pitch(whole(g.columns)), copy(scratch(Slot::reduction, g.rows * pitch)) {
        std::fill(copy, copy + g.rows * pitch, 0.0f);
    }
    void take(const float* from, const Pooling& g) {
        data = pitch == g.columns ? from : copy;
        if (data == from) return;
        for (int64_t p = 0; p < g.rows; ++p) copy_floats(copy + p * pitch, from + p * g.columns, g.columns);
    }
};

// Without steps, a convolution with the kernel turned around; with them, every tap adds its part to the copy.
void depthwise_input_grad(const Call& call, const Convolution& n) {
    if (is_tiled(n, n.images * n.channels)) return tiled_depthwise_input_grad(call, n);
    const float* weights = call.inputs[1].as<float>();
    const int64_t ph = (n.kh - 1) * n.dh - n.ph, pw = (n.kw - 1) * n.dw - n.pw, taps = n.taps();
    if (n.sh == 1 && n.sw == 1 && ph >= 0 && pw >= 0) {
        Convolution turned = n;
        std::swap(turned.height, turned.rows);
        std::swap(turned.width, turned.columns);
        turned.ph = ph;
        turned.pw = pw;
        return sum_planes(call, planes_of(turned), weights, n.channels, true, nullptr);
    }
    const Pooling g = planes_of(n);
    const float* slope = call.inputs[0].as<float>();
    const int64_t pieces = pieces_of(g.planes * g.size(), LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        Plane plane(g, 0);
        Slopes slopes(g);
        for (int64_t c = piece_start(g.planes, pieces, piece); c < piece_start(g.planes, pieces, piece + 1); ++c) {
            slopes.take(slope + c * g.windows(), g);
            plane.clear();
            // tap by tap, so that a vector isn't read just after others have written to parts of it
            for (int64_t r = 0; r < g.kh; ++r)
                for (int64_t k = 0; k < g.kw; ++k) {
                    const float weight = weights[c % n.channels * taps + r * g.kw + k];
                    for (int64_t p = 0; p < g.rows; ++p) {
                        if (r < g.first_row(p) || r >= g.stop_row(p)) continue;
                        float* to = plane.row(p, r) + plane.across[static_cast<size_t>(k)];
                        const float* from = slopes.data + p * slopes.pitch;
                        for (int64_t q = 0; q < slopes.pitch; q += LANES)
                            store(to + q, load(to + q) + weight * load(from + q));
                    }
                }
            plane.put(call.outputs[0].as<float>() + c * g.size());
            call.done({c * g.size(), 1, g.size(), 0});
        }
    });
}

// sums[N][LANES] += over a plane's results of slopes times tap k + i of the kernel's row r
template <int N>
static void sum_taps(const Plane& plane, const Slopes& slopes, int64_t r, int64_t k, float* sums) {
    const Pooling& g = plane.g;
    Vector total[N];
    for (int i = 0; i < N; ++i) total[i] = load(sums + i * LANES);
    for (int64_t p = 0; p < g.rows; ++p) {
        if (r < g.first_row(p) || r >= g.stop_row(p)) continue;
        const float *line = plane.row(p, r), *slope = slopes.data + p * slopes.pitch;
        for (int64_t q = 0; q < slopes.pitch; q += LANES) {
            const Vector own = load(slope + q);
            for (int i = 0; i < N; ++i) total[i] += own * load(line + plane.across[static_cast<size_t>(k + i)] + q);
        }
    }
    for (int i = 0; i < N; ++i) store(sums + i * LANES, total[i]);
}

using Taps = void (*)(const Plane&, const Slopes&, int64_t, int64_t, float*);

template <int... N> static Taps taps_of(int64_t count, std::integer_sequence<int, N...>) {
    static constexpr Taps all[] = {sum_taps<N + 1>...};
    return all[count - 1];
}

void depthwise_weight_grad(const Call& call, const Convolution& n) {
    if (is_tiled(n, n.channels)) return tiled_depthwise_weight_grad(call, n);
    const Pooling g = planes_of(n);
    const float *x = call.inputs[0].as<float>(), *slope = call.inputs[1].as<float>();
    const int64_t taps = n.taps(), pieces = std::min(pieces_of(g.planes * g.size(), LEAST), n.channels);
    call.pool.run(pieces, [&](int64_t piece) {
        Plane plane(g, 0);
        Slopes slopes(g);
        std::vector<float> sums(static_cast<size_t>(taps * LANES));
        for (int64_t c = piece_start(n.channels, pieces, piece); c < piece_start(n.channels, pieces, piece + 1); ++c) {
            std::fill(sums.begin(), sums.end(), 0.0f);
            for (int64_t i = c; i < g.planes; i += n.channels) {
                plane.take(x + i * g.size(), x + call.inputs[0].size);
                slopes.take(slope + i * g.windows(), g);
                for (int64_t r = 0; r < g.kh; ++r)
                    for (int64_t k = 0; k < g.kw; k += TAPS) {
                        constexpr auto all = std::make_integer_sequence<int, TAPS>();
                        const int64_t some = std::min<int64_t>(TAPS, g.kw - k);
                        taps_of(some, all)(plane, slopes, r, k, sums.data() + (r * g.kw + k) * LANES);
                    }
            }
            float* to = call.outputs[0].as<float>() + c * taps;
            for (int64_t k = 0; k < taps; ++k) to[k] = sum_of(load(sums.data() + k * LANES));
        }
    });
}

}  // namespace KILN_LEVEL
}  // namespace kiln
