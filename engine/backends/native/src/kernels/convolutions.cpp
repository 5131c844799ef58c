// Convolutions over one or two axes, and their gradients in x, in float32; a signal is an image of one row.
//
// 2 N O P Q C K / groups operations. A piece is some rows of results of one image, or some whole small images: what
// their windows meet is copied once (correlation.h), and a tile of filters times neighbouring results is summed in
// registers over channels and taps, straight from the copy: the matrix of windows (im2col) isn't made, except where
// rows are so short that most of a register would be thrown away. The gradient in x is the same sum over the
// filters' taps turned around, for each rest of a place by the stride.
#include "correlation.h"

#include <utility>

#include "depthwise.h"
#include "pool.h"
#include "scratch.h"
#include "winograd.h"

namespace kiln {
namespace KILN_LEVEL {

#if defined(__AVX512F__)
constexpr int HEIGHT = 8, VECTORS = 3;  // of a tile in registers
#elif defined(__AVX2__)
constexpr int HEIGHT = 4, VECTORS = 3;
#else
constexpr int HEIGHT = 4, VECTORS = 2;
#endif
constexpr int64_t WIDE = LANES * VECTORS;
constexpr int64_t DEPTH = 192;        // terms of a sum at a time: what they read of the copy stays in the first cache
constexpr int64_t ROOM = 1 << 16;     // floats of the copy, and of the sums: both fit the second cache
constexpr int64_t LEAST = 1 << 20;    // operations that are worth a piece of their own
constexpr int64_t ENOUGH = 8;         // units that keep a few threads busy
constexpr int64_t MOST = 256;
constexpr int64_t MANY = 256;         // filters that are worth a matrix of windows of their own

// sums[R][V LANES] (+)= over k of weights [k][R] times source[offsets[k]...]
template <int R, int V>
static void tile(int64_t depth, const float* weights, const float* source, const int64_t* offsets, float* sums,
                 int64_t pitch, bool accumulate) {
    Vector total[R * V];
    each_of<R * V>([&](auto s) { total[s] = Vector{}; });
    for (int64_t k = 0; k < depth; ++k, weights += R) {
        const float* from = source + offsets[k];
        Vector row[V];
        each_of<V>([&](auto v) { row[v] = load(from + v * LANES); });
        each_of<R * V>([&](auto s) { total[s] += weights[s / V] * row[s % V]; });
    }
    each_of<R * V>([&](auto s) {
        float* to = sums + s / V * pitch + s % V * LANES;
        store(to, accumulate ? load(to) + total[s] : total[s]);
    });
}

using Tile = void (*)(int64_t, const float*, const float*, const int64_t*, float*, int64_t, bool);

template <int V, int... R> static Tile tile_of(int64_t rows, std::integer_sequence<int, R...>) {
    static constexpr Tile tiles[] = {tile<R + 1, V>...};
    return tiles[rows - 1];
}

// The tile for so many filters and so many of the V vectors.
static Tile tile_of(int64_t rows, int64_t columns) {
    constexpr auto all = std::make_integer_sequence<int, HEIGHT>();
    if (columns > 2 * LANES) return tile_of<VECTORS>(rows, all);
    return columns > LANES ? tile_of<2>(rows, all) : tile_of<1>(rows, all);
}

// Which weights a sum takes: [results][terms]; element (m, c, tap) at m result + c channel + tap.
struct Weights {
    const float* data;
    int64_t result, channel, group;
};

// One sum for all groups: from `inputs` channels of each of the source's groups to `outputs` of the result's.
struct Sum {
    int64_t images, groups, inputs, outputs, height, width;  // the last two of the result
    Axis down, across;
    int64_t kernel_width;
    const float *source, *bias;
    float* result;
    const Call* call;  // to be told what is complete; null where results lie apart
};

// to[k rows + r] = from[r distance + k]
static void pack_rows(float* to, const float* from, int64_t distance, int64_t rows, int64_t terms) {
    for (int64_t k = 0; k < terms; k += LANES) {
        Vector square[LANES];
        for (int r = 0; r < LANES; ++r)
            square[r] = r < rows ? load_some(from + r * distance + k, terms - k) : Vector{};
        transpose(square);
        // beyond a row's end are rows that come later
        for (int64_t l = 0; l < std::min<int64_t>(LANES, terms - k); ++l)
            store_some(to + (k + l) * rows, square[l], rows, (terms - k - l) * rows);
    }
}

// Panels of HEIGHT filters, each [k][filters of it], one group after the other
static void pack(Pool& pool, const Sum& s, const Weights& w, float* packed) {
    const int64_t taps = static_cast<int64_t>(s.down.taps.size() * s.across.taps.size()), terms = s.inputs * taps;
    const int64_t panels = (s.outputs + HEIGHT - 1) / HEIGHT, all = s.groups * panels;
    const int64_t pieces = pieces_of(s.groups * s.outputs * terms, 1 << 16);
    pool.run(pieces, [&](int64_t piece) {
        for (int64_t u = piece_start(all, pieces, piece); u < piece_start(all, pieces, piece + 1); ++u) {
            const int64_t first = u % panels * HEIGHT, rows = std::min<int64_t>(HEIGHT, s.outputs - first);
            float* to = packed + (u / panels * s.outputs + first) * terms;
            const float* from = w.data + u / panels * w.group + first * w.result;
            if (w.channel == taps) {
                pack_rows(to, from, w.result, rows, terms);
                continue;
            }
            for (int64_t c = 0; c < s.inputs; ++c)
                for (const Tap& v : s.down.taps)
                    for (const Tap& h : s.across.taps) {
                        const float* at = from + c * w.channel + v.index * s.kernel_width + h.index;
                        for (int64_t r = 0; r < rows; ++r) *to++ = at[r * w.result];
                    }
        }
    });
}

// How the results are cut: some rows of one image, or, where `dense`, some filters' results of some whole images.
struct Cut {
    bool dense;
    int64_t rows, images, filters, parts, units;

    Cut(const Sum& s, const Window& window) {
        const int64_t p = s.down.count, q = s.across.count, terms = s.inputs * window.taps();
        // a term of a result costs a copy and `outputs` products where the matrix is made
        const int64_t copied = p * q * (s.outputs + LANES), thrown = whole(window.span(p)) * s.outputs;
        dense = copied < thrown;
        images = 1;
        rows = p;
        filters = s.outputs;
        if (dense) {
            const int64_t most = std::max<int64_t>(3 * ROOM / (terms * p * q), quotient_up(2 * WIDE, p * q));
            images = quotient_up(s.images, quotient_up(s.images, most));
            // the matrix is made again for each share of the filters, which is little where there are many
            const int64_t shares = quotient_up(ENOUGH, s.groups * quotient_up(s.images, images));
            filters = std::min(std::max(quotient_up(s.outputs, shares * HEIGHT) * HEIGHT, MANY), s.outputs);
        } else {
            const int64_t floats = std::max(s.inputs * window.channel(1), s.outputs * window.pitch);
            rows = std::min(p, std::max<int64_t>(ROOM / floats, 1));
            rows = std::min(rows, quotient_up(p, quotient_up(ENOUGH, s.images * s.groups)));
        }
        parts = dense ? quotient_up(s.outputs, filters) : quotient_up(p, rows);
        units = s.groups * quotient_up(s.images, images) * parts;
    }
};

// A thread's memory: the copy, the matrix where there is one, the sums, and where terms lie.
struct Memory {
    float *copy, *matrix, *sums;
    int64_t pitch;  // of the matrix and of the sums
    std::vector<int64_t> offsets, lines;
    int64_t found = -1;  // rows that offsets are for

    Memory(const Sum& s, const Window& window, const Cut& cut) {
        const int64_t terms = s.inputs * window.taps();
        const int64_t copied = whole(s.inputs * window.channel(cut.rows)) + WIDE;
        pitch = columns_of(cut, window, cut.images, cut.rows);
        pitch += pitch / LANES % 2 == 0 ? LANES : 0;  // lines that are powers of two apart would share few places of the caches
        const int64_t made = cut.dense ? terms * pitch : 0;
        copy = scratch(Slot::convolution, copied + made + cut.filters * pitch);
        matrix = copy + copied;
        sums = matrix + made;
        offsets.resize(static_cast<size_t>(terms));
        lines.resize(static_cast<size_t>(terms));
        for (int64_t k = 0; k < terms; ++k) lines[static_cast<size_t>(k)] = k * pitch;
    }

    static int64_t columns_of(const Cut& cut, const Window& window, int64_t images, int64_t rows) {
        return whole(cut.dense ? images * rows * window.across.count : window.span(rows));
    }
};

// The matrix of windows of one image, at its columns. Rows are copied in whole vectors where what is written beyond a
// row's end is later rows'.
static void unroll(const Window& window, const Memory& memory, int64_t rows, int64_t terms, float* to) {
    const int64_t q = window.across.count;
    for (int64_t k = 0; k < terms; ++k) {
        const float* from = memory.copy + memory.offsets[static_cast<size_t>(k)];
        float* __restrict line = to + memory.lines[static_cast<size_t>(k)];
        for (int64_t p = 0; p < rows; ++p)
            for (int64_t i = 0; i < q; i += LANES)
                store_some(line + p * q + i, load(from + p * window.pitch + i), std::min<int64_t>(LANES, q - i),
                           (rows - p) * q - i);
    }
}

// Filters of all groups: [first, first + count)
struct Share {
    int64_t first, count;
};

// The results of some rows of one image: from sums with rows `pitch` apart to where they belong
static void put(const Sum& s, const float* sums, int64_t line, int64_t pitch, int64_t image, const Share& share,
                int64_t start, int64_t rows) {
    const int64_t apart = s.across.apart, q = s.across.count;
    for (int64_t m = 0; m < share.count; ++m) {
        const int64_t filter = share.first + m;
        const float shift = s.bias ? s.bias[filter] : 0.0f;
        float* plane = s.result + (image * s.groups * s.outputs + filter) * s.height * s.width + s.across.first;
        for (int64_t p = 0; p < rows; ++p) {
            float* __restrict to = plane + (s.down.first + (start + p) * s.down.apart) * s.width;
            const float* __restrict from = sums + m * line + p * pitch;
            if (apart == 1)
                for (int64_t i = 0; i < q; ++i) to[i] = from[i] + shift;
            else
                for (int64_t i = 0; i < q; ++i) to[i * apart] = from[i] + shift;
        }
    }
    if (s.call == nullptr) return;
    const int64_t size = s.height * s.width, plane = image * s.groups * s.outputs + share.first;
    s.call->done({plane * size + start * s.width, share.count, rows * s.width, size});
}

// sums [outputs][columns], `pitch` apart, = weights times the terms that lie at source[offsets[k] + column]
static void multiply(int64_t outputs, const float* packed, int64_t terms, const float* source, const int64_t* offsets,
                     float* sums, int64_t columns, int64_t pitch) {
    for (int64_t k = 0; k < terms; k += DEPTH) {
        const int64_t depth = std::min(DEPTH, terms - k);
        for (int64_t j = 0; j < columns; j += WIDE)
            for (int64_t m = 0; m < outputs; m += HEIGHT) {
                const int64_t rows = std::min<int64_t>(HEIGHT, outputs - m);
                tile_of(rows, columns - j)(depth, packed + m * terms + k * rows, source + j, offsets + k,
                                           sums + m * pitch + j, pitch, k > 0);
            }
    }
}

static void run(Pool& pool, const Sum& s, const Weights& weights) {
    const Window window(s.down, s.across);
    const Cut cut(s, window);
    const int64_t terms = s.inputs * window.taps(), size = s.down.size * s.across.size;
    float* packed = scratch(Slot::product, s.groups * s.outputs * terms);
    pack(pool, s, weights, packed);
    const int64_t work = 2 * s.images * s.groups * s.outputs * terms * s.down.count * s.across.count;
    const int64_t pieces = std::min(pieces_of(work, LEAST, MOST), cut.units);
    pool.run(pieces, [&](int64_t piece) {
        Memory memory(s, window, cut);
        for (int64_t u = piece_start(cut.units, pieces, piece); u < piece_start(cut.units, pieces, piece + 1); ++u) {
            const int64_t part = u % cut.parts, group = u / cut.parts % s.groups, block = u / cut.parts / s.groups;
            const int64_t start = cut.dense ? 0 : part * cut.rows, rows = std::min(cut.rows, s.down.count - start);
            const int64_t filter = cut.dense ? part * cut.filters : 0;
            const Share share{group * s.outputs + filter, std::min(cut.filters, s.outputs - filter)};
            const int64_t first = block * cut.images, last = std::min(first + cut.images, s.images);
            if (memory.found != rows) window.find(s.inputs, rows, memory.offsets.data());
            memory.found = rows;
            const auto take = [&](int64_t image) {
                const float* planes = s.source + (image * s.groups + group) * s.inputs * size;
                window.take(memory.copy, planes, s.inputs, start, rows);
            };
            const float* own = packed + share.first * terms;
            if (!cut.dense) {
                const int64_t columns = Memory::columns_of(cut, window, 1, rows);
                take(first);
                multiply(share.count, own, terms, memory.copy, memory.offsets.data(), memory.sums, columns, memory.pitch);
                put(s, memory.sums, memory.pitch, window.pitch, first, share, start, rows);
                continue;
            }
            const int64_t q = s.across.count, columns = Memory::columns_of(cut, window, cut.images, rows);
            for (int64_t image = first; image < last; ++image) {
                take(image);
                unroll(window, memory, rows, terms, memory.matrix + (image - first) * rows * q);
            }
            multiply(share.count, own, terms, memory.matrix, memory.lines.data(), memory.sums, columns, memory.pitch);
            for (int64_t image = first; image < last; ++image)
                put(s, memory.sums + (image - first) * rows * q, memory.pitch, q, image, share, start, rows);
        }
    });
}

static void convolve(const Call& call, const float* bias) {
    const Convolution n(call.ints);
    if (is_depthwise(n)) return depthwise(call, n, bias);
    const Array& x = call.inputs[0];
    const Dense dense{n.images, n.channels, n.filters, n.height, n.width, n.rows, n.columns, n.ph, n.pw};
    if (is_dense(n) && is_quicker(dense)) {
        const Kernels weights{call.inputs[1].as<float>(), n.channels * 9, 9, false};
        return winograd(call, dense, weights, x.as<float>(), x.as<float>() + x.size, bias);
    }
    const Sum sum{n.images, n.groups, n.inputs(), n.outputs(), n.rows, n.columns,
                  along(n.height, n.rows, n.kh, n.sh, n.ph, n.dh), along(n.width, n.columns, n.kw, n.sw, n.pw, n.dw),
                  n.kw, call.inputs[0].as<float>(), bias, call.outputs[0].as<float>(), &call};
    const int64_t terms = n.inputs() * n.taps();
    run(call.pool, sum, {call.inputs[1].as<float>(), terms, n.taps(), n.outputs() * terms});
}

// x, weight, bias -> out
static void conv(const Call& call) { convolve(call, call.inputs[2].as<float>()); }

// x, weight -> out
static void conv_no_bias(const Call& call) { convolve(call, nullptr); }

// g, weight -> x's gradient
static void conv_input_grad(const Call& call) {
    const Convolution n(call.ints);
    if (is_depthwise(n)) return depthwise_input_grad(call, n);
    const Array& g = call.inputs[0];
    float* out = call.outputs[0].as<float>();
    const Dense dense{n.images, n.filters, n.channels, n.rows, n.columns, n.height, n.width, 2 - n.ph, 2 - n.pw};
    if (is_dense(n) && is_quicker(dense)) {
        const Kernels weights{call.inputs[1].as<float>(), 9, n.channels * 9, true};
        return winograd(call, dense, weights, g.as<float>(), g.as<float>() + g.size, nullptr);
    }
    // places that no window meets
    const int64_t size = call.outputs[0].size, pieces = pieces_of(size, 1 << 16);
    const bool apart = n.sh > 1 || n.sw > 1;
    if (apart)
        call.pool.run(pieces, [&](int64_t piece) {
            std::fill(out + piece_start(size, pieces, piece), out + piece_start(size, pieces, piece + 1), 0.0f);
        });
    for (int64_t v = 0; v < n.sh; ++v)
        for (int64_t h = 0; h < n.sw; ++h) {
            const Sum sum{n.images, n.groups, n.outputs(), n.inputs(), n.height, n.width,
                          against(n.height, n.rows, n.kh, n.sh, n.ph, n.dh, v),
                          against(n.width, n.columns, n.kw, n.sw, n.pw, n.dw, h), n.kw,
                          call.inputs[0].as<float>(), nullptr, out, apart ? nullptr : &call};
            if (sum.down.is_empty() || sum.across.is_empty()) continue;
            const int64_t terms = n.inputs() * n.taps();
            run(call.pool, sum, {call.inputs[1].as<float>(), n.taps(), terms, n.outputs() * terms});
        }
    if (apart)
        call.pool.run(pieces, [&](int64_t piece) {
            const int64_t start = piece_start(size, pieces, piece), stop = piece_start(size, pieces, piece + 1);
            call.done({start, 1, stop - start, 0});
        });
}

KILN_KERNEL("conv", conv);
KILN_KERNEL("conv_no_bias", conv_no_bias);
KILN_KERNEL("conv_input_grad", conv_input_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
