// Convolutions of 3 x 3 with a stride of 1 in fewer products: F(4 x 4, 3 x 3) of Winograd (Lavin and Gray 2016).
//
// 16 results of a channel come of the 36 elements their windows meet: both the elements and the 9 weights are turned
// into 36 values by small sums, multiplied one by one (and summed over channels: 36 matrix products), and turned back;
// 2.25 products for each result and channel instead of 9. The points of the polynomials are 0, +-3/4, +-3/2 and
// infinity, whose rounding errors are about twice those of the direct sum; 0, +-1, +-2 would make them four times.
#pragma once
#include "correlation.h"
#include "pool.h"

namespace kiln {
namespace KILN_LEVEL {

// One sum with a kernel of 3 x 3: from `inputs` channels of [height, width] elements to `outputs` of [rows, columns].
struct Dense {
    int64_t images, inputs, outputs, height, width, rows, columns, ph, pw;

    int64_t down() const { return quotient_up(rows, 4); }  // tiles of results
    int64_t across() const { return quotient_up(columns, 4); }
    int64_t tiles() const { return images * down() * across(); }
};

// Whether these take less time than the direct sums.
bool is_quicker(const Dense& n);
bool is_quicker_for_weights(const Dense& n);

// The call's result = weights * source (+ bias); weight (m, c) begins at m result + c channel, its 9 taps in turn or, where
// `flipped`, the other way round.
struct Kernels {
    const float* data;
    int64_t result, channel;
    bool flipped;
};

void winograd(const Call& call, const Dense& n, const Kernels& weights, const float* source, const float* end,
              const float* bias);

// The gradient in the weights [outputs, inputs, 3, 3]; g: [images, outputs, rows, columns]
void winograd_weights(Pool& pool, const Dense& n, const float* source, const float* end, const float* g,
                      const float* g_end, float* result);

}  // namespace KILN_LEVEL
}  // namespace kiln
