// The matrix product, after Goto and van de Geijn (2008): tiles of C in registers, panels of A and B in the caches.
//
// 2 m n k operations. A block of B of DEPTH x WIDTH is packed for the level-3 cache, one of A of HEIGHT x DEPTH
// for the level-2 cache; a panel of each then streams through the level-1 cache past a tile of ROWS x PANEL sums.
#include "gemm.h"

#include <algorithm>
#include <utility>

#include "scratch.h"

namespace kiln {
namespace KILN_LEVEL {

#if defined(__AVX512F__)
constexpr int LANES = 16, ROWS = 14, VECTORS = 2;
#elif defined(__AVX2__)
constexpr int LANES = 8, ROWS = 6, VECTORS = 2;
#elif defined(__aarch64__)
constexpr int LANES = 4, ROWS = 8, VECTORS = 3;
#else
constexpr int LANES = 4, ROWS = 6, VECTORS = 2;
#endif
constexpr int64_t WIDE = LANES * VECTORS;
constexpr int64_t DEPTH = 256, HEIGHT = 24 * ROWS, WIDTH = 2048;
extern const int64_t PANEL = WIDE;
extern const int64_t TILE = ROWS;

typedef float Vector __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

// C[R, n] (+)= the panels of A, [k][R], and of B, [k][WIDE]; n of the V vectors' columns exist
template <int R, int V>
static void tile(int64_t k, const float* a, const float* b, float* c, int64_t ldc, int64_t n, bool accumulate) {
    Vector sums[R][V] = {};
    for (int64_t p = 0; p < k; ++p, a += R, b += WIDE) {
        Vector row[V];
        for (int v = 0; v < V; ++v) row[v] = *reinterpret_cast<const Vector*>(b + v * LANES);
        for (int i = 0; i < R; ++i)
            for (int v = 0; v < V; ++v) sums[i][v] += a[i] * row[v];
    }
    if (n == V * LANES) {
        for (int i = 0; i < R; ++i)
            for (int v = 0; v < V; ++v) {
                Vector* to = reinterpret_cast<Vector*>(c + i * ldc + v * LANES);
                *to = accumulate ? *to + sums[i][v] : sums[i][v];
            }
        return;
    }
    for (int i = 0; i < R; ++i) {
        const float* from = reinterpret_cast<const float*>(sums[i]);
        float* to = c + i * ldc;
        for (int64_t j = 0; j < n; ++j) to[j] = accumulate ? to[j] + from[j] : from[j];
    }
}

using Tile = void (*)(int64_t, const float*, const float*, float*, int64_t, int64_t, bool);

template <int V, int... R> static Tile tile_of(int64_t rows, std::integer_sequence<int, R...>) {
    static constexpr Tile tiles[] = {tile<R + 1, V>...};
    return tiles[rows - 1];
}

// The tile for so many rows and columns.
static Tile tile_of(int64_t rows, int64_t columns) {
    constexpr auto all = std::make_integer_sequence<int, ROWS>();
    return VECTORS > 1 && columns <= LANES ? tile_of<1>(rows, all) : tile_of<VECTORS>(rows, all);
}

// A[m, k] into panels of ROWS rows, each [k][rows of it]
static void pack_a(int64_t m, int64_t k, Matrix a, float* to) {
    for (int64_t i = 0; i < m; i += ROWS) {
        const int64_t rows = std::min<int64_t>(ROWS, m - i);
        for (int64_t p = 0; p < k; ++p)
            for (int64_t r = 0; r < rows; ++r) *to++ = a.data[(i + r) * a.row + p * a.column];
    }
}

void pack_b(int64_t k, int64_t n, Matrix b, float* packed) {
    for (int64_t j = 0; j < n; j += WIDE) {
        const int64_t columns = std::min<int64_t>(WIDE, n - j);
        for (int64_t p = 0; p < k; ++p, packed += WIDE) {
            const float* from = b.data + p * b.row + j * b.column;
            for (int64_t c = 0; c < columns; ++c) packed[c] = from[c * b.column];
            for (int64_t c = columns; c < WIDE; ++c) packed[c] = 0;
        }
    }
}

int64_t packed_size(int64_t k, int64_t n) { return k * ((n + WIDE - 1) / WIDE) * WIDE; }

// C[m, n] (+)= A[m, k] times panels of B that are `stride` floats apart, k of at most DEPTH
static void block(int64_t m, int64_t n, int64_t k, Matrix a, const float* b, int64_t stride, float* c, int64_t ldc,
                  bool accumulate) {
    for (int64_t i = 0; i < m; i += HEIGHT) {
        const int64_t height = std::min(HEIGHT, m - i);
        float* panels = scratch(Slot::gemm_a, height * k);
        pack_a(height, k, a.at(i, 0), panels);
        for (int64_t j = 0; j < n; j += WIDE) {
            const int64_t columns = std::min<int64_t>(WIDE, n - j);
            for (int64_t r = 0; r < height; r += ROWS) {
                const int64_t rows = std::min<int64_t>(ROWS, height - r);
                tile_of(rows, columns)(k, panels + r * k, b + j / WIDE * stride, c + (i + r) * ldc + j, ldc, columns,
                                       accumulate);
            }
        }
    }
}

static void clear(int64_t m, int64_t n, float* c, int64_t ldc) {
    for (int64_t i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, 0.0f);
}

void gemm_packed(int64_t m, int64_t n, int64_t k, Matrix a, const float* packed, float* c, int64_t ldc,
                 bool accumulate, const Finish* finish) {
    if (k == 0 && !accumulate) clear(m, n, c, ldc);
    for (int64_t p = 0; p < k; p += DEPTH)
        block(m, n, std::min(DEPTH, k - p), a.at(0, p), packed + p * WIDE, k * WIDE, c, ldc, accumulate || p > 0);
    if (finish != nullptr) finish->apply(finish->context, c, ldc, 0, 0, m, n);
}

void gemm(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t ldc, bool accumulate,
          const Finish* finish) {
    if (k == 0 && !accumulate) clear(m, n, c, ldc);
    for (int64_t j = 0; j < n; j += WIDTH) {
        const int64_t width = std::min(WIDTH, n - j);
        for (int64_t p = 0; p < k; p += DEPTH) {
            const int64_t depth = std::min(DEPTH, k - p);
            float* packed = scratch(Slot::gemm_b, packed_size(depth, width));
            pack_b(depth, width, b.at(p, j), packed);
            block(m, width, depth, a.at(0, p), packed, depth * WIDE, c + j, ldc, accumulate || p > 0);
        }
    }
    if (finish != nullptr) finish->apply(finish->context, c, ldc, 0, 0, m, n);
}

}  // namespace KILN_LEVEL
}  // namespace kiln
