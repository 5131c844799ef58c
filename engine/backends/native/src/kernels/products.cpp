// Matrix products of arrays: 2 m n k operations for each of the matrices along the leading axes, which broadcast.
#include <algorithm>

#include "gemm.h"
#include "pool.h"
#include "registry.h"
#include "scratch.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 1 << 19;  // multiplications that are worth a piece of their own, some 10 microseconds
constexpr int64_t MOST = 64;
constexpr int64_t TALL = 32, WIDE = 16;  // tiles, or panels, from which on packing the other operand is little beside
constexpr int64_t ROOM = 1 << 20;        // floats that are packed for all pieces at once

// C[batch][m, n] = A[batch][m, k] B[batch][k, n]; batches lie in the leading axes of A and B
struct Product {
    int64_t m, n, k, batches;
    Matrix a, b;
    int64_t axes, shape[MAX_AXES], a_strides[MAX_AXES], b_strides[MAX_AXES];

    Product(const Array& left, const Array& right);
    void select(int64_t batch, Matrix& from_a, Matrix& from_b) const;
    void run(const Call& call, const float* bias) const;

  private:
    void merge_rows();
    bool is_tall() const;
    bool is_wide() const;
    void run_tall(const Call& call, const float* bias, int64_t wanted) const;
    void run_wide(const Call& call, const float* bias, int64_t wanted) const;
};

static int64_t stride_of(const Array& x, int64_t axis) { return axis < 0 || x.shape[axis] == 1 ? 0 : x.strides[axis]; }

Product::Product(const Array& left, const Array& right) {
    const int la = left.axes, ra = right.axes;
    m = left.shape[la - 2];
    k = left.shape[la - 1];
    n = right.shape[ra - 1];
    a = {left.as<float>(), left.strides[la - 2], left.strides[la - 1]};
    b = {right.as<float>(), right.strides[ra - 2], right.strides[ra - 1]};
    axes = std::max(la, ra) - 2;
    batches = 1;
    for (int64_t axis = 0; axis < axes; ++axis) {
        const int64_t of_a = axis - axes + la - 2, of_b = axis - axes + ra - 2;
        a_strides[axis] = stride_of(left, of_a);
        b_strides[axis] = stride_of(right, of_b);
        const int64_t length = of_a < 0 ? 1 : left.shape[of_a];
        shape[axis] = length == 1 && of_b >= 0 ? right.shape[of_b] : length;
        batches *= shape[axis];
    }
    if (batches > 0) merge_rows();
}

// Where one B serves the matrices along A's last leading axis and their rows lie evenly, they are one taller matrix.
void Product::merge_rows() {
    for (; axes > 0 && b_strides[axes - 1] == 0; --axes) {
        const int64_t length = shape[axes - 1];
        if (length != 1 && m != 1 && a_strides[axes - 1] != m * a.row) return;
        if (length != 1 && m == 1) a.row = a_strides[axes - 1];
        m *= length;
        batches /= length;
    }
}

void Product::select(int64_t batch, Matrix& from_a, Matrix& from_b) const {
    from_a = a;
    from_b = b;
    for (int64_t axis = axes - 1; axis >= 0; --axis) {
        const int64_t at = batch % shape[axis];
        batch /= shape[axis];
        from_a.data += at * a_strides[axis];
        from_b.data += at * b_strides[axis];
    }
}

// Where part `k` of `parts` begins, at a multiple of `unit`.
static int64_t edge(int64_t n, int64_t unit, int64_t parts, int64_t k) {
    return std::min(n, piece_start((n + unit - 1) / unit, parts, k) * unit);
}

// Into how many parts rows and columns are cut: at most `parts` in all, little of B packed twice, none too large.
struct Grid {
    int64_t rows = 1, columns = 1;

    // packing: what it takes to pack a column of B, in multiplications of a row by a column
    Grid(int64_t m, int64_t n, int64_t parts, int64_t packing) {
        const int64_t panels = (n + PANEL - 1) / PANEL, tiles = (m + TILE - 1) / TILE;
        int64_t best = -1;
        for (int64_t across = 1; across <= std::min(parts, panels); ++across)
            for (int64_t down = 1; down <= std::min(parts / across, tiles); ++down) {
                const int64_t height = (tiles + down - 1) / down * TILE, width = (panels + across - 1) / across * PANEL;
                const int64_t largest = std::min(height, m) * width + packing * width + SETTING;
                const int64_t all = across * m * width + down * across * (packing * width + SETTING);
                if (best >= 0 && all + largest >= best) continue;
                best = all + largest;
                rows = down;
                columns = across;
            }
    }

  private:
    static constexpr int64_t SETTING = 64;  // what a piece costs by itself, in the same unit
};

struct Bias {
    const float* values;

    static void add(const void* context, float* c, int64_t ldc, int64_t, int64_t column, int64_t rows,
                    int64_t columns) {
        const float* from = static_cast<const Bias*>(context)->values + column;
        for (int64_t i = 0; i < rows; ++i, c += ldc)
            for (int64_t j = 0; j < columns; ++j) c[j] += from[j];
    }
};

// Whether pieces are rows of C, for which B is packed once: they write whole rows, and none packs what another does.
bool Product::is_tall() const {
    return batches == 1 && parts_of(m, TILE) >= TALL && (b.row == 1 || n > 4 * PANEL) && k * PANEL <= ROOM;
}

// Whether pieces are columns of C, for which A is packed once since tiles don't read it well where it lies.
bool Product::is_wide() const {
    const bool lies_well = a.column == 1 ? a.row % PAGE != 0 : a.row == 1 && a.column <= PAGE;
    return batches == 1 && !lies_well && m > 2 * TILE && parts_of(n, PANEL) >= WIDE && packed_rows_size(m, k) <= ROOM;
}

void Product::run_tall(const Call& call, const float* bias, int64_t wanted) const {
    float* c = call.outputs[0].as<float>();
    const int64_t tiles = parts_of(m, TILE), pieces = std::min(wanted, tiles / 4);
    // as many columns at once as there is room for
    const int64_t some = ROOM / std::max<int64_t>(k, 1) / PANEL * PANEL;
    for (int64_t j = 0; j < n; j += some) {
        const int64_t width = std::min(some, n - j), panels = parts_of(width, PANEL);
        float* packed = scratch(Slot::product, packed_size(k, width));
        const int64_t packs = std::min(panels, pieces_of(k * width, LEAST / 32));
        call.pool.run(packs, [&](int64_t piece) {
            const int64_t start = edge(width, PANEL, packs, piece), stop = edge(width, PANEL, packs, piece + 1);
            pack_b(k, stop - start, b.at(0, j + start), packed + start * k);
        });
        call.pool.run(pieces, [&](int64_t piece) {
            const int64_t i = edge(m, TILE, pieces, piece), height = edge(m, TILE, pieces, piece + 1) - i;
            const Bias shifted{bias + (bias == nullptr ? 0 : j)};
            const Finish finish{Bias::add, &shifted};
            gemm_packed(height, width, k, a.at(i, 0), packed, c + i * n + j, n, false,
                        bias == nullptr ? nullptr : &finish);
            call.done({i * n + j, height, width, n});
        });
    }
}

void Product::run_wide(const Call& call, const float* bias, int64_t wanted) const {
    float* c = call.outputs[0].as<float>();
    float* packed = scratch(Slot::product, packed_rows_size(m, k));
    pack_rows(m, k, a, packed);
    const int64_t pieces = std::min(wanted, parts_of(n, PANEL));
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t j = edge(n, PANEL, pieces, piece), width = edge(n, PANEL, pieces, piece + 1) - j;
        const Bias shifted{bias + (bias == nullptr ? 0 : j)};
        const Finish finish{Bias::add, &shifted};
        gemm_packed_rows(m, width, k, packed, b.at(0, j), c + j, n, false, bias == nullptr ? nullptr : &finish);
        call.done({j, m, width, n});
    });
}

void Product::run(const Call& call, const float* bias) const {
    float* c = call.outputs[0].as<float>();
    if (batches * m * n == 0) return;
    // where there are few multiplications to an element, it is its reading that takes the time
    const int64_t each = m * n * std::max<int64_t>(k, 1) + 8 * (m + n) * k;
    const int64_t wanted = pieces_of(batches * each, LEAST, MOST);
    if (wanted > 1 && is_tall()) return run_tall(call, bias, wanted);
    if (wanted > 1 && is_wide()) return run_wide(call, bias, wanted);
    const Grid grid(m, n, batches >= wanted ? 1 : (wanted + batches - 1) / batches, b.row == 1 ? 6 : 1);
    const int64_t parts = grid.rows * grid.columns;
    const int64_t pieces = batches >= wanted ? wanted : batches * parts;
    const int64_t all = batches * parts;
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(all, pieces, piece + 1);
        for (int64_t part = piece_start(all, pieces, piece); part < stop; ++part) {
            const int64_t batch = part / parts, k_th = part % parts;
            const int64_t down = n > m ? k_th % grid.rows : k_th / grid.columns;
            const int64_t across = n > m ? k_th / grid.rows : k_th % grid.columns;
            const int64_t i = edge(m, TILE, grid.rows, down), j = edge(n, PANEL, grid.columns, across);
            const int64_t height = edge(m, TILE, grid.rows, down + 1) - i;
            const int64_t width = edge(n, PANEL, grid.columns, across + 1) - j;
            Matrix from_a, from_b;
            select(batch, from_a, from_b);
            const Bias shifted{bias + (bias == nullptr ? 0 : j)};
            const Finish finish{Bias::add, &shifted};
            gemm(height, width, k, from_a.at(i, 0), from_b.at(0, j), c + (batch * m + i) * n + j, n, false,
                 bias == nullptr ? nullptr : &finish);
            call.done({(batch * m + i) * n + j, height, width, n});
        }
    });
}

// a [..., m, k], b [..., k, n] of any strides
static void matmul(const Call& call) {
    Product(call.inputs[0], call.inputs[1]).run(call, nullptr);
}

// x [..., m, k], the weight as [k, n], bias [n] without gaps
static void linear(const Call& call) {
    Product(call.inputs[0], call.inputs[1]).run(call, call.inputs[2].as<float>());
}

KILN_KERNEL("matmul", matmul);
KILN_KERNEL("linear", linear);

}  // namespace KILN_LEVEL
}  // namespace kiln
