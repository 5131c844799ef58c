// What a convolution and its gradients have in common: where the taps of a window lie in a copy of some rows.
//
// Along one axis, result i (of `count`) takes source elements (i + shift) step + phase + base of every tap; results
// lie at first + i apart. So rows of the source are copied with what lies beside them and, for a step of s, as s
// shorter rows, one for each phase: then neighbouring results read neighbours, and a tap is one distance for the
// whole copy. A row of the copy is longer than one of results; what is computed in between is thrown away.
#pragma once
#include <algorithm>
#include <vector>

#include "registry.h"
#include "lanes.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LONG = 1024;  // elements of a row that needn't be cut

// x [N, C, H, W], weight [O, C / groups, KH, KW], result [N, O, P, Q], then stride, padding, dilation of each axis.
struct Convolution {
    int64_t images, channels, height, width, filters, rows, columns, kh, kw, sh, sw, ph, pw, dh, dw, groups;

    explicit Convolution(const int64_t* n)
        : images(n[0]), channels(n[1]), height(n[2]), width(n[3]), filters(n[4]), rows(n[5]), columns(n[6]), kh(n[7]),
          kw(n[8]), sh(n[9]), sw(n[10]), ph(n[11]), pw(n[12]), dh(n[13]), dw(n[14]), groups(n[15]) {
        // a kernel of one element sees a small image as well as one long row
        if (taps() == 1 && sh == 1 && sw == 1 && ph == 0 && pw == 0 && height * width <= LONG) {
            width = columns = height * width;
            height = rows = 1;
        }
    }

    int64_t inputs() const { return channels / groups; }  // of a group
    int64_t outputs() const { return filters / groups; }
    int64_t taps() const { return kh * kw; }
    int64_t operations() const { return 2 * images * filters * rows * columns * inputs() * taps(); }
};

// Whether winograd.h may do it: 3 x 3 without steps, gaps and groups.
inline bool is_dense(const Convolution& n) {
    return n.kh == 3 && n.kw == 3 && n.sh == 1 && n.sw == 1 && n.dh == 1 && n.dw == 1 && n.groups == 1;
}

struct Tap {
    int64_t index, phase, shift;  // which place of the kernel; which of the phases; how far along
};

struct Axis {
    std::vector<Tap> taps;
    std::vector<int64_t> phases;
    int64_t step, base, count, first, apart, size;  // size: of the source
    int64_t reach = 0;                              // the largest shift

    bool is_empty() const { return taps.empty() || count == 0; }

    void add(int64_t index, int64_t phase, int64_t shift) {
        const auto found = std::find(phases.begin(), phases.end(), phase);
        taps.push_back({index, found - phases.begin(), shift});
        if (found == phases.end()) phases.push_back(phase);
        reach = std::max(reach, shift);
    }
};

// An axis of the convolution itself.
inline Axis along(int64_t size, int64_t count, int64_t k, int64_t s, int64_t pad, int64_t d) {
    Axis axis{{}, {}, s, -pad, count, 0, 1, size};
    for (int64_t i = 0; i < k; ++i) axis.add(i, i * d % s, i * d / s);
    return axis;
}

// An axis of its gradient in x, of those elements of x whose place with padding leaves the rest r when divided by
// the stride. Only every s-th tap meets them: place a s + r has its tap i from g at a - (i d - r) / s.
inline Axis against(int64_t size, int64_t count, int64_t k, int64_t s, int64_t pad, int64_t d, int64_t r) {
    const int64_t start = std::max<int64_t>((pad - r + s - 1) / s, 0), stop = (pad + size - r + s - 1) / s;
    Axis axis{{}, {}, 1, 0, std::max<int64_t>(stop - start, 0), start * s + r - pad, s, count};
    int64_t most = 0;
    for (int64_t i = 0; i < k; ++i)
        if (i * d % s == r) most = i * d / s;
    for (int64_t i = 0; i < k; ++i)
        if (i * d % s == r) axis.add(i, 0, most - i * d / s);
    axis.base = start - most;
    return axis;
}

static inline int64_t quotient_up(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

// Where a row's elements of one phase are in the source, and where they go; what lies beside them is 0.
struct Run {
    int64_t from, left, count;
};

// The copy: [channels][phases of rows][phases of columns][rows][pitch]
struct Window {
    const Axis &down, &across;
    int64_t pitch;
    std::vector<Run> runs;  // of a row, one for each phase

    Window(const Axis& rows, const Axis& columns) : down(rows), across(columns), pitch(across.count + across.reach) {
        for (const int64_t phase : across.phases) {
            const int64_t begin = phase + across.base;
            const int64_t left = std::min(std::max<int64_t>(quotient_up(-begin, across.step), 0), pitch);
            const int64_t right = std::max(std::min(quotient_up(across.size - begin, across.step), pitch), left);
            runs.push_back({begin + left * across.step, left, right - left});
        }
    }

    int64_t plane(int64_t rows) const { return (rows + down.reach) * pitch; }
    int64_t channel(int64_t rows) const {
        return plane(rows) * static_cast<int64_t>(down.phases.size() * across.phases.size());
    }
    // from a row's first result to the last row's last
    int64_t span(int64_t rows) const { return (rows - 1) * pitch + across.count; }
    int64_t taps() const { return static_cast<int64_t>(down.taps.size() * across.taps.size()); }

    // offsets[c taps + t]: where tap t of channel c of the first result lies
    void find(int64_t channels, int64_t rows, int64_t* offsets) const {
        const int64_t phases = static_cast<int64_t>(across.phases.size());
        for (int64_t c = 0; c < channels; ++c)
            for (const Tap& v : down.taps)
                for (const Tap& h : across.taps) {
                    const int64_t copy = c * channel(rows) + (v.phase * phases + h.phase) * plane(rows);
                    *offsets++ = copy + v.shift * pitch + h.shift;
                }
    }

    // Copies what results of rows [start, start + rows) take of some planes, each down.size x across.size.
    void take(float* to, const float* planes, int64_t channels, int64_t start, int64_t rows) const {
        for (int64_t c = 0; c < channels; ++c, planes += down.size * across.size)
            for (const int64_t v : down.phases)
                for (const Run& run : runs)
                    for (int64_t j = start; j < start + rows + down.reach; ++j, to += pitch) {
                        const int64_t y = j * down.step + v + down.base;
                        if (y < 0 || y >= down.size) std::fill(to, to + pitch, 0.0f);
                        else take_row(to, planes + y * across.size + run.from, run);
                    }
    }

  private:
    // to[left + l] = from[l step], and 0 beside them
    void take_row(float* __restrict to, const float* __restrict from, const Run& run) const {
        for (int64_t l = 0; l < run.left; ++l) to[l] = 0;
        to += run.left;
        if (across.step == 1) copy_floats(to, from, run.count);
        else if (across.step == 2) copy_every_other(to, from, run.count);
        else
            for (int64_t l = 0; l < run.count; ++l) to[l] = from[l * across.step];
        for (int64_t l = run.count; l < pitch - run.left; ++l) to[l] = 0;
    }
};

}  // namespace KILN_LEVEL
}  // namespace kiln
