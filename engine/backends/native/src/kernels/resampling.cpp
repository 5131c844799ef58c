// One axis made anew of weighted sums along it: x is [outer, n, inner], the result [outer, size, inner]. Of neighbours
// along `inner` each tap is one pass over a run; memory moved is the result and what is read of x.
#include <algorithm>

#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 8192;  // elements of the result, times taps, that are worth a piece of their own

// x, index [size, longest], weight [size, longest], count [size]: how far a row of the two counts;
// ints: outer, n, inner, size, longest
static void resample(const Call& call) {
    const float *x = call.inputs[0].as<float>(), *weight = call.inputs[2].as<float>();
    const int64_t *index = call.inputs[1].as<int64_t>(), *count = call.inputs[3].as<int64_t>();
    float* out = call.outputs[0].as<float>();
    const int64_t outer = call.ints[0], n = call.ints[1], inner = call.ints[2], size = call.ints[3];
    const int64_t longest = call.ints[4], rows = outer * size;
    const int64_t pieces = std::min(rows, pieces_of(rows * inner * longest, LEAST));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t row = piece_start(rows, pieces, piece); row < stop; ++row) {
            const int64_t s = row % size;
            const float* from = x + row / size * n * inner;
            float* to = out + row * inner;
            if (inner == 1) {
                float sum = 0;
                for (int64_t k = s * longest; k < s * longest + count[s]; ++k) sum += from[index[k]] * weight[k];
                *to = sum;
                continue;
            }
            if (count[s] == 0) std::fill_n(to, inner, 0.0f);
            for (int64_t k = 0; k < count[s]; ++k) {
                const float* tap = from + index[s * longest + k] * inner;
                const float w = weight[s * longest + k];
                if (k == 0) {
#pragma omp simd
                    for (int64_t i = 0; i < inner; ++i) to[i] = tap[i] * w;
                } else {
#pragma omp simd
                    for (int64_t i = 0; i < inner; ++i) to[i] += tap[i] * w;
                }
            }
        }
    });
}

KILN_KERNEL("resample", resample);

}  // namespace KILN_LEVEL
}  // namespace kiln
