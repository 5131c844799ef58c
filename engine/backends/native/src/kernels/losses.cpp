// Losses in float32, each read in one pass. cross_entropy reads x [N, C] once and writes a number or two per row;
// its gradient reads and writes 8 n bytes. Rows are summed in doubles, one after the other.
#include <cmath>
#include <limits>

#include "failure.h"
#include "mathematics.h"
#include "reduce.h"
#include "runs.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t CLASSES = 8192;  // elements that are worth a piece of their own
constexpr int64_t TOGETHER = 16;   // rows
constexpr int64_t WIDTH = 16;      // elements of the widest vector

enum Reduced : int64_t { NONE, MEAN, SUM };

// Classes of N rows, of which those of class `ignored` don't count.
struct Classes {
    const int64_t* of;
    int64_t step, ignored;

    int64_t operator[](int64_t row) const { return of[row * step]; }
    bool counts(int64_t row) const { return of[row * step] != ignored; }
};

static Classes classes_of(const Array& target, int64_t ignored) {
    return {target.as<int64_t>(), target.size > 1 ? target.strides[0] : 1, ignored};
}

// How many rows count. OutOfRange where one of them has no such class.
static int64_t counted(const Classes& target, int64_t rows, int64_t classes) {
    int64_t count = 0;
    for (int64_t row = 0; row < rows; ++row) {
        if (!target.counts(row)) continue;
        ++count;
        if (static_cast<uint64_t>(target[row]) < static_cast<uint64_t>(classes)) continue;
        throw OutOfRange("target[" + std::to_string(row) + "] is class " + std::to_string(target[row]) + "; with " +
                         std::to_string(classes) + " classes it must be in [0, " + std::to_string(classes) + "), or " +
                         std::to_string(target.ignored) + " to be left out");
    }
    return count;
}

// Calls some(start, stop) for parts of the rows and row(k) for each, and gives the latter's results: themselves, or
// their sum or mean.
template <typename Some, typename Row>
static void rows_of(const Call& call, int64_t rows, int64_t width, int64_t reduced, int64_t count, const Some& some,
                    const Row& row) {
    float* out = call.outputs[0].as<float>();
    float* each = reduced == NONE ? out : scratch(Slot::reduction, rows);
    const int64_t pieces = std::min(std::max<int64_t>(rows, 1), pieces_of(rows * width, CLASSES));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t start = piece_start(rows, pieces, piece), stop = piece_start(rows, pieces, piece + 1);
        some(start, stop);
        for (int64_t k = start; k < stop; ++k) each[k] = row(k);
    });
    if (reduced == NONE) return;
    double total = 0;
    for (int64_t k = 0; k < rows; ++k) total += static_cast<double>(each[k]);
    *out = static_cast<float>(reduced == SUM ? total : total / static_cast<double>(count));
}

// Element k of those that aren't a whole vector, and behind them what adds nothing to a sum of exponentials.
static inline float rest_of(const float* x, int64_t count, int64_t k) {
    return k < count ? x[k] : -std::numeric_limits<float>::infinity();
}

static float sum_of_exponentials(const float* x, float top, int64_t classes) {
    const int64_t whole = classes / WIDTH * WIDTH;
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t k = 0; k < WIDTH; ++k) total += exp_below(rest_of(x + whole, classes - whole, k) - top);
    if (whole > 0) {
#pragma omp simd reduction(+ : total)
        for (int64_t i = 0; i < whole; ++i) total += exp_below(x[i] - top);
    }
    return total;
}

// The log of the sum of exponentials of each of `rows` rows, step by step: what one row waits for, another does.
static void log_sum_exp(const float* x, int64_t rows, int64_t classes, float* out) {
    for (int64_t first = 0; first < rows; first += TOGETHER) {
        const int64_t count = std::min(TOGETHER, rows - first);
        const float* from = x + first * classes;
        float tops[TOGETHER], totals[TOGETHER];
        for (int64_t k = 0; k < count; ++k) tops[k] = largest(from + k * classes, classes, from[k * classes]);
        for (int64_t k = 0; k < count; ++k) totals[k] = sum_of_exponentials(from + k * classes, tops[k], classes);
#pragma omp simd
        for (int64_t k = 0; k < count; ++k) out[first + k] = tops[k] + log_of(totals[k]);
    }
}

// to = (e^(x - level) - less) scale
static void soften(const float* x, float level, float less, float scale, int64_t classes, float* to) {
    const int64_t whole = classes / WIDTH * WIDTH;
#pragma omp simd
    for (int64_t i = 0; i < whole; ++i) to[i] = (exp_below(x[i] - level) - less) * scale;
    if (whole == classes) return;
    float tail[WIDTH];
#pragma omp simd
    for (int64_t k = 0; k < WIDTH; ++k)
        tail[k] = (exp_below(rest_of(x + whole, classes - whole, k) - level) - less) * scale;
    for (int64_t i = whole; i < classes; ++i) to[i] = tail[i - whole];
}

// x [N, C], target [N] -> loss, lse [N]; ints: ignored class, reduction; reals: smoothing
static void cross_entropy(const Call& call) {
    const Array& x = call.inputs[0];
    const int64_t rows = x.shape[0], classes = x.shape[1];
    const Classes target = classes_of(call.inputs[1], call.ints[0]);
    const int64_t count = counted(target, rows, classes);
    float* lse = call.outputs[1].as<float>();
    const float smoothing = static_cast<float>(call.reals[0]);
    const auto sums = [&](int64_t start, int64_t stop) {
        log_sum_exp(x.as<float>() + start * classes, stop - start, classes, lse + start);
    };
    rows_of(call, rows, classes, call.ints[1], count, sums, [&](int64_t k) {
        const float* row = x.as<float>() + k * classes;
        if (!target.counts(k)) return 0.0f;
        const float loss = lse[k] - row[target[k]];
        if (smoothing == 0) return loss;
        return loss * (1 - smoothing) + (lse[k] - sum(row, classes) / static_cast<float>(classes)) * smoothing;
    });
}

// g [] or [N], x [N, C], lse [N], target [N] -> gradient of x; ints: ignored class, reduction; reals: smoothing
static void cross_entropy_grad(const Call& call) {
    const Array &g = call.inputs[0], &x = call.inputs[1];
    const int64_t rows = x.shape[0], classes = x.shape[1], each = g.axes == 0 ? 0 : g.strides[0];
    const float* lse = call.inputs[2].as<float>();
    const Classes target = classes_of(call.inputs[3], call.ints[0]);
    const int64_t count = counted(target, rows, classes);
    const float share = call.ints[1] == MEAN ? 1 / static_cast<float>(count) : 1.0f;
    const float smoothing = static_cast<float>(call.reals[0]), less = smoothing / static_cast<float>(classes);
    float* out = call.outputs[0].as<float>();
    const int64_t pieces = pieces_of(rows * classes, CLASSES);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t k = piece_start(rows, pieces, piece); k < stop; ++k) {
            const float* row = x.as<float>() + k * classes;
            float* to = out + k * classes;
            const float scale = target.counts(k) ? g.as<float>()[k * each] * share : 0.0f;
            soften(row, lse[k], less, scale, classes, to);
            if (target.counts(k)) to[target[k]] -= (1 - smoothing) * scale;
        }
    });
}

// x [N, C], target [N] -> loss; ints: ignored class, reduction
static void nll(const Call& call) {
    const Array& x = call.inputs[0];
    const Classes target = classes_of(call.inputs[1], call.ints[0]);
    const int64_t rows = x.shape[0], count = counted(target, rows, x.shape[1]);
    const auto nothing = [](int64_t, int64_t) {};
    rows_of(call, rows, 1, call.ints[1], count, nothing, [&](int64_t k) {
        return target.counts(k) ? -x.as<float>()[k * x.strides[0] + target[k] * x.strides[1]] : 0.0f;
    });
}

// g [] or [N], target [N] -> [N, C]; ints: ignored class, reduction
static void nll_grad(const Call& call) {
    const Array &g = call.inputs[0], &out = call.outputs[0];
    const int64_t rows = out.shape[0], classes = out.shape[1], each = g.axes == 0 ? 0 : g.strides[0];
    const Classes target = classes_of(call.inputs[1], call.ints[0]);
    const int64_t count = counted(target, rows, classes);
    const float share = call.ints[1] == MEAN ? static_cast<float>(count) : 1.0f;
    const int64_t pieces = pieces_of(out.size, PART);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t k = piece_start(rows, pieces, piece); k < stop; ++k) {
            float* to = out.as<float>() + k * classes;
            for (int64_t i = 0; i < classes; ++i) to[i] = 0.0f;
            if (target.counts(k)) to[target[k]] = -g.as<float>()[k * each] / share;
        }
    });
}

// a function of its own for the sake of vector code, as in runs.h
template <typename F> static inline float total_of(F f, const float* x, const float* y, int64_t n) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; ++i) total += f(x[i], y[i]);
    return total;
}

// f(x, y) of each element of arrays without gaps, or the sum or mean of all; ints: reduction
template <typename F> static void pairs(const Call& call, F f) {
    const float *x = call.inputs[0].as<float>(), *y = call.inputs[1].as<float>();
    const int64_t n = call.inputs[0].size, pieces = pieces_of(n, PART, MANY), reduced = call.ints[0];
    float* out = call.outputs[0].as<float>();
    double totals[MANY] = {};
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t start = piece_start(n, pieces, piece), stop = piece_start(n, pieces, piece + 1);
        if (reduced == NONE) {
#pragma omp simd
            for (int64_t i = start; i < stop; ++i) out[i] = f(x[i], y[i]);
            return;
        }
        for (int64_t from = start; from < stop; from += CHUNK) {
            const float total = total_of(f, x + from, y + from, std::min(CHUNK, stop - from));
            totals[piece] += static_cast<double>(total);
        }
    });
    if (reduced == NONE) return;
    double total = 0;
    for (int64_t piece = 0; piece < pieces; ++piece) total += totals[piece];
    *out = static_cast<float>(reduced == SUM ? total : total / static_cast<double>(n));
}

static void mse(const Call& call) {
    pairs(call, [](float x, float y) { return (x - y) * (x - y); });
}
static void l1(const Call& call) {
    pairs(call, [](float x, float y) { return __builtin_fabsf(x - y); });
}

// -(y log p + (1 - y) log(1 - p)), a log counting as at least -100; arrays without gaps
static void bce(const Call& call) {
    const float* sides[] = {call.inputs[0].as<float>(), call.inputs[1].as<float>()};
    const int64_t n = call.inputs[0].size;
    for (int side = 0; side < 2; ++side) {
        int inside = 1;
        for (int64_t i = 0; i < n; ++i) inside &= (sides[side][i] >= 0) & (sides[side][i] <= 1);
        if (inside != 0) continue;
        throw Failure(std::string("binary_cross_entropy: the ") + (side == 0 ? "input" : "target") +
                      " has elements outside [0, 1], or NaN; of logits take binary_cross_entropy_with_logits");
    }
    pairs(call, [](float p, float y) {
        const float yes = log_of(p), no = log1p_of(-p);
        return -(y * (yes < -100 ? -100 : yes) + (1 - y) * (no < -100 ? -100 : no));
    });
}

KILN_KERNEL("cross_entropy", cross_entropy);
KILN_KERNEL("cross_entropy_grad", cross_entropy_grad);
KILN_KERNEL("nll", nll);
KILN_KERNEL("nll_grad", nll_grad);
KILN_KERNEL("mse", mse);
KILN_KERNEL("l1", l1);
KILN_KERNEL("bce", bce);

}  // namespace KILN_LEVEL
}  // namespace kiln
