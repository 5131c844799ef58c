// What the convolutions of winograd.h share. Values lie as [36][tiles][channels], so that a register holds channels
// everywhere: the transforms read squares of elements that were turned so that channels lie side by side (vectors.h),
// and the products take a value of a tile times a row of weights. Some tiles at a time, whose values stay in the second
// cache.
#pragma once
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
constexpr int POINTS = 6, VALUES = POINTS * POINTS;
constexpr int64_t ROOM = 200000;  // floats of values of elements and of results
constexpr int64_t FEWEST = 24;    // tiles at a time, though they take more room
constexpr int64_t ENOUGH = 16;    // units that keep a few threads busy

// the points +-a and +-b, their squares, and what the weights' polynomials are divided by there
constexpr float a = 0.75f, b = 1.5f, aa = a * a, bb = b * b;
constexpr float at_0 = 1 / (aa * bb), at_a = 1 / (2 * aa * (aa - bb)), at_b = 1 / (2 * bb * (bb - aa));

// Each of these turns one row or column, whose elements are S apart, of a square of POINTS columns.

// elements -> values
template <int S> static inline void of_elements(const Vector* d, Vector* to) {
    const Vector even_a = d[4 * S] - bb * d[2 * S], odd_a = a * (d[3 * S] - bb * d[S]);
    const Vector even_b = d[4 * S] - aa * d[2 * S], odd_b = b * (d[3 * S] - aa * d[S]);
    to[0] = aa * bb * d[0] - (aa + bb) * d[2 * S] + d[4 * S];
    to[S] = even_a + odd_a;
    to[2 * S] = even_a - odd_a;
    to[3 * S] = even_b + odd_b;
    to[4 * S] = even_b - odd_b;
    to[5 * S] = aa * bb * d[S] - (aa + bb) * d[3 * S] + d[5 * S];
}

// N weights -> values; 3, or the 4 of a gradient that is summed with elements
template <int S, int N> static inline void of_weights(const Vector* w, Vector* to) {
    const Vector third = N == 4 ? w[(N - 1) * S] : Vector{};
    const Vector even_a = at_a * (w[0] + aa * w[2 * S]), odd_a = at_a * a * (w[S] + aa * third);
    const Vector even_b = at_b * (w[0] + bb * w[2 * S]), odd_b = at_b * b * (w[S] + bb * third);
    to[0] = at_0 * w[0];
    to[S] = even_a + odd_a;
    to[2 * S] = even_a - odd_a;
    to[3 * S] = even_b + odd_b;
    to[4 * S] = even_b - odd_b;
    to[5 * S] = w[(N - 1) * S];
}

// values -> N results
template <int S, int N> static inline void to_results(const Vector* m, Vector* to) {
    const Vector even_a = m[S] + m[2 * S], odd_a = m[S] - m[2 * S];
    const Vector even_b = m[3 * S] + m[4 * S], odd_b = m[3 * S] - m[4 * S];
    to[0] = m[0] + even_a + even_b;
    to[S] = a * odd_a + b * odd_b;
    to[2 * S] = aa * even_a + bb * even_b;
    if (N == 4) to[3 * S] = aa * a * odd_a + bb * b * odd_b + m[5 * S];
    else to[2 * S] += m[5 * S];
}

// Rows of floats that a matrix product takes a vector at a time: vector v of row k at data + k row + v apart
struct Rows {
    const float* data;
    int64_t row, apart;
};

// sums[R][V LANES] (+)= over k of from[r row + k column] times V vectors of row k
template <int R, int V>
static void tile(int64_t depth, const float* from, int64_t row, int64_t column, const Rows& other, float* sums,
                 int64_t pitch, bool accumulate) {
    const float *at[R], *line[V];
    each_of<R>([&](auto r) { at[r] = from + r * row; });
    each_of<V>([&](auto v) { line[v] = other.data + v * other.apart; });
    Vector total[R * V];
    each_of<R * V>([&](auto s) { total[s] = Vector{}; });
    for (int64_t k = 0; k < depth; ++k) {
        Vector each[V];
        each_of<V>([&](auto v) { each[v] = load(line[v] + k * other.row); });
        each_of<R * V>([&](auto s) { total[s] += at[s / V][k * column] * each[s % V]; });
    }
    each_of<R * V>([&](auto s) {
        float* to = sums + s / V * pitch + s % V * LANES;
        store(to, accumulate ? load(to) + total[s] : total[s]);
    });
}

using Tile = void (*)(int64_t, const float*, int64_t, int64_t, const Rows&, float*, int64_t, bool);

template <int V, int... R> static Tile tile_of(int64_t rows, std::integer_sequence<int, R...>) {
    static constexpr Tile tiles[] = {tile<R + 1, V>...};
    return tiles[rows - 1];
}

static inline Tile tile_of(int64_t rows, int64_t vectors) {
    constexpr auto all = std::make_integer_sequence<int, HEIGHT>();
    if (vectors == 1) return tile_of<1>(rows, all);
    return vectors == 2 ? tile_of<2>(rows, all) : tile_of<VECTORS>(rows, all);
}

// sums [rows][pitch] (+)= the matrix at `from` times `depth` rows of `all` vectors
static inline void multiply(int64_t rows, int64_t depth, int64_t all, const float* from, int64_t row, int64_t column,
                     const Rows& other, float* sums, int64_t pitch, bool accumulate) {
    const int64_t strips = quotient_up(all, VECTORS);
    for (int64_t strip = 0; strip < strips; ++strip) {
        const int64_t first = piece_start(all, strips, strip), vectors = piece_start(all, strips, strip + 1) - first;
        const Rows own{other.data + first * other.apart, other.row, other.apart};
        for (int64_t r = 0; r < rows; r += HEIGHT)
            tile_of(std::min<int64_t>(HEIGHT, rows - r), vectors)(depth, from + r * row, row, column, own,
                                                                  sums + r * pitch + first * LANES, pitch, accumulate);
    }
}

// Values of `count` tiles of `channels`: value v of tile t at data + v stride + t pitch. Neither distance is a
// multiple of 512 bytes, since those fall into few places of the first cache.
struct Values {
    int64_t vectors, pitch, stride;

    Values(int64_t count, int64_t channels)
        : vectors(whole(channels) / LANES), pitch(spaced(whole(channels))), stride(spaced(count * pitch)) {}
    static int64_t spaced(int64_t distance) { return distance % 128 == 0 ? distance + LANES : distance; }
    int64_t size() const { return VALUES * stride; }
};

// Some tiles: of `images` images from `image` on, or of one the rows [first, first + rows)
struct Some {
    int64_t image, images, first, rows, across;

    int64_t per_image() const { return rows * across; }
    int64_t count() const { return images * per_image(); }
};

struct Cut {
    int64_t images, rows, parts, units, most;

    Cut(const Dense& n) {
        const int64_t room = std::max(FEWEST, ROOM / (VALUES * (whole(n.inputs) + whole(n.outputs))));
        const int64_t fit = std::max<int64_t>(room / (n.down() * n.across()), 1);
        images = std::min(fit, std::max<int64_t>(n.images / ENOUGH, 1));
        rows = std::min(n.down(), std::max<int64_t>(room / n.across(), 1));
        parts = quotient_up(n.down(), rows);
        units = quotient_up(n.images, images) * parts;
        most = images * rows * n.across();
    }

    Some unit(const Dense& n, int64_t u) const {
        const int64_t image = u / parts * images, first = u % parts * rows;
        return {image, std::min(images, n.images - image), first, std::min(rows, n.down() - first), n.across()};
    }
};

// square [rows][columns][LANES]: elements of up to LANES planes [height][width] from (top, left) on, 0 outside
static inline void turn(float* square, const float* planes, const float* end, int64_t count, int64_t height,
                        int64_t width, int64_t top, int64_t left, int64_t rows, int64_t columns) {
    const int64_t start = std::max<int64_t>(left, 0), stop = std::max(std::min(left + columns, width), start);
    for (int64_t i = 0; i < rows; ++i, square += columns * LANES) {
        const int64_t y = top + i;
        if (y < 0 || y >= height || start == stop) {
            std::fill(square, square + columns * LANES, 0.0f);
            continue;
        }
        std::fill(square, square + (start - left) * LANES, 0.0f);
        for (int64_t x = start; x < stop; x += LANES) {
            Vector block[LANES];
            for (int c = 0; c < LANES; ++c) {
                const float* from = planes + (c * height + y) * width + x;
                block[c] = c < count ? load_some(from, end - from) : Vector{};
            }
            transpose(block);
            const int64_t columns_left = std::min<int64_t>(LANES, stop - x);
            for (int64_t l = 0; l < columns_left; ++l) store(square + (x - left + l) * LANES, block[l]);
        }
        std::fill(square + (stop - left) * LANES, square + columns * LANES, 0.0f);
    }
}

// Values of the squares of N elements from (-top, -left) on, 4 apart, of planes [images][channels][height][width]
template <int N, typename Transform>
static void take(float* values, const Values& form, const Some& some, const float* source, const float* end,
                 int64_t channels, int64_t height, int64_t width, int64_t top, int64_t left,
                 const Transform& transform) {
    const int64_t rows = 4 * some.rows + N - 4, columns = 4 * some.across + N - 4;
    float* square = scratch(Slot::reduction, rows * columns * LANES);
    for (int64_t i = 0; i < some.images; ++i)
        for (int64_t c = 0; c < channels; c += LANES) {
            const float* planes = source + ((some.image + i) * channels + c) * height * width;
            const int64_t count = std::min<int64_t>(LANES, channels - c);
            turn(square, planes, end, count, height, width, 4 * some.first - top, -left, rows, columns);
            for (int64_t t = 0; t < some.per_image(); ++t) {
                const float* corner = square + (t / some.across * 4 * columns + t % some.across * 4) * LANES;
                Vector own[VALUES], half[VALUES];
                for (int k = 0; k < N; ++k)
                    for (int l = 0; l < N; ++l) own[k * POINTS + l] = load(corner + (k * columns + l) * LANES);
                transform(own, half);
                float* to = values + (i * some.per_image() + t) * form.pitch + c;
                for (int v = 0; v < VALUES; ++v) store(to + v * form.stride, own[v]);
            }
        }
}

static inline void take_elements(float* values, const Values& form, const Some& some, const Dense& n,
                                 const float* source, const float* end) {
    const auto transform = [](Vector* own, Vector* half) {
        for (int l = 0; l < POINTS; ++l) of_elements<POINTS>(own + l, half + l);
        for (int k = 0; k < POINTS; ++k) of_elements<1>(half + k * POINTS, own + k * POINTS);
    };
    take<6>(values, form, some, source, end, n.inputs, n.height, n.width, n.ph, n.pw, transform);
}

}  // namespace KILN_LEVEL
}  // namespace kiln
