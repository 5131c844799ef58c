// What the steps of optimizers share.
#pragma once
#include "round.h"
#include "tensor.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own

// Calls range(start, stop) for the pieces of [0, n).
template <typename Range> static void ranges(const Call& call, int64_t n, Range range) {
    const int64_t pieces = pieces_of(n, LEAST);
    const auto work = [=](int64_t piece) {
        range(piece_start(n, pieces, piece), piece_start(n, pieces, piece + 1));
    };
    if (call.round != nullptr) call.round->add(n, pieces, work);
    else call.pool.run(pieces, work);
}

// The step count, one higher than it was.
static inline double counted(const Array& step) {
    if (step.dtype == DType::f64) return *step.as<double>() += 1;
    return static_cast<double>(*step.as<float>() += 1);
}

}  // namespace KILN_LEVEL
}  // namespace kiln
