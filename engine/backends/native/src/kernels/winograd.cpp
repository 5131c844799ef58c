// See winograd.h. Values lie as [36][tiles][channels], so that a register holds channels everywhere: the transforms
// read squares of elements that were turned so that channels lie side by side (vectors.h), and the products take a
// value of a tile times a row of weights. A piece is some tiles whose values stay in the second cache.
#include "winograd.h"

#include "scratch.h"

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
constexpr int64_t RUNS = 8;       // of units that have sums of the weights' gradient of their own
constexpr int64_t SUMS = 6 << 20; // floats of those sums at most

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
    for (int r = 0; r < R; ++r) at[r] = from + r * row;
    for (int v = 0; v < V; ++v) line[v] = other.data + v * other.apart;
    Vector total[R][V] = {};
    for (int64_t k = 0; k < depth; ++k) {
        Vector each[V];
        for (int v = 0; v < V; ++v) each[v] = load(line[v] + k * other.row);
        for (int r = 0; r < R; ++r)
            for (int v = 0; v < V; ++v) total[r][v] += at[r][k * column] * each[v];
    }
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) {
            float* to = sums + r * pitch + v * LANES;
            store(to, accumulate ? load(to) + total[r][v] : total[r][v]);
        }
}

using Tile = void (*)(int64_t, const float*, int64_t, int64_t, const Rows&, float*, int64_t, bool);

template <int V, int... R> static Tile tile_of(int64_t rows, std::integer_sequence<int, R...>) {
    static constexpr Tile tiles[] = {tile<R + 1, V>...};
    return tiles[rows - 1];
}

static Tile tile_of(int64_t rows, int64_t vectors) {
    constexpr auto all = std::make_integer_sequence<int, HEIGHT>();
    if (vectors == 1) return tile_of<1>(rows, all);
    return vectors == 2 ? tile_of<2>(rows, all) : tile_of<VECTORS>(rows, all);
}

// sums [rows][pitch] (+)= the matrix at `from` times `depth` rows of `all` vectors
static void multiply(int64_t rows, int64_t depth, int64_t all, const float* from, int64_t row, int64_t column,
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
static void turn(float* square, const float* planes, const float* end, int64_t count, int64_t height, int64_t width,
                 int64_t top, int64_t left, int64_t rows, int64_t columns) {
    const int64_t start = std::max<int64_t>(left, 0), stop = std::max(std::min(left + columns, width), start);
    for (int64_t i = 0; i < rows; ++i, square += columns * LANES) {
        const int64_t y = top + i;
        if (y < 0 || y >= height || start == stop) {
            std::fill(square, square + columns * LANES, 0.0f);
            continue;
        }
        std::fill(square, square + (start - left) * LANES, 0.0f);
        for (int64_t x = start; x < stop; x += LANES) {
            Vector block[LANES] = {};
            for (int64_t c = 0; c < count; ++c) {
                const float* from = planes + (c * height + y) * width + x;
                block[c] = load_some(from, end - from);
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

static void take_elements(float* values, const Values& form, const Some& some, const Dense& n, const float* source,
                          const float* end) {
    const auto transform = [](Vector* own, Vector* half) {
        for (int l = 0; l < POINTS; ++l) of_elements<POINTS>(own + l, half + l);
        for (int k = 0; k < POINTS; ++k) of_elements<1>(half + k * POINTS, own + k * POINTS);
    };
    take<6>(values, form, some, source, end, n.inputs, n.height, n.width, n.ph, n.pw, transform);
}

// The values of weights: of value v [vectors][inputs][LANES], where a vector holds results
struct Panels {
    int64_t vectors, inputs, stride;

    explicit Panels(const Dense& n)
        : vectors(whole(n.outputs) / LANES), inputs(n.inputs), stride(Values::spaced(vectors * inputs * LANES)) {}
    int64_t size() const { return VALUES * stride; }
    Rows value(const float* data, int64_t v) const { return {data + v * stride, LANES, inputs * LANES}; }
};

static void take_weights(Pool& pool, const Dense& n, const Kernels& weights, const Panels& form, float* values) {
    const int64_t pieces = std::min(pieces_of(n.inputs * n.outputs, 1 << 12), form.vectors);
    const auto take_panel = [&](int64_t panel) {
        const int64_t m = panel * LANES, count = std::min<int64_t>(LANES, n.outputs - m);
        for (int64_t c = 0; c < n.inputs; ++c) {
            float lines[9][LANES] = {};
            for (int64_t i = 0; i < count; ++i) {
                const float* from = weights.data + (m + i) * weights.result + c * weights.channel;
                for (int k = 0; k < 9; ++k) lines[k][i] = from[weights.flipped ? 8 - k : k];
            }
            Vector own[VALUES], half[VALUES];
            for (int k = 0; k < 9; ++k) own[k / 3 * POINTS + k % 3] = load(lines[k]);
            for (int l = 0; l < 3; ++l) of_weights<POINTS, 3>(own + l, half + l);
            for (int k = 0; k < POINTS; ++k) of_weights<1, 3>(half + k * POINTS, own + k * POINTS);
            for (int v = 0; v < VALUES; ++v) store(values + v * form.stride + (panel * n.inputs + c) * LANES, own[v]);
        }
    };
    pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(form.vectors, pieces, piece + 1);
        for (int64_t m = piece_start(form.vectors, pieces, piece); m < stop; ++m) take_panel(m);
    });
}

// Results of some tiles, from values to where they belong
static void put(const float* values, const Values& form, const Some& some, const Dense& n, const float* bias,
                float* result) {
    const int64_t columns = whole(4 * some.across), rows = std::min(4 * some.rows, n.rows - 4 * some.first);
    float* square = scratch(Slot::reduction, 4 * some.rows * columns * LANES);
    for (int64_t i = 0; i < some.images; ++i)
        for (int64_t m = 0; m < n.outputs; m += LANES) {
            const int64_t count = std::min<int64_t>(LANES, n.outputs - m);
            const Vector shift = bias ? load_some(bias + m, count) : Vector{};
            for (int64_t t = 0; t < some.per_image(); ++t) {
                const float* from = values + (i * some.per_image() + t) * form.pitch + m;
                Vector own[VALUES], half[VALUES];
                for (int v = 0; v < VALUES; ++v) own[v] = load(from + v * form.stride);
                for (int l = 0; l < POINTS; ++l) to_results<POINTS, 4>(own + l, half + l);
                for (int k = 0; k < 4; ++k) to_results<1, 4>(half + k * POINTS, own + k * POINTS);
                float* corner = square + (t / some.across * 4 * columns + t % some.across * 4) * LANES;
                for (int k = 0; k < 4; ++k)
                    for (int l = 0; l < 4; ++l) store(corner + (k * columns + l) * LANES, own[k * POINTS + l] + shift);
            }
            float* planes = result + (((some.image + i) * n.outputs + m) * n.rows + 4 * some.first) * n.columns;
            for (int64_t y = 0; y < rows; ++y)
                for (int64_t x = 0; x < n.columns; x += LANES) {
                    Vector block[LANES];
                    for (int l = 0; l < LANES; ++l) block[l] = load(square + (y * columns + x + l) * LANES);
                    transpose(block);
                    // beyond a row's end are rows that come later
                    for (int64_t c = 0; c < count; ++c)
                        store_some(planes + (c * n.rows + y) * n.columns + x, block[c],
                                   std::min<int64_t>(LANES, n.columns - x), (rows - y) * n.columns - x);
                }
        }
}

// Of vectors of products that are summed one takes a cycle; the rest was measured.
bool is_quicker(const Dense& n) {
    const double products = static_cast<double>(whole(n.inputs) * whole(n.outputs)) / LANES;
    const double tiles = static_cast<double>(n.tiles());
    const double direct = static_cast<double>(n.images * n.rows * n.columns * n.inputs * n.outputs) * 9 / LANES;
    const double turned = tiles * 300 * static_cast<double>(whole(n.inputs) + whole(n.outputs)) / LANES;
    return 1.1 * tiles * VALUES * products + turned + 42 * VALUES * products < 0.9 * direct;
}

// One product after the other, of all tiles: where these are few, weights are more memory than anything else, and are
// read once.
static void multiply_in_turn(Pool& pool, const Dense& n, const Panels& kernels, const float* of_kernels,
                             const float* source, const float* end, const float* bias, float* result, float* room) {
    const int64_t per_image = n.down() * n.across();
    const Values elements(n.tiles(), n.inputs), results(n.tiles(), n.outputs);
    float *own = room, *sums = own + elements.size();
    const auto image_of = [&](int64_t i) { return Some{i, 1, 0, n.down(), n.across()}; };
    pool.run(n.images, [&](int64_t i) {
        take_elements(own + i * per_image * elements.pitch, elements, image_of(i), n, source, end);
    });
    pool.run(VALUES, [&](int64_t v) {
        multiply(n.tiles(), n.inputs, results.vectors, own + v * elements.stride, elements.pitch, 1,
                 kernels.value(of_kernels, v), sums + v * results.stride, results.pitch, false);
    });
    pool.run(n.images, [&](int64_t i) {
        put(sums + i * per_image * results.pitch, results, image_of(i), n, bias, result);
    });
}

void winograd(Pool& pool, const Dense& n, const Kernels& weights, const float* source, const float* end,
              const float* bias, float* result) {
    const Panels kernels(n);
    const int64_t all = Values(n.tiles(), n.inputs).size() + Values(n.tiles(), n.outputs).size();
    const bool in_turn = all < kernels.size();
    float* of_kernels = scratch(Slot::product, kernels.size() + (in_turn ? all : 0));
    take_weights(pool, n, weights, kernels, of_kernels);
    if (in_turn)
        return multiply_in_turn(pool, n, kernels, of_kernels, source, end, bias, result, of_kernels + kernels.size());
    const Cut cut(n);
    const Values elements(cut.most, n.inputs), results(cut.most, n.outputs);
    pool.run(cut.units, [&](int64_t u) {
        const Some some = cut.unit(n, u);
        float *own = scratch(Slot::convolution, elements.size() + results.size()), *sums = own + elements.size();
        take_elements(own, elements, some, n, source, end);
        for (int64_t v = 0; v < VALUES; ++v)
            multiply(some.count(), n.inputs, results.vectors, own + v * elements.stride, elements.pitch, 1,
                     kernels.value(of_kernels, v), sums + v * results.stride, results.pitch, false);
        put(sums, results, some, n, bias, result);
    });
}

// How many runs of units have sums of their own
static int64_t runs_of(const Dense& n) { return std::min(Cut(n).units, RUNS); }

bool is_quicker_for_weights(const Dense& n) {
    return is_quicker(n) && runs_of(n) * Values(n.inputs, n.outputs).size() <= SUMS;
}

void winograd_weights(Pool& pool, const Dense& n, const float* source, const float* end, const float* g,
                      const float* g_end, float* result) {
    const Cut cut(n);
    const Values sums(n.inputs, n.outputs), elements(cut.most, n.inputs), slopes(cut.most, n.outputs);
    const int64_t runs = runs_of(n);
    float* all = scratch(Slot::product, runs * sums.size());
    pool.run(runs, [&](int64_t run) {
        float *own = scratch(Slot::convolution, elements.size() + slopes.size()), *others = own + elements.size();
        float* total = all + run * sums.size();
        const auto transform = [](Vector* values, Vector* half) {
            for (int l = 0; l < 4; ++l) of_weights<POINTS, 4>(values + l, half + l);
            for (int k = 0; k < POINTS; ++k) of_weights<1, 4>(half + k * POINTS, values + k * POINTS);
        };
        const int64_t first = piece_start(cut.units, runs, run);
        for (int64_t u = first; u < piece_start(cut.units, runs, run + 1); ++u) {
            const Some some = cut.unit(n, u);
            take_elements(own, elements, some, n, source, end);
            take<4>(others, slopes, some, g, g_end, n.outputs, n.rows, n.columns, 0, 0, transform);
            for (int64_t v = 0; v < VALUES; ++v) {
                const Rows rows{others + v * slopes.stride, slopes.pitch, LANES};
                multiply(n.inputs, some.count(), sums.vectors, own + v * elements.stride, 1, elements.pitch, rows,
                         total + v * sums.stride, sums.pitch, u > first);
            }
        }
    });
    const int64_t pieces = pieces_of(n.inputs * n.outputs, 1 << 12);
    pool.run(pieces, [&](int64_t piece) {
        for (int64_t c = piece_start(n.inputs, pieces, piece); c < piece_start(n.inputs, pieces, piece + 1); ++c)
            for (int64_t m = 0; m < n.outputs; m += LANES) {
                Vector own[VALUES], half[VALUES];
                for (int v = 0; v < VALUES; ++v) {
                    const float* from = all + v * sums.stride + c * sums.pitch + m;
                    own[v] = load(from);
                    for (int64_t run = 1; run < runs; ++run) own[v] += load(from + run * sums.size());
                }
                for (int l = 0; l < POINTS; ++l) to_results<POINTS, 3>(own + l, half + l);
                for (int k = 0; k < 3; ++k) to_results<1, 3>(half + k * POINTS, own + k * POINTS);
                for (int k = 0; k < 9; ++k) {
                    float line[LANES];
                    store(line, own[k / 3 * POINTS + k % 3]);
                    for (int64_t i = 0; i < std::min<int64_t>(LANES, n.outputs - m); ++i)
                        result[((m + i) * n.inputs + c) * 9 + k] = line[i];
                }
            }
    });
}

}  // namespace KILN_LEVEL
}  // namespace kiln
