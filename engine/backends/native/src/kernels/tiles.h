// Planes side by side: a vector holds one element of each of LANES planes, so that what a window does it does in all
// of them at once, however short their rows are. A square of LANES x LANES floats is turned at a time.
#pragma once
#include <algorithm>

#include "lanes.h"

namespace kiln {
namespace KILN_LEVEL {

// Of the `lanes` first planes, that begin `apart` floats from one another, element i of each goes to
// to[places[i]...]; the other lanes are 0.
static inline void take_lanes(float* to, const int32_t* places, const float* from, int64_t apart, int64_t lanes,
                              int64_t count) {
    int64_t i = 0;
    if (lanes == LANES)
        for (; i + LANES <= count; i += LANES) {
            Vector square[LANES];
            for (int l = 0; l < LANES; ++l) square[l] = load(from + l * apart + i);
            transpose(square);
            for (int l = 0; l < LANES; ++l) store(to + places[i + l], square[l]);
        }
    for (; i < count; i += LANES) {
        const int64_t some = std::min<int64_t>(LANES, count - i);
        Vector square[LANES] = {};
        for (int64_t l = 0; l < lanes; ++l)
            square[l] = some == LANES ? load(from + l * apart + i) : load_first(from + l * apart + i, some);
        transpose(square);
        for (int64_t l = 0; l < some; ++l) store(to + places[i + l], square[l]);
    }
}

// The other way round: from[i LANES...] are elements i of each plane
static inline void put_lanes(float* to, int64_t apart, int64_t lanes, const float* from, int64_t count) {
    int64_t i = 0;
    if (lanes == LANES)
        for (; i + LANES <= count; i += LANES) {
            Vector square[LANES];
            for (int l = 0; l < LANES; ++l) square[l] = load(from + (i + l) * LANES);
            transpose(square);
            for (int l = 0; l < LANES; ++l) store(to + l * apart + i, square[l]);
        }
    for (; i < count; i += LANES) {
        const int64_t some = std::min<int64_t>(LANES, count - i);
        Vector square[LANES] = {};
        for (int64_t l = 0; l < some; ++l) square[l] = load(from + (i + l) * LANES);
        transpose(square);
        for (int64_t l = 0; l < lanes; ++l) {
            if (some == LANES) store(to + l * apart + i, square[l]);
            else store_first(to + l * apart + i, square[l], some);
        }
    }
}

}  // namespace KILN_LEVEL
}  // namespace kiln
