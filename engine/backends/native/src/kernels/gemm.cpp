// The matrix product, after Goto and van de Geijn (2008): tiles of C in registers, panels of A and B in the caches.
//
// 2 m n k operations. A block of B of DEPTH x WIDTH is packed for the level-3 cache, one of A of HEIGHT x DEPTH
// for the level-2 cache; a panel of each then streams through the level-1 cache past a tile of ROWS x WIDE sums.
// Where an operand is read too few times to repay its packing, tiles read it where it lies.
#include "gemm.h"

#include <algorithm>
#include <utility>

#include "scratch.h"
#include "lanes.h"

namespace kiln {
namespace KILN_LEVEL {

#if defined(__AVX512F__)
constexpr int ROWS = 14, VECTORS = 2;
#elif defined(__aarch64__)
constexpr int ROWS = 8, VECTORS = 3;
#else
constexpr int ROWS = 6, VECTORS = 2;
#endif
constexpr int64_t WIDE = LANES * VECTORS;
constexpr int64_t AHEAD = 16;  // columns of A, or rows of B, that are fetched before they are read
constexpr int64_t DEPTH = 320, PANELS = 24, WIDTH = 2048;
extern const int64_t PANEL = WIDE;
extern const int64_t TILE = ROWS;

enum class Lie { columns, rows };  // whether steps along k, or from row to row, are the long ones

// The first n columns of sums of V vectors a row
static void put_first(int64_t rows, int64_t vectors, int64_t n, const float* sums, float* c, int64_t ldc,
                      bool accumulate) {
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t v = 0; v < vectors; ++v, sums += LANES) {
            float* to = c + i * ldc + v * LANES;
            const int64_t left = n - v * LANES;
            if (left >= LANES) store(to, accumulate ? load(to) + load(sums) : load(sums));
            else if (left > 0) store_first(to, accumulate ? load_first(to, left) + load(sums) : load(sums), left);
        }
}

// C[R, n] (+)= A[R, k] times the rows of B, which are b_step floats apart; n of the V vectors' columns exist.
// a_step: floats from a column of A to the next, the rows lying side by side, or from a row to the next.
template <int R, int V, Lie lie>
static void tile(int64_t k, const float* a, int64_t a_step, const float* b, int64_t b_step, float* c, int64_t ldc,
                 int64_t n, bool accumulate) {
    for (int i = 0; i < R; ++i)  // C is written when the sums are complete
        for (int v = 0; v < V; ++v) __builtin_prefetch(c + i * ldc + v * LANES, 1);
    Vector sums[R * V];
    each_of<R * V>([&](auto s) { sums[s] = Vector{}; });
    const float* from[(R + 2) / 3];  // every third row: the two after it are within reach of its address
    each_of<(R + 2) / 3>([&](auto third) { from[third] = a + 3 * third * (lie == Lie::rows ? a_step : 1); });
    for (int64_t p = 0; p < k; ++p, b += b_step) {
        Vector row[V];
        each_of<V>([&](auto v) { row[v] = load(b + v * LANES); });
        for (int v = 0; v < V; ++v) __builtin_prefetch(b + AHEAD * b_step + v * LANES);
        if (lie == Lie::columns) {  // too far apart for the processor to foresee; a column may lie in two lines
            __builtin_prefetch(a + AHEAD * a_step);
            __builtin_prefetch(a + AHEAD * a_step + R - 1);
        }
        each_of<R>([&](auto i) {
            const float x = lie == Lie::rows ? from[i / 3][i % 3 * a_step] : a[i];
            each_of<V>([&](auto v) { sums[i * V + v] += x * row[v]; });
        });
        if (lie == Lie::columns) a += a_step;
        else each_of<(R + 2) / 3>([&](auto third) { ++from[third]; });
    }
    if (n == V * LANES)
        return each_of<R * V>([&](auto s) {
            float* to = c + s / V * ldc + s % V * LANES;
            store(to, accumulate ? load(to) + sums[s] : sums[s]);
        });
    float kept[R * V * LANES];
    each_of<R * V>([&](auto s) { store(kept + s * LANES, sums[s]); });
    put_first(R, V, n, kept, c, ldc, accumulate);
}

using Tile = void (*)(int64_t, const float*, int64_t, const float*, int64_t, float*, int64_t, int64_t, bool);

template <int V, Lie lie, int... R> static Tile tile_of(int64_t rows, std::integer_sequence<int, R...>) {
    static constexpr Tile tiles[] = {tile<R + 1, V, lie>...};
    return tiles[rows - 1];
}

// The tile for so many rows and columns.
template <Lie lie> static Tile tile_of(int64_t rows, int64_t columns) {
    constexpr auto all = std::make_integer_sequence<int, ROWS>();
    return columns <= LANES ? tile_of<1, lie>(rows, all) : tile_of<VECTORS, lie>(rows, all);
}

// C[R, n] (+)= A[R, k] B for a few rows of A and columns of B that both lie along k
template <int R>
static void dots(int64_t n, int64_t k, const float* a, int64_t a_step, const float* b, int64_t b_step, float* c,
                 int64_t ldc, bool accumulate) {
    constexpr int J = LANES / (R == 3 ? 4 : R) < 8 ? LANES / (R == 3 ? 4 : R) : 8;
    for (int64_t j = 0; j < n; j += J) {
        const float* columns[J];
        for (int64_t l = 0; l < J; ++l) columns[l] = b + std::min(j + l, n - 1) * b_step;
        Vector sums[LANES];
        each_of<LANES>([&](auto s) { sums[s] = Vector{}; });
        const auto add = [&](int64_t p, const auto& part) __attribute__((always_inline)) {
            Vector row[R];
            each_of<R>([&](auto i) { row[i] = part(a + i * a_step + p); });
            each_of<J>([&](auto l) {
                const Vector column = part(columns[l] + p);
                each_of<R>([&](auto i) { sums[i * J + l] += row[i] * column; });
            });
        };
        int64_t p = 0;
        for (; p + LANES <= k; p += LANES) add(p, [](const float* from) { return load(from); });
        if (p < k) add(p, [&](const float* from) { return load_first(from, k - p); });
        float found[LANES];
        store(found, sums_of(sums));
        for (int i = 0; i < R; ++i)
            for (int64_t l = 0; l < std::min<int64_t>(J, n - j); ++l) {
                float& to = c[i * ldc + j + l];
                to = accumulate ? to + found[i * J + l] : found[i * J + l];
            }
    }
}

// A square, or some of its rows, turned over: element (i, j) goes to to[j * step + i]. Writes LANES floats for each j.
static inline void turn(int64_t rows, const float* from, int64_t ld, float* to, int64_t step) {
    Vector square[LANES];
    for (int i = 0; i < LANES; ++i) square[i] = i < rows ? load(from + i * ld) : Vector{};
    transpose(square);
    for (int j = 0; j < LANES; ++j) store(to + j * step, square[j]);
}

// A[m, k] into panels of `tall` rows, each [k][rows of it]; what lies behind them may be written to as well
static void pack_a(int64_t m, int64_t k, Matrix a, int64_t tall, float* to) {
    for (int64_t i = 0; i < m; i += tall) {
        const int64_t rows = std::min(tall, m - i);
        int64_t p = 0;
        if (a.column == 1)
            for (; p + LANES <= k; p += LANES, to += LANES * rows)
                // the last rows first: what they write beyond a column's end is the next one's beginning
                for (int64_t r = (rows - 1) / LANES * LANES; r >= 0; r -= LANES)
                    turn(rows - r, a.data + (i + r) * a.row + p, a.row, to + r, rows);
        for (; p < k; ++p)
            for (int64_t r = 0; r < rows; ++r) *to++ = a.data[(i + r) * a.row + p * a.column];
    }
}

void pack_b(int64_t k, int64_t n, Matrix b, float* packed) {
    for (int64_t j = 0; j < n; j += WIDE, packed += k * WIDE) {
        const int64_t columns = std::min<int64_t>(WIDE, n - j);
        const float* from = b.data + j * b.column;
        if (b.column == 1 && columns == WIDE) {
            for (int64_t p = 0; p < k; ++p)
                for (int v = 0; v < VECTORS; ++v)
                    store(packed + p * WIDE + v * LANES, load(from + p * b.row + v * LANES));
            continue;
        }
        int64_t p = 0;
        if (b.row == 1)
            for (; p + LANES <= k; p += LANES)
                for (int64_t c = 0; c < WIDE; c += LANES)
                    turn(columns - c, from + c * b.column + p, b.column, packed + p * WIDE + c, WIDE);
        for (; p < k; ++p)
            for (int64_t c = 0; c < WIDE; ++c) packed[p * WIDE + c] = c < columns ? from[p * b.row + c * b.column] : 0;
    }
}

int64_t packed_size(int64_t k, int64_t n) { return k * ((n + WIDE - 1) / WIDE) * WIDE; }

// n in pieces of about the same length, at most `most` each: how long they are
static int64_t even(int64_t n, int64_t most) {
    const int64_t pieces = std::max<int64_t>((n + most - 1) / most, 1);
    return std::max<int64_t>((n + pieces - 1) / pieces, 1);
}

// A: where it lies, or from column `from` on packed in panels of all k columns
struct Left {
    Matrix matrix;
    const float* packed;
    int64_t columns, from;
};

// Panels of B: where the first begins, from row to row, and from panel to panel
struct Panels {
    const float* data;
    int64_t row, panel;
};

// A part of C: what it begins with, whether that is added to, and what becomes of it, if these are the last sums
struct Target {
    float* data;
    int64_t ld;
    bool accumulate;
    const Finish* finish;
    int64_t row, column;  // of the part

    Target at(int64_t i, int64_t j) const { return {data + i * ld + j, ld, accumulate, finish, row + i, column + j}; }
    // for columns p to p + deep of A's k
    Target slice(int64_t p, int64_t deep, int64_t k) const {
        return {data, ld, accumulate || p > 0, p + deep == k ? finish : nullptr, row, column};
    }
    void conclude(int64_t rows, int64_t columns) const {
        if (finish != nullptr) finish->apply(finish->context, data, ld, row, column, rows, columns);
    }
    // where k is 0, and there is nothing to add
    void without_terms(int64_t rows, int64_t columns) const {
        for (int64_t i = 0; !accumulate && i < rows; ++i) std::fill_n(data + i * ld, columns, 0.0f);
        conclude(rows, columns);
    }
};

// C[m, n] (+)= A[m, k] B, k of at most DEPTH
static void block(int64_t m, int64_t n, int64_t k, const Left& left, Panels b, const Target& c) {
    const Matrix& a = left.matrix;
    const bool columns = left.packed == nullptr && a.row == 1 && n <= (a.column > PAGE ? 256 : 896);
    const bool rows = left.packed == nullptr && !columns && a.column == 1 && n <= (a.row % PAGE == 0 ? 64 : 512);
    const int64_t tall = even(m, ROWS);
    for (int64_t i = 0; i < m; i += PANELS * tall) {
        const int64_t height = std::min(PANELS * tall, m - i);
        const float* panels = left.packed;  // of row i on, each with columns that come before
        int64_t all = left.columns, before = left.from;
        if (panels != nullptr) panels += i * all;
        else if (!columns && !rows) {
            float* made = scratch(Slot::gemm_a, height * k + LANES);
            pack_a(height, k, a.at(i, 0), tall, made);
            panels = made;
            all = k;
            before = 0;
        }
        for (int64_t j = 0; j < n; j += WIDE) {
            const int64_t width = std::min<int64_t>(WIDE, n - j);
            const float* panel = b.data + j / WIDE * b.panel;
            for (int64_t r = 0; r < height; r += tall) {
                const int64_t down = std::min(tall, height - r);
                const Target to = c.at(i + r, j);
                if (rows)
                    tile_of<Lie::rows>(down, width)(k, a.at(i + r, 0).data, a.row, panel, b.row, to.data, to.ld, width,
                                                    to.accumulate);
                else if (columns)
                    tile_of<Lie::columns>(down, width)(k, a.at(i + r, 0).data, a.column, panel, b.row, to.data, to.ld,
                                                       width, to.accumulate);
                else
                    tile_of<Lie::columns>(down, width)(k, panels + r * all + before * down, down, panel, b.row, to.data,
                                                       to.ld, width, to.accumulate);
                to.conclude(down, width);
            }
        }
    }
}

int64_t packed_rows_size(int64_t m, int64_t k) { return m * k + LANES; }

void pack_rows(int64_t m, int64_t k, Matrix a, float* packed) { pack_a(m, k, a, even(m, ROWS), packed); }

// Whether tiles of m rows in all read B's rows, which lie along n, sooner in their place than packed.
static bool lies_well(int64_t m, int64_t k, Matrix b) {
    const bool is_scattered = b.row > 3 * PAGE / 2 || (b.row % PAGE == 0 && k > PAGE / 2);
    return m <= (is_scattered ? 2 : PANELS) * ROWS;
}

void gemm_packed_rows(int64_t m, int64_t n, int64_t k, const float* packed, Matrix b, float* c, int64_t ldc,
                      bool accumulate, const Finish* finish) {
    const Target all{c, ldc, accumulate, finish, 0, 0};
    if (k == 0) return all.without_terms(m, n);
    const int64_t depth = whole(even(k, DEPTH));
    const bool direct = b.column == 1 && lies_well(m, k, b);
    // panel by panel, each of which is multiplied while it is in the cache
    for (int64_t j = 0; j < n; j += WIDE) {
        const int64_t width = std::min<int64_t>(WIDE, n - j);
        for (int64_t p = 0; p < k; p += depth) {
            const int64_t deep = std::min(depth, k - p);
            Panels panel{b.at(p, j).data, b.row, WIDE};
            if (!direct || width < WIDE) {
                float* made = scratch(Slot::gemm_b, deep * WIDE);
                pack_b(deep, width, b.at(p, j), made);
                panel = {made, WIDE, deep * WIDE};
            }
            block(m, width, deep, {{nullptr, 0, 0}, packed, k, p}, panel, all.at(0, j).slice(p, deep, k));
        }
    }
}

void gemm_packed(int64_t m, int64_t n, int64_t k, Matrix a, const float* packed, float* c, int64_t ldc,
                 bool accumulate, const Finish* finish) {
    const Target all{c, ldc, accumulate, finish, 0, 0};
    if (k == 0) return all.without_terms(m, n);
    const int64_t depth = whole(even(k, DEPTH));
    for (int64_t p = 0; p < k; p += depth) {
        const int64_t deep = std::min(depth, k - p);
        block(m, n, deep, {a.at(0, p), nullptr, 0, 0}, {packed + p * WIDE, WIDE, k * WIDE}, all.slice(p, deep, k));
    }
}

// All of C by dot products, B's columns lying along k; few enough of them at a time to stay in the cache
static void dot_products(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t ldc, bool accumulate) {
    constexpr decltype(&dots<1>) of[] = {dots<1>, dots<2>, dots<3>, dots<4>};
    if (a.column != 1) {
        float* rows = scratch(Slot::gemm_a, m * k);
        for (int64_t i = 0; i < m; ++i)
            for (int64_t p = 0; p < k; ++p) rows[i * k + p] = a.data[i * a.row + p * a.column];
        a = {rows, k, 1};
    }
    const int64_t some = std::max<int64_t>(m <= 4 ? n : 4096 / std::max<int64_t>(k, 1) / 8 * 8, 8);
    for (int64_t j = 0; j < n; j += some)
        for (int64_t i = 0; i < m; i += 4)
            of[std::min<int64_t>(4, m - i) - 1](std::min(some, n - j), k, a.at(i, 0).data, a.row, b.at(0, j).data,
                                                b.column, c + i * ldc + j, ldc, accumulate);
}

// As many columns of C as wide tiles take, of one to three rows, B's rows lying along n; how many that were.
static int64_t wide_tiles(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t ldc, bool accumulate) {
    constexpr int MANY = LANES == 16 ? 8 : 4;  // vectors, for which there are registers
    constexpr Tile rows[] = {tile<1, MANY, Lie::rows>, tile<2, MANY, Lie::rows>, tile<3, MANY, Lie::rows>};
    constexpr Tile columns[] = {tile<1, MANY, Lie::columns>, tile<2, MANY, Lie::columns>, tile<3, MANY, Lie::columns>};
    const bool lies_in_columns = m == 1 || a.row == 1;
    if (!lies_in_columns && a.column != 1) return 0;
    const Tile each = (lies_in_columns ? columns : rows)[m - 1];
    const int64_t a_step = lies_in_columns ? a.column : a.row, width = MANY * LANES;
    int64_t j = 0;
    for (; j + width <= n; j += width) each(k, a.data, a_step, b.at(0, j).data, b.row, c + j, ldc, width, accumulate);
    return j;
}

// C by tiles, for k > 0
static void tiles(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, const Target& c) {
    const int64_t depth = whole(even(k, DEPTH));
    for (int64_t j = 0; j < n; j += WIDTH) {
        const int64_t width = std::min(WIDTH, n - j);
        const int64_t direct = b.column == 1 && lies_well(m, k, b) ? width / WIDE * WIDE : 0;
        for (int64_t p = 0; p < k; p += depth) {
            const int64_t deep = std::min(depth, k - p);
            const Left left{a.at(0, p), nullptr, 0, 0};
            const Target to = c.at(0, j).slice(p, deep, k);
            if (direct > 0) block(m, direct, deep, left, {b.at(p, j).data, b.row, WIDE}, to);
            if (direct == width) continue;
            float* packed = scratch(Slot::gemm_b, packed_size(deep, width - direct));
            pack_b(deep, width - direct, b.at(p, j + direct), packed);
            block(m, width - direct, deep, left, {packed, WIDE, deep * WIDE}, to.at(0, direct));
        }
    }
}

void gemm(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t ldc, bool accumulate,
          const Finish* finish) {
    if (m == 0 || n == 0) return;
    const Target all{c, ldc, accumulate, finish, 0, 0};
    // up to so many rows B isn't worth being turned over, unless its columns are shorter than what sums of lanes cost
    const int64_t few = k >= 16 * LANES ? 16 : (k >= 4 * LANES ? 4 : 0);
    if (k == 0) return all.without_terms(m, n);
    if (n == 1 && ldc == 1 && m > 1) {  // a column is a row as well
        gemm(1, m, k, {b.data, b.column, b.row}, {a.data, a.column, a.row}, c, m, accumulate);
    } else if (m <= few && b.row == 1) {
        dot_products(m, n, k, a, b, c, ldc, accumulate);
    } else if (m <= 3 && b.column == 1) {
        const int64_t done = wide_tiles(m, n, k, a, b, c, ldc, accumulate);
        tiles(m, n - done, k, a, b.at(0, done), {c + done, ldc, accumulate, nullptr, 0, done});
    } else {
        return tiles(m, n, k, a, b, all);
    }
    all.conclude(m, n);
}

}  // namespace KILN_LEVEL
}  // namespace kiln
