// See winograd.h: the gradient in the weights. A piece is a run of tiles with sums of its own, or one of 36 products.
#include "winograd_values.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t RUNS = 8;        // of units that have sums of their own
constexpr int64_t SUMS = 6 << 20;  // floats of those sums at most

// How the sums over tiles are cut: in runs of units that have sums of their own, which are added in the end; or, where
// all values are less memory than those, value by value.
struct Turns {
    int64_t runs, sums, all;
    bool in_turn;

    explicit Turns(const Dense& n)
        : runs(std::min(Cut(n).units, RUNS)), sums(Values(n.inputs, n.outputs).size()),
          all(Values(n.tiles(), n.inputs).size() + Values(n.tiles(), n.outputs).size()), in_turn(all < runs * sums) {}
};

bool is_quicker_for_weights(const Dense& n) {
    const Turns turns(n);
    return is_quicker(n) && (turns.in_turn || turns.runs * turns.sums <= SUMS);
}

// Where the values of both operands lie, and the sums they add to
struct Operands {
    Values elements, slopes, sums;
    const float *source, *end, *g, *g_end;

    void take(const Dense& n, const Some& some, float* own, float* others) const {
        const auto transform = [](Vector* values, Vector* half) {
            for (int l = 0; l < 4; ++l) of_weights<POINTS, 4>(values + l, half + l);
            for (int k = 0; k < POINTS; ++k) of_weights<1, 4>(half + k * POINTS, values + k * POINTS);
        };
        take_elements(own, elements, some, n, source, end);
        KILN_LEVEL::take<4>(others, slopes, some, g, g_end, n.outputs, n.rows, n.columns, 0, 0, transform);
    }
    void multiply(const Dense& n, int64_t count, int64_t v, const float* own, const float* others, float* total,
                  bool accumulate) const {
        const Rows rows{others + v * slopes.stride, slopes.pitch, LANES};
        KILN_LEVEL::multiply(n.inputs, count, sums.vectors, own + v * elements.stride, 1, elements.pitch, rows,
                             total + v * sums.stride, sums.pitch, accumulate);
    }
};

void winograd_weights(Pool& pool, const Dense& n, const float* source, const float* end, const float* g,
                      const float* g_end, float* result) {
    const Cut cut(n);
    const Turns turns(n);
    const int64_t most = turns.in_turn ? n.tiles() : cut.most, runs = turns.in_turn ? 1 : turns.runs;
    const Values elements(most, n.inputs), slopes(most, n.outputs), sums(n.inputs, n.outputs);
    const Operands operands{elements, slopes, sums, source, end, g, g_end};
    float* all = scratch(Slot::product, runs * sums.size() + (turns.in_turn ? turns.all : 0));
    if (turns.in_turn) {
        const int64_t per_image = n.down() * n.across();
        float *own = all + sums.size(), *others = own + elements.size();
        pool.run(n.images, [&](int64_t i) {
            operands.take(n, {i, 1, 0, n.down(), n.across()}, own + i * per_image * elements.pitch,
                          others + i * per_image * slopes.pitch);
        });
        pool.run(VALUES, [&](int64_t v) { operands.multiply(n, n.tiles(), v, own, others, all, false); });
    } else {
        pool.run(runs, [&](int64_t run) {
            float *own = scratch(Slot::convolution, elements.size() + slopes.size()), *others = own + elements.size();
            const int64_t first = piece_start(cut.units, runs, run);
            for (int64_t u = first; u < piece_start(cut.units, runs, run + 1); ++u) {
                const Some some = cut.unit(n, u);
                operands.take(n, some, own, others);
                for (int64_t v = 0; v < VALUES; ++v)
                    operands.multiply(n, some.count(), v, own, others, all + run * sums.size(), u > first);
            }
        });
    }
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
