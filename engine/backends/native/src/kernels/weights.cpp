// The gradients of convolutions in their weights, in float32; a signal is an image of one row.
//
// 2 N O P Q C K / groups operations. Of each image what the windows meet is copied (correlation.h), so that a tap of
// a channel is a run of floats beside that of g: their products are summed over the results. Where a group has enough
// filters, g is turned so that filters lie side by side and a register holds them; else it holds neighbouring results.
// Sums over some images and channels are a piece, and are added in the order of the images.
#include "correlation.h"

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
constexpr int64_t FEW = LANES / 2;    // filters of a group for which g isn't turned
constexpr int64_t LENGTH = 128;       // results at a time: what they read of g stays in the first cache
constexpr int64_t ROOM = 1 << 16;     // floats of the copy, and of g: both fit the second cache
constexpr int64_t CHANNELS = 32;      // at a time
constexpr int64_t UNITS = 16;         // that keep a few threads busy

// `count` neighbouring results of each of some images, whose copies and slopes lie so far apart
struct Span {
    int64_t images, count, copy, slopes;
};

// sums[R][V LANES] += over results i of source[offsets[r] + i] times turned [i][V LANES]
template <int R, int V>
static void tile(const Span& span, const float* source, const int64_t* offsets, const float* turned, int64_t pitch,
                 float* sums) {
    Vector total[R * V];
    each_of<R * V>([&](auto s) { total[s] = load(sums + s / V * pitch + s % V * LANES); });
    for (int64_t image = 0; image < span.images; ++image) {
        const float *from[R], *slope = turned + image * span.slopes;
        each_of<R>([&](auto r) { from[r] = source + image * span.copy + offsets[r]; });
        for (int64_t i = 0; i < span.count; ++i, slope += pitch) {
            Vector row[V];
            each_of<V>([&](auto v) { row[v] = load(slope + v * LANES); });
            each_of<R * V>([&](auto s) { total[s] += from[s / V][i] * row[s % V]; });
        }
    }
    each_of<R * V>([&](auto s) { store(sums + s / V * pitch + s % V * LANES, total[s]); });
}

// sums[r pitch] += over i of source[offsets[r] + i] g[i], of one image; their count is of whole vectors
template <int R>
static void dot(const Span& span, const float* source, const int64_t* offsets, const float* g, int64_t pitch,
                float* sums) {
    Vector total[R];
    each_of<R>([&](auto r) { total[r] = Vector{}; });
    for (int64_t i = 0; i < span.count; i += LANES) {
        const Vector slope = load(g + i);
        each_of<R>([&](auto r) { total[r] += slope * load(source + offsets[r] + i); });
    }
    each_of<R>([&](auto r) { sums[r * pitch] += sum_of(total[r]); });
}

using Tile = void (*)(const Span&, const float*, const int64_t*, const float*, int64_t, float*);

template <int V, int... R> static Tile tile_of(int64_t rows, std::integer_sequence<int, R...>) {
    static constexpr Tile tiles[] = {tile<R + 1, V>...};
    return tiles[rows - 1];
}

template <int... R> static Tile dot_of(int64_t rows, std::integer_sequence<int, R...>) {
    static constexpr Tile dots[] = {dot<R + 1>...};
    return dots[rows - 1];
}

static Tile tile_of(int64_t rows, int64_t vectors) {
    constexpr auto all = std::make_integer_sequence<int, HEIGHT>();
    if (vectors == 1) return tile_of<1>(rows, all);
    return vectors == 2 ? tile_of<2>(rows, all) : tile_of<VECTORS>(rows, all);
}

// How the sums are cut: channels of a group at a time, images in runs, rows of results at a time, or some images.
struct Cut {
    bool turned;
    int64_t pitch, channels, blocks, runs, rows, images;

    Cut(const Convolution& n, const Window& window) {
        turned = n.outputs() > FEW;
        pitch = turned ? whole(n.outputs()) : n.outputs();
        channels = std::min(n.inputs(), CHANNELS);
        blocks = quotient_up(n.inputs(), channels);
        runs = std::min(n.images, quotient_up(UNITS, n.groups * blocks));
        const int64_t floats = std::max(channels * window.channel(1), pitch * window.pitch);
        rows = std::min(n.rows, std::max<int64_t>(ROOM / floats, 1));
        images = 1;
        if (turned && rows == n.rows)
            images = std::max<int64_t>(std::min(LENGTH / window.span(rows), ROOM / (rows * floats)), 1);
    }
};

// Some rows of g's filters with filters side by side: [rows window.pitch][pitch], 0 between rows
static void turn(float* to, const float* g, const float* end, const Convolution& n, int64_t start, int64_t rows,
                 int64_t line, int64_t pitch) {
    for (int64_t p = 0; p < rows; ++p)
        for (int64_t first = 0; first < n.outputs(); first += LANES) {
            float* at = to + p * line * pitch + first;
            for (int64_t q = 0; q < n.columns; q += LANES) {
                Vector square[LANES];
                const int64_t filters = std::min<int64_t>(LANES, n.outputs() - first);
                for (int f = 0; f < LANES; ++f) {
                    const float* from = g + ((first + f) * n.rows + start + p) * n.columns + q;
                    square[f] = f < filters ? load_some(from, end - from) : Vector{};
                }
                transpose(square);
                const int64_t count = std::min<int64_t>(LANES, n.columns - q);
                for (int64_t i = 0; i < count; ++i) store(at + (q + i) * pitch, square[i]);
            }
            for (int64_t q = n.columns; q < line; ++q) store(at + q * pitch, Vector{});
        }
}

// Some rows of one filter of g, `line` apart, 0 between them and up to `room`
static void spread(float* to, const float* g, const Convolution& n, int64_t rows, int64_t line, int64_t room) {
    for (int64_t p = 0; p < rows; ++p) {
        std::copy(g + p * n.columns, g + (p + 1) * n.columns, to + p * line);
        std::fill(to + p * line + n.columns, to + (p + 1) * line, 0.0f);
    }
    std::fill(to + rows * line, to + room, 0.0f);
}

// What some images' rows add to the sums [channels taps][pitch] of one group
struct Part {
    const Convolution& n;
    const Cut& cut;
    const Window& window;
    int64_t copied, turned;  // floats of one image
    float *copy, *slopes;
    std::vector<int64_t> offsets;
    int64_t found = -1;

    Part(const Convolution& geometry, const Cut& how, const Window& where) : n(geometry), cut(how), window(where) {
        const int64_t line = cut.rows * window.pitch;
        copied = cut.channels * window.channel(cut.rows);
        turned = cut.turned ? line * cut.pitch : whole(line) + LANES;
        const int64_t all = whole(cut.images * copied) + LANES;
        copy = scratch(Slot::convolution, all + cut.images * turned);
        slopes = copy + all;
        std::fill(copy, copy + all, 0.0f);
        offsets.resize(static_cast<size_t>(cut.channels * window.taps()));
    }

    // x, g: of the first of `images`
    void add(const float* x, const float* g, const float* end, int64_t images, int64_t channels, int64_t start,
             float* sums) {
        const int64_t rows = std::min(cut.rows, n.rows - start), terms = channels * window.taps();
        if (found != rows) window.find(cut.channels, rows, offsets.data());
        found = rows;
        for (int64_t i = 0; i < images; ++i)
            window.take(copy + i * copied, x + i * n.channels * n.height * n.width, channels, start, rows);
        if (cut.turned) {
            for (int64_t i = 0; i < images; ++i)
                turn(slopes + i * turned, g + i * n.filters * n.rows * n.columns, end, n, start, rows, window.pitch,
                     cut.pitch);
            multiply(images, window.span(rows), terms, sums);
            return;
        }
        const int64_t count = whole(window.span(rows));
        constexpr auto all = std::make_integer_sequence<int, 9>();
        for (int64_t o = 0; o < n.outputs(); ++o) {
            const float* filter = g + (o * n.rows + start) * n.columns;
            spread(slopes, filter, n, rows, window.pitch, std::max(count, rows * window.pitch));
            for (int64_t k = 0; k < terms; k += 9) {
                const int64_t some = std::min<int64_t>(9, terms - k);
                float* own = sums + k * cut.pitch + o;
                dot_of(some, all)({1, count, 0, 0}, copy, offsets.data() + k, slopes, cut.pitch, own);
            }
        }
    }

  private:
    void multiply(int64_t images, int64_t count, int64_t terms, float* sums) const {
        const int64_t all = cut.pitch / LANES, strips = quotient_up(all, VECTORS);
        for (int64_t i = 0; i < count; i += LENGTH)
            for (int64_t strip = 0; strip < strips; ++strip) {
                const int64_t first = piece_start(all, strips, strip);
                const int64_t vectors = piece_start(all, strips, strip + 1) - first;
                for (int64_t k = 0; k < terms; k += HEIGHT) {
                    const int64_t some = std::min<int64_t>(HEIGHT, terms - k);
                    const Span span{images, std::min(LENGTH, count - i), copied, turned};
                    tile_of(some, vectors)(span, copy + i, offsets.data() + k,
                                           slopes + i * cut.pitch + first * LANES, cut.pitch,
                                           sums + k * cut.pitch + first * LANES);
                }
            }
    }
};

// Adds the sums of all runs [runs][groups][terms][pitch] into out [groups][filters of it][terms]
static void gather(const Call& call, const Convolution& n, const Cut& cut, const float* sums) {
    float* out = call.outputs[0].as<float>();
    const int64_t terms = n.inputs() * n.taps(), filters = n.outputs(), blocks = quotient_up(terms, LANES);
    const int64_t pieces = pieces_of(n.filters * terms * cut.runs, 1 << 15), size = n.groups * terms * cut.pitch;
    // a square of terms and filters is turned at a time
    const auto put = [&](int64_t group, int64_t term, int64_t first) {
        const int64_t rows = std::min<int64_t>(LANES, terms - term);
        const int64_t columns = std::min<int64_t>(LANES, filters - first);
        Vector square[LANES] = {};
        for (int64_t i = 0; i < rows; ++i)
            for (int64_t run = 0; run < cut.runs; ++run)
                square[i] += load_some(sums + run * size + (group * terms + term + i) * cut.pitch + first, columns);
        transpose(square);
        float* to = out + (group * filters + first) * terms + term;
        for (int64_t i = 0; i < columns; ++i) store_some(to + i * terms, square[i], rows, rows);
    };
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t all = n.groups * blocks, stop = piece_start(all, pieces, piece + 1);
        for (int64_t b = piece_start(all, pieces, piece); b < stop; ++b)
            for (int64_t first = 0; first < filters; first += LANES) put(b / blocks, b % blocks * LANES, first);
    });
}

// x, g -> the weight's gradient
static void conv_weight_grad(const Call& call) {
    const Convolution n(call.ints);
    if (is_depthwise(n)) return depthwise_weight_grad(call, n);
    const Dense dense{n.images, n.channels, n.filters, n.height, n.width, n.rows, n.columns, n.ph, n.pw};
    if (is_dense(n) && is_quicker_for_weights(dense)) {
        const Array &x = call.inputs[0], &g = call.inputs[1];
        return winograd_weights(call.pool, dense, x.as<float>(), x.as<float>() + x.size, g.as<float>(),
                                g.as<float>() + g.size, call.outputs[0].as<float>());
    }
    const Axis down = along(n.height, n.rows, n.kh, n.sh, n.ph, n.dh);
    const Axis across = along(n.width, n.columns, n.kw, n.sw, n.pw, n.dw);
    const Window window(down, across);
    const Cut cut(n, window);
    const float *x = call.inputs[0].as<float>(), *g = call.inputs[1].as<float>(), *end = g + call.inputs[1].size;
    const int64_t terms = n.inputs() * n.taps(), size = n.height * n.width;
    float* sums = scratch(Slot::product, cut.runs * n.groups * terms * cut.pitch);
    const int64_t units = cut.runs * n.groups * cut.blocks;
    const int64_t pieces = std::min(pieces_of(n.operations(), 1 << 20), units);
    call.pool.run(pieces, [&](int64_t piece) {
        Part part(n, cut, window);
        for (int64_t u = piece_start(units, pieces, piece); u < piece_start(units, pieces, piece + 1); ++u) {
            const int64_t run = u / cut.blocks / n.groups, group = u / cut.blocks % n.groups;
            const int64_t first = u % cut.blocks * cut.channels, channels = std::min(cut.channels, n.inputs() - first);
            float* own = sums + ((run * n.groups + group) * terms + first * n.taps()) * cut.pitch;
            std::fill(own, own + channels * n.taps() * cut.pitch, 0.0f);
            const int64_t stop = piece_start(n.images, cut.runs, run + 1);
            for (int64_t i = piece_start(n.images, cut.runs, run); i < stop; i += cut.images)
                for (int64_t start = 0; start < n.rows; start += cut.rows)
                    part.add(x + (i * n.channels + group * n.inputs() + first) * size,
                             g + (i * n.filters + group * n.outputs()) * n.rows * n.columns, end,
                             std::min(cut.images, stop - i), channels, start, own);
        }
    });
    gather(call, n, cut, sums);
}

KILN_KERNEL("conv_weight_grad", conv_weight_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
