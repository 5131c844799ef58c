// Convolutions over three axes, and their gradients, in float32: products with the matrix of windows.
//
// 2 N O P C K / groups operations. Of an image's group the windows of some results are unrolled into a matrix [C K]
// [results] that fits the second cache, and multiplied while it is there (gemm.h); 4 C K bytes are written and read
// for a result. A piece is some results of an image's group; of the gradient in x, some channels of it, whose windows'
// slopes are added in turn; of that in the weights, a run of images, whose sums are added in the order of the runs.
#include <algorithm>

#include "gemm.h"
#include "pool.h"
#include "registry.h"
#include "scratch.h"
#include "vectors.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t ROOM = 1 << 16;   // floats of a matrix
constexpr int64_t LEAST = 1 << 20;  // operations that are worth a piece of their own
constexpr int64_t RUNS = 8;         // of images that have sums of their own, at most
constexpr int64_t TERMS = 64;       // of the gradient in x, that are multiplied together

// x [N, C, sizes], weight [O, C / groups, kernel], result [N, O, counts]
struct Volume {
    int64_t images, channels, filters, groups;
    const int64_t *sizes, *counts, *kernel, *stride, *padding, *dilation;

    explicit Volume(const int64_t* n)
        : images(n[0]), channels(n[1]), filters(n[2]), groups(n[3]), sizes(n + 4), counts(n + 7), kernel(n + 10),
          stride(n + 13), padding(n + 16), dilation(n + 19) {}

    int64_t inputs() const { return channels / groups; }
    int64_t outputs() const { return filters / groups; }
    int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
    int64_t terms() const { return inputs() * taps(); }
    int64_t size() const { return sizes[0] * sizes[1] * sizes[2]; }
    int64_t lines() const { return counts[0] * counts[1]; }  // rows of results
    int64_t space() const { return lines() * counts[2]; }
    int64_t operations() const { return 2 * images * filters * terms() * space(); }
    // rows of results whose windows of so many terms are unrolled together
    int64_t together(int64_t terms_) const {
        return std::min(lines(), std::max<int64_t>(ROOM / (terms_ * counts[2]), 1));
    }

    // Calls work(row of the matrix, its column, where results [first, stop) of a row begin in x) for the taps of some
    // channels and rows of results [from, to); first = stop where a tap is outside.
    template <typename Work> void each_row(int64_t some, int64_t from, int64_t to, const Work& work) const {
        const int64_t all = taps();
        for (int64_t t = 0; t < all; ++t) {
            const int64_t i = t / (kernel[1] * kernel[2]), j = t / kernel[2] % kernel[1], k = t % kernel[2];
            const int64_t begin = k * dilation[2] - padding[2], step = stride[2];
            const int64_t first = std::min(begin < 0 ? (-begin + step - 1) / step : 0, counts[2]);
            const int64_t stop = begin < sizes[2] ? (sizes[2] - begin + step - 1) / step : 0;
            const int64_t last = std::max(std::min(stop, counts[2]), first);
            for (int64_t line = from; line < to; ++line) {
                const int64_t z = line / counts[1] * stride[0] - padding[0] + i * dilation[0];
                const int64_t y = line % counts[1] * stride[1] - padding[1] + j * dilation[1];
                const bool is_inside = z >= 0 && z < sizes[0] && y >= 0 && y < sizes[1];
                const int64_t at = (z * sizes[1] + y) * sizes[2] + begin;
                for (int64_t c = 0; c < some; ++c)
                    work(c * all + t, (line - from) * counts[2], c * size() + at, first, is_inside ? last : first);
            }
        }
    }
};

// to[i step] += from[i]
static void add(float* __restrict to, const float* __restrict from, int64_t count, int64_t step) {
    if (step == 1)
        for (int64_t i = 0; i < count; ++i) to[i] += from[i];
    else
        for (int64_t i = 0; i < count; ++i) to[i * step] += from[i];
}

// matrix [channels taps][results of the rows], `pitch` apart
static void unroll(const Volume& n, const float* x, int64_t channels, int64_t from, int64_t to, float* matrix,
                   int64_t pitch) {
    const int64_t count = n.counts[2], step = n.stride[2];
    n.each_row(channels, from, to, [&](int64_t row, int64_t column, int64_t at, int64_t first, int64_t stop) {
        float* line = matrix + row * pitch + column;
        for (int64_t q = 0; q < first; ++q) line[q] = 0;
        if (step == 1) copy_floats(line + first, x + at + first, stop - first);
        else
            for (int64_t q = first; q < stop; ++q) line[q] = x[at + q * step];
        for (int64_t q = stop; q < count; ++q) line[q] = 0;
    });
}

static void convolve(const Call& call, const float* bias) {
    const Volume n(call.ints);
    const float *x = call.inputs[0].as<float>(), *weight = call.inputs[1].as<float>();
    float* out = call.outputs[0].as<float>();
    const int64_t lines = n.together(n.terms()), pitch = lines * n.counts[2], space = n.space();
    const int64_t cuts = (n.lines() + lines - 1) / lines, units = n.images * n.groups * cuts;
    const int64_t pieces = std::min(pieces_of(n.operations(), LEAST), units);
    call.pool.run(pieces, [&](int64_t piece) {
        float* matrix = scratch(Slot::convolution, n.terms() * pitch);
        for (int64_t u = piece_start(units, pieces, piece); u < piece_start(units, pieces, piece + 1); ++u) {
            const int64_t from = u % cuts * lines, to = std::min(from + lines, n.lines()), both = u / cuts;
            const int64_t group = both % n.groups, filter = group * n.outputs(), count = (to - from) * n.counts[2];
            unroll(n, x + both * n.inputs() * n.size(), n.inputs(), from, to, matrix, pitch);
            const int64_t start = both * n.outputs() * space + from * n.counts[2];
            if (bias)
                for (int64_t m = 0; m < n.outputs(); ++m) std::fill_n(out + start + m * space, count, bias[filter + m]);
            gemm(n.outputs(), count, n.terms(), {weight + filter * n.terms(), n.terms(), 1}, {matrix, pitch, 1},
                 out + start, space, bias != nullptr);
            call.done({start, n.outputs(), count, space});
        }
    });
}

// x, weight, bias -> out
static void conv_volumes(const Call& call) { convolve(call, call.inputs[2].as<float>()); }

// x, weight -> out
static void conv_volumes_no_bias(const Call& call) { convolve(call, nullptr); }

// g, weight -> x's gradient
static void conv_volumes_input_grad(const Call& call) {
    const Volume n(call.ints);
    const float *g = call.inputs[0].as<float>(), *weight = call.inputs[1].as<float>();
    float* out = call.outputs[0].as<float>();
    const int64_t some = std::min(n.inputs(), std::max<int64_t>(TERMS / n.taps(), 1));  // channels
    const int64_t lines = n.together(some * n.taps()), pitch = lines * n.counts[2], space = n.space();
    const int64_t blocks = (n.inputs() + some - 1) / some, units = n.images * n.groups * blocks;
    const int64_t pieces = std::min(pieces_of(n.operations(), LEAST), units);
    call.pool.run(pieces, [&](int64_t piece) {
        float* matrix = scratch(Slot::convolution, some * n.taps() * pitch);
        for (int64_t u = piece_start(units, pieces, piece); u < piece_start(units, pieces, piece + 1); ++u) {
            const int64_t first = u % blocks * some, channels = std::min(some, n.inputs() - first), both = u / blocks;
            const int64_t filter = both % n.groups * n.outputs(), start = (both * n.inputs() + first) * n.size();
            float* own = out + start;
            std::fill_n(own, channels * n.size(), 0.0f);
            for (int64_t from = 0; from < n.lines(); from += lines) {
                const int64_t to = std::min(from + lines, n.lines());
                gemm(channels * n.taps(), (to - from) * n.counts[2], n.outputs(),
                     {weight + filter * n.terms() + first * n.taps(), 1, n.terms()},
                     {g + both * n.outputs() * space + from * n.counts[2], space, 1}, matrix, pitch, false);
                n.each_row(channels, from, to, [&](int64_t row, int64_t column, int64_t at, int64_t q, int64_t stop) {
                    const float* line = matrix + row * pitch + column;
                    add(own + at + q * n.stride[2], line + q, stop - q, n.stride[2]);
                });
            }
            call.done({start, 1, channels * n.size(), 0});
        }
    });
}

// x, g -> the weight's gradient
static void conv_volumes_weight_grad(const Call& call) {
    const Volume n(call.ints);
    const float *x = call.inputs[0].as<float>(), *g = call.inputs[1].as<float>();
    float* out = call.outputs[0].as<float>();
    const int64_t lines = n.together(n.terms()), pitch = lines * n.counts[2], space = n.space();
    const int64_t runs = std::min(n.images, RUNS), units = runs * n.groups, part = n.outputs() * n.terms();
    const int64_t pieces = std::min(pieces_of(n.operations(), LEAST), units), size = n.groups * part;
    float* sums = scratch(Slot::product, runs * size);
    call.pool.run(pieces, [&](int64_t piece) {
        float* matrix = scratch(Slot::convolution, n.terms() * pitch);
        for (int64_t u = piece_start(units, pieces, piece); u < piece_start(units, pieces, piece + 1); ++u) {
            const int64_t run = u / n.groups, group = u % n.groups, first = piece_start(n.images, runs, run);
            for (int64_t image = first; image < piece_start(n.images, runs, run + 1); ++image)
                for (int64_t from = 0; from < n.lines(); from += lines) {
                    const int64_t to = std::min(from + lines, n.lines()), both = image * n.groups + group;
                    unroll(n, x + both * n.inputs() * n.size(), n.inputs(), from, to, matrix, pitch);
                    gemm(n.outputs(), n.terms(), (to - from) * n.counts[2],
                         {g + both * n.outputs() * space + from * n.counts[2], space, 1}, {matrix, 1, pitch},
                         sums + u * part, n.terms(), image > first || from > 0);
                }
        }
    });
    const int64_t shares = pieces_of(size * runs, 1 << 16);
    call.pool.run(shares, [&](int64_t piece) {
        for (int64_t i = piece_start(size, shares, piece); i < piece_start(size, shares, piece + 1); ++i) {
            float total = sums[i];
            for (int64_t run = 1; run < runs; ++run) total += sums[run * size + i];
            out[i] = total;
        }
    });
}

KILN_KERNEL("conv_volumes", conv_volumes);
KILN_KERNEL("conv_volumes_no_bias", conv_volumes_no_bias);
KILN_KERNEL("conv_volumes_input_grad", conv_volumes_input_grad);
KILN_KERNEL("conv_volumes_weight_grad", conv_volumes_weight_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
