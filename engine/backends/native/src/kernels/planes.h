// A plane copied so that whatever a window meets lies inside and a row of windows reads neighbours: the columns that
// leave the same rest when divided by the stride go side by side.
#pragma once
#include <algorithm>
#include <vector>

#include "scratch.h"
#include "lanes.h"

namespace kiln {
namespace KILN_LEVEL {

// planes of [H, W] elements, [P, Q] windows; then of each axis: kernel, stride, padding, dilation
struct Pooling {
    int64_t planes, height, width, rows, columns, kh, kw, sh, sw, ph, pw, dh, dw;

    explicit Pooling(const int64_t* n)
        : planes(n[0]), height(n[1]), width(n[2]), rows(n[3]), columns(n[4]), kh(n[5]), kw(n[6]), sh(n[7]), sw(n[8]),
          ph(n[9]), pw(n[10]), dh(n[11]), dw(n[12]) {}

    int64_t size() const { return height * width; }
    int64_t windows() const { return rows * columns; }
    int64_t row_of(int64_t p) const { return p * sh - ph; }
    // which of a window's rows lie inside: [first, stop)
    int64_t first_row(int64_t p) const { return row_of(p) < 0 ? steps(-row_of(p)) : 0; }
    int64_t stop_row(int64_t p) const { return std::min(kh, steps(height - row_of(p))); }
    // of dh, that cover n rows; a division takes longer than the sum of a row
    int64_t steps(int64_t n) const { return dh == 1 ? n : (n + dh - 1) / dh; }
    int64_t first_column(int64_t q) const { return pw > q * sw ? (pw - q * sw + dw - 1) / dw : 0; }
};

// to[j] = from[j STEP] for j in [0, n)
template <int STEP>
static void take_every(float* __restrict to, const float* __restrict from, int64_t n, int64_t step) {
    for (int64_t j = 0; j < n; ++j) to[j] = from[j * (STEP ? STEP : step)];
}

// even[j] = from[2 j] and odd[j] = from[2 j + 1] for j in [0, n) and up to whole vectors, as far as `end`
static inline void take_pairs(float* even, float* odd, const float* from, int64_t n, const float* end) {
    constexpr auto lanes = std::make_integer_sequence<int, LANES>();
    for (int64_t j = 0; j < n; j += LANES, from += 2 * LANES) {
        const int64_t left = end - from;
        const Vector a = load_some(from, left), b = left > LANES ? load_some(from + LANES, left - LANES) : Vector{};
        store(even + j, every_other<0>(a, b, lanes));
        store(odd + j, every_other<1>(a, b, lanes));
    }
}

// A thread's copy of a plane: row i is `sw` runs of `run` floats, the padded row's columns f, f + sw, ... in run f.
// Rows that lie outside are not there.
struct Plane {
    struct Run {
        int64_t begin, from, count;  // where the first row's elements are, and their first column in x
    };

    const Pooling& g;
    int64_t run;
    float* data;
    std::vector<Run> runs;
    bool within;  // no window reaches beyond a row
    std::vector<int64_t> across;  // of a window's columns, where they are in a row

    Plane(const Pooling& geometry, float beside) : g(geometry) {
        run = whole(std::max(whole(g.columns) + ((g.kw - 1) * g.dw) / g.sw, (g.pw + g.width + g.sw - 1) / g.sw));
        within = g.pw == 0 && (g.columns - 1) * g.sw + (g.kw - 1) * g.dw < g.width;
        data = scratch(Slot::convolution, g.height * g.sw * run);
        std::fill(data, data + g.height * g.sw * run, beside);
        for (int64_t f = 0; f < g.sw; ++f) {
            const int64_t before = g.pw > f ? (g.pw - f + g.sw - 1) / g.sw : 0, from = before * g.sw + f - g.pw;
            runs.push_back({f * run + before, from, (g.width - from + g.sw - 1) / g.sw});
        }
        for (int64_t k = 0; k < g.kw; ++k) across.push_back(k * g.dw % g.sw * run + k * g.dw / g.sw);
    }

    // end: of all planes, beyond which nothing is read
    void take(const float* x, const float* end) {
        if (within && g.sw == 2) {
            for (int64_t i = 0; i < g.height; ++i, x += g.width)
                take_pairs(data + i * 2 * run, data + (i * 2 + 1) * run, x, (g.width + 1) / 2, end);
            return;
        }
        for (const Run& own : runs) {
            float* to = data + own.begin;
            for (int64_t i = 0; i < g.height; ++i, to += g.sw * run) {
                const float* from = x + i * g.width + own.from;
                if (g.sw == 1) copy_floats(to, from, own.count);
                else if (g.sw == 2) take_every<2>(to, from, own.count, 2);
                else if (g.sw == 4) take_every<4>(to, from, own.count, 4);
                else take_every<0>(to, from, own.count, g.sw);
            }
        }
    }

    // What has been added up in the copy, where it came from
    void put(float* __restrict x) const {
        for (const Run& own : runs)
            for (int64_t i = 0; i < g.height; ++i) {
                const float* __restrict from = data + own.begin + i * g.sw * run;
                float* __restrict to = x + i * g.width + own.from;
                for (int64_t j = 0; j < own.count; ++j) to[j * g.sw] = from[j];
            }
    }

    void clear() { std::fill(data, data + g.height * g.sw * run, 0.0f); }

    // element (r, k) of window (p, 0), those of windows (p, 1), (p, 2), ... beside it, is at row(p, r)[across[k]]
    float* row(int64_t p, int64_t r) const { return data + (g.row_of(p) + r * g.dh) * g.sw * run; }
};

}  // namespace KILN_LEVEL
}  // namespace kiln
