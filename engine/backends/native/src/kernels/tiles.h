// Planes side by side: a vector holds one element of each of LANES planes, so that what a window does it does in all
// of them at once, however short their rows are. Squares of LANES x LANES elements are turned, which is four shuffles
// for a vector; what is worked on at a time fits half the second cache.
#pragma once
#include <algorithm>

#include "correlation.h"
#include "lanes.h"
#include "pool.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t TILE_ROOM = 1 << 15;  // floats

// Elements [start, stop) of an axis
struct Stretch {
    int64_t start, stop;

    int64_t count() const { return stop - start; }
};

// The first n elements of LANES planes as they are in lanes: whole numbers widened to 32 bits
template <typename T> static inline Vector load_lanes(const T* from, int64_t n) {
    if constexpr (sizeof(T) == sizeof(float)) {
        const float* floats = reinterpret_cast<const float*>(from);
        return n >= LANES ? load(floats) : load_first(floats, n);
    } else {
        int32_t wide[LANES] = {};
        if (n >= LANES)
            for (int i = 0; i < LANES; ++i) wide[i] = from[i];
        else
            for (int64_t i = 0; i < n; ++i) wide[i] = from[i];
        return reinterpret_cast<Vector>(load(wide));
    }
}

template <typename T> static inline void store_lanes(T* to, Vector x, int64_t n) {
    if constexpr (sizeof(T) == sizeof(float)) {
        float* floats = reinterpret_cast<float*>(to);
        if (n >= LANES) store(floats, x);
        else store_first(floats, x, n);
    } else {
        int32_t wide[LANES];
        store(wide, reinterpret_cast<Integers>(x));
        if (n >= LANES)
            for (int i = 0; i < LANES; ++i) to[i] = static_cast<T>(wide[i]);
        else
            for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(wide[i]);
    }
}

// Rectangles of planes of rows `width` long, as rows of vectors `pitch` apart: of floats, or of whole numbers
struct Sheet {
    int64_t width, pitch;
    std::vector<int32_t> places;  // of elements that follow each other

    // of at most so many rows; rows that are cut have at most `length` elements
    Sheet(int64_t wide, int64_t apart, int64_t rows, int64_t length) : width(wide), pitch(apart) {
        if (length < width) rows = 1;
        places.reserve(static_cast<size_t>(rows * length));
        for (int64_t y = 0; y < rows; ++y)
            for (int64_t x = 0; x < length; ++x) places.push_back(static_cast<int32_t>((y * pitch + x) * LANES));
    }

    // Calls work(where it begins in a plane, its row in the sheet, how many) for elements that follow each other.
    template <typename Work> void each_run(const Stretch& rows, const Stretch& columns, const Work& work) const {
        if (columns.count() == width) return work(rows.start * width, 0, rows.count() * width);
        for (int64_t y = rows.start; y < rows.stop; ++y)
            work(y * width + columns.start, y - rows.start, columns.count());
    }

    // to: where the rectangle's first element goes; planes: the first of `lanes`, `apart` elements from each other.
    // Lanes without a plane are 0.
    template <typename T>
    void take(float* to, const T* planes, int64_t apart, int64_t lanes, const Stretch& rows, const Stretch& columns) const {
        each_run(rows, columns, [&](int64_t at, int64_t row, int64_t count) {
            take_run(to + row * pitch * LANES, planes + at, apart, lanes, count);
        });
    }
    template <typename T>
    void put(T* planes, int64_t apart, int64_t lanes, const float* from, const Stretch& rows, const Stretch& columns) const {
        each_run(rows, columns, [&](int64_t at, int64_t row, int64_t count) {
            put_run(planes + at, apart, lanes, from + row * pitch * LANES, count);
        });
    }

  private:
    template <typename T>
    void take_run(float* to, const T* from, int64_t apart, int64_t lanes, int64_t count) const {
        int64_t i = 0;
        if (lanes == LANES)
            for (; i + LANES <= count; i += LANES) {
                Vector square[LANES];
                for (int l = 0; l < LANES; ++l) square[l] = load_lanes(from + l * apart + i, LANES);
                transpose(square);
                for (int l = 0; l < LANES; ++l) store(to + places[static_cast<size_t>(i + l)], square[l]);
            }
        for (; i < count; i += LANES) {
            Vector square[LANES];
            for (int l = 0; l < LANES; ++l)
                square[l] = l < lanes ? load_lanes(from + l * apart + i, count - i) : Vector{};
            transpose(square);
            for (int l = 0; l < LANES; ++l)
                if (i + l < count) store(to + places[static_cast<size_t>(i + l)], square[l]);
        }
    }

    template <typename T>
    void put_run(T* to, int64_t apart, int64_t lanes, const float* from, int64_t count) const {
        int64_t i = 0;
        if (lanes == LANES)
            for (; i + LANES <= count; i += LANES) {
                Vector square[LANES];
                for (int l = 0; l < LANES; ++l) square[l] = load(from + places[static_cast<size_t>(i + l)]);
                transpose(square);
                for (int l = 0; l < LANES; ++l) store_lanes(to + l * apart + i, square[l], LANES);
            }
        for (; i < count; i += LANES) {
            Vector square[LANES];
            for (int l = 0; l < LANES; ++l)
                square[l] = i + l < count ? load(from + places[static_cast<size_t>(i + l)]) : Vector{};
            transpose(square);
            for (int l = 0; l < LANES; ++l)
                if (l < lanes) store_lanes(to + l * apart + i, square[l], count - i);
        }
    }
};

// Results [start, stop) of an axis, and which elements of the source they meet: `length` of them from `low` on, which
// may be outside.
struct Band {
    int64_t start, stop, low, length;

    Stretch results() const { return {start, stop}; }
    // those inside, of `size`
    Stretch inside(int64_t size) const {
        const int64_t first = std::min(std::max<int64_t>(low, 0), size);
        return {first, std::max(std::min(low + length, size), first)};
    }
};

// How far beyond a window's first element its last one is
static inline int64_t extent(const Axis& axis) {
    int64_t most = 0;
    for (const Tap& tap : axis.taps)
        most = std::max(most, tap.shift * axis.step + axis.phases[static_cast<size_t>(tap.phase)]);
    return most;
}

// Which of an axis's own results lie in [start, stop) of all
static inline Stretch within(const Axis& axis, const Stretch& all) {
    const auto own = [&](int64_t place) {
        return std::min(std::max<int64_t>(quotient_up(place - axis.first, axis.apart), 0), axis.count);
    };
    return {own(all.start), own(all.stop)};
}

// What results [start, stop) meet along the axes of all phases; at least one element
static inline Band band_of(const std::vector<Axis>& phases, const Stretch& all) {
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (const Axis& axis : phases) {
        const Stretch own = within(axis, all);
        if (own.start >= own.stop) continue;
        low = std::min(low, own.start * axis.step + axis.base);
        high = std::max(high, (own.stop - 1) * axis.step + axis.base + extent(axis));
    }
    return high < low ? Band{all.start, all.stop, 0, 1} : Band{all.start, all.stop, low, high - low + 1};
}

// An axis cut into bands of results
struct Bands {
    std::vector<Band> all;
    int64_t most = 0, longest = 0;  // results, and elements met

    Bands(const std::vector<Axis>& phases, int64_t results, int64_t count) {
        for (int64_t k = 0; k < count; ++k) {
            all.push_back(band_of(phases, {piece_start(results, count, k), piece_start(results, count, k + 1)}));
            most = std::max(most, all.back().stop - all.back().start);
            longest = std::max(longest, all.back().length);
        }
    }
    int64_t count() const { return static_cast<int64_t>(all.size()); }
    const Band& operator[](int64_t k) const { return all[static_cast<size_t>(k)]; }
};

// A sum over the taps of a window, or another choice among them, for [height, width] results of each plane of
// [rows, columns] elements; the axes are one for each phase of the results. `parts`: vectors kept for each result.
struct Windows {
    std::vector<Axis> down, across;
    int64_t height, width, rows, columns, pitch, parts;
    Bands downs, acrosses;

    Windows(std::vector<Axis> vertical, std::vector<Axis> horizontal, int64_t high, int64_t wide, int64_t kept = 1)
        : down(std::move(vertical)), across(std::move(horizontal)), height(high), width(wide), rows(down[0].size),
          columns(across[0].size), parts(kept), downs(down, height, 1), acrosses(across, width, 1) {
        measure();
        for (int64_t n = 2; room() > TILE_ROOM && n / 2 < height; n *= 2) {
            downs = Bands(down, height, std::min(n, height));
            measure();
        }
        for (int64_t n = 2; room() > TILE_ROOM && n / 2 < width; n *= 2) {
            acrosses = Bands(across, width, std::min(n, width));
            measure();
        }
    }

    bool is_cut() const { return acrosses.count() > 1; }
    int64_t bands() const { return downs.count() * acrosses.count(); }
    int64_t size() const { return rows * columns; }
    int64_t space() const { return height * width; }
    int64_t copied() const { return downs.longest * pitch * LANES; }
    int64_t results() const { return downs.most * acrosses.most * LANES; }
    int64_t room() const { return copied() + parts * results(); }

  private:
    // rows that aren't cut are copied whole
    void measure() {
        const Band& first = acrosses[0];
        pitch = is_cut() ? acrosses.longest
                         : std::max<int64_t>(-first.low, 0) + std::max(columns, first.low + first.length);
    }
};

// A thread's copy of what the results of a band meet, `beside` where that is outside
struct Copy {
    const Windows& w;
    float *data, beside;
    Sheet sheet;
    Stretch down{-1, -1}, across{-1, -1};

    Copy(const Windows& windows, float* memory, float outside)
        : w(windows), data(memory), beside(outside),
          sheet(w.columns, w.pitch, std::min(w.downs.longest, w.rows),
                w.is_cut() ? std::min(w.acrosses.longest, w.columns) : w.columns) {}

    void take(const Band& vertical, const Band& horizontal, const float* planes, int64_t apart, int64_t lanes) {
        const Stretch ys = vertical.inside(w.rows);
        const Stretch xs = w.is_cut() ? horizontal.inside(w.columns) : Stretch{0, w.columns};
        const int64_t top = ys.start - vertical.low, left = xs.start - low(horizontal);
        const Stretch y{top, top + ys.count()}, x{left, left + xs.count()};
        if (y.start != down.start || y.stop != down.stop || x.start != across.start || x.stop != across.stop) {
            std::fill(data, data + w.copied(), beside);  // other places than before are outside
            down = y;
            across = x;
        }
        sheet.take(data + (top * w.pitch + left) * LANES, planes, apart, lanes, ys, xs);
    }

    // Where the first element that a window meets lies, of result (i, j) of the axes
    const float* at(const Band& vertical, const Band& horizontal, const Axis& v, const Axis& h, int64_t i,
                    int64_t j) const {
        const int64_t y = i * v.step + v.base - vertical.low, x = j * h.step + h.base - low(horizontal);
        return data + (y * w.pitch + x) * LANES;
    }

  private:
    // the copy's first column
    int64_t low(const Band& horizontal) const {
        return w.is_cut() ? horizontal.low : std::min<int64_t>(horizontal.low, 0);
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

}  // namespace KILN_LEVEL
}  // namespace kiln
