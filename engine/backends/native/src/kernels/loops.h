// Loops over arrays of one common shape, broadcast and strided as they may be.
#pragma once
#include <algorithm>

#include "pool.h"
#include "tensor.h"

namespace kiln {
namespace KILN_LEVEL {

// The elements of N arrays that broadcast to one shape, in the order of that shape.
//
// Axes that lie behind one another in memory in all arrays are merged, so that mostly one or two are left:
// shape[0] is the innermost one, strides[k][0] array k's step along it. A run is what neighbours along it.
template <int N> struct Walk {
    int axes = 0;
    int64_t size = 1;
    int64_t shape[MAX_AXES] = {};
    int64_t strides[N][MAX_AXES] = {};

    // out of line: each kernel makes one, and its code would be there each time
    __attribute__((noinline)) Walk(const Array& form, const Array* const (&arrays)[N]) {
        for (int axis = form.axes - 1; axis >= 0; --axis) {
            const int64_t n = form.shape[axis];
            size *= n;
            int64_t steps[N];
            for (int k = 0; k < N; ++k) {
                const int at = axis - form.axes + arrays[k]->axes;
                steps[k] = at < 0 || arrays[k]->shape[at] == 1 ? 0 : arrays[k]->strides[at];
            }
            if (n != 1) join(n, steps);
        }
        if (axes == 0) {
            const int64_t ones[N] = {};
            join(1, ones);
        }
    }

    // Calls segment(count, offsets) for each run, or part of one, of the elements [start, stop).
    template <typename Segment> void range(int64_t start, int64_t stop, const Segment& segment) const {
        if (start >= stop) return;
        int64_t at[MAX_AXES], offsets[N] = {}, rest = start;
        for (int axis = 0; axis < axes; ++axis) {
            at[axis] = rest % shape[axis];
            rest /= shape[axis];
            for (int k = 0; k < N; ++k) offsets[k] += at[axis] * strides[k][axis];
        }
        for (;;) {
            const int64_t count = std::min(shape[0] - at[0], stop - start);
            segment(count, offsets);
            start += count;
            if (start >= stop) return;
            for (int k = 0; k < N; ++k) offsets[k] -= at[0] * strides[k][0];
            at[0] = 0;
            for (int axis = 1; axis < axes; ++axis) {
                for (int k = 0; k < N; ++k) offsets[k] += strides[k][axis];
                if (++at[axis] < shape[axis]) break;
                for (int k = 0; k < N; ++k) offsets[k] -= at[axis] * strides[k][axis];
                at[axis] = 0;
            }
        }
    }

    // The same for all elements, in pieces of at least `least`.
    template <typename Segment> void run(Pool& pool, int64_t least, const Segment& segment) const {
        const int64_t pieces = pieces_of(size, least);
        pool.run(pieces, [&](int64_t piece) {
            range(piece_start(size, pieces, piece), piece_start(size, pieces, piece + 1), segment);
        });
    }

  private:
    void join(int64_t n, const int64_t (&steps)[N]) {
        bool behind = axes > 0;
        for (int k = 0; behind && k < N; ++k) behind = steps[k] == strides[k][axes - 1] * shape[axes - 1];
        if (behind) {
            shape[axes - 1] *= n;
            return;
        }
        shape[axes] = n;
        for (int k = 0; k < N; ++k) strides[k][axes] = steps[k];
        ++axes;
    }
};

}  // namespace KILN_LEVEL
}  // namespace kiln
