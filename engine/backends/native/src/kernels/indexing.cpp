// Rows picked by index, and rows added up by index. x counts as [L, n1, .., nk, R]: `lead` axes before the k that
// are indexed, the rest being runs of R neighbours; the result of picking as [L, I, R], I being the indices.
//
// Picking reads and writes L I R elements. Adding up reads as many and writes zeros first; a piece has some of L,
// some columns of R or, of a large result, some rows for itself, so that the sums keep the order of the indices.
#include <algorithm>
#include <atomic>

#include "failure.h"
#include "places.h"
#include "pool.h"
#include "registry.h"
#include "scratch.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 16384;    // elements that are worth a piece of their own
constexpr int64_t LEAST_CHECKED = 65536;  // indices
constexpr int64_t COLUMNS = 16, BLOCKS = 8;
constexpr int64_t LARGE = 1 << 17;  // elements that a cache beside the processor doesn't hold

// ints: lead, k, whether negative indices count from the end, then k sizes
struct Indexed {
    int lead, k;
    bool wraps;
    const int64_t* sizes;

    explicit Indexed(const Call& call)
        : lead(static_cast<int>(call.ints[0])),
          k(static_cast<int>(call.ints[1])),
          wraps(call.ints[2]),
          sizes(call.ints + 3) {}
};

[[noreturn]] static void refuse(const Indexed& form, int64_t index, int axis) {
    const std::string size = std::to_string(form.sizes[axis]), given = "index " + std::to_string(index);
    if (form.wraps)
        throw OutOfRange(given + " is out of bounds for axis " + std::to_string(form.lead + axis) + " with size " + size);
    throw OutOfRange(given + " is out of range; with " + size + " rows it must be in [0, " + size + ")");
}

// The distances from the beginning that the indices stand for, if neighbours along axis j are steps[j] apart.
static const int64_t* distances(const Call& call, const Indexed& form, const Array* indices, const int64_t* steps) {
    const int64_t count = indices[0].size, pieces = pieces_of(count, LEAST_CHECKED);
    int64_t* found = reinterpret_cast<int64_t*>(scratch(Slot::index, 2 * count));
    for (int j = 0; j < form.k; ++j) {
        const Places places(indices[j], 0, indices[j].axes);
        const int64_t *from = indices[j].as<int64_t>(), size = form.sizes[j], wrap = form.wraps ? size : 0;
        std::atomic<bool> wrong{false};
        call.pool.run(pieces, [&](int64_t piece) {
            const int64_t start = piece_start(count, pieces, piece), stop = piece_start(count, pieces, piece + 1);
            const int64_t step = steps[j], apart = places.step();
            uint64_t most = 0;  // a negative index is a huge one without its sign
            const auto locate = [&](int64_t i, int64_t given) {
                const int64_t index = given < 0 ? given + wrap : given;
                most = std::max(most, static_cast<uint64_t>(index));
                found[i] = (j == 0 ? 0 : found[i]) + index * step;
            };
            if (places.one_axis())
                for (int64_t i = start; i < stop; ++i) locate(i, from[i * apart]);
            else
                for (int64_t i = start; i < stop; ++i) locate(i, from[places[i]]);
            if (most >= static_cast<uint64_t>(size)) wrong = true;
        });
        for (int64_t i = 0; wrong && i < count; ++i) {
            const int64_t given = from[places[i]];
            if (given >= size || given < -wrap) refuse(form, given, j);
        }
    }
    return found;
}

template <typename T> static void pick(const Call& call) {
    const Indexed form(call);
    const Array& x = call.inputs[0];
    const Places lead(x, 0, form.lead), runs(x, form.lead + form.k, x.axes);
    const int64_t* at = distances(call, form, call.inputs + 1, x.strides + form.lead);
    const int64_t indices = call.inputs[1].size, run = runs.count(), step = runs.step();
    const T* from = x.as<T>();
    T* out = call.outputs[0].as<T>();
    const int64_t rows = lead.count() * indices, pieces = pieces_of(rows * run, LEAST);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t row = piece_start(rows, pieces, piece); row < stop;) {
            const int64_t i = row % indices, count = std::min(indices - i, stop - row);
            const T* part = from + lead[row / indices];
            T* to = out + row * run;
            if (run == 1)
                for (int64_t k = 0; k < count; ++k) to[k] = part[at[i + k]];
            else if (step == 1)
                for (int64_t k = 0; k < count; ++k) std::copy_n(part + at[i + k], run, to + k * run);
            else
                for (int64_t k = 0; k < count; ++k)
                    for (int64_t c = 0; c < run; ++c) to[k * run + c] = part[at[i + k] + c * step];
            row += count;
        }
    });
}

// x, k indices
static void index(const Call& call) {
    switch (call.inputs[0].dtype) {
        case DType::f64:
        case DType::i64: return pick<int64_t>(call);
        case DType::f32:
        case DType::i32: return pick<int32_t>(call);
        default: return pick<uint8_t>(call);
    }
}

// g as [L, I, R], k indices; ints: as above, then whether to divide by how often a row occurs, and a row that is
// left out, or -1
static void index_grad(const Call& call) {
    const Indexed form(call);
    const Array& g = call.inputs[0];
    const int several = call.inputs[1].axes;
    const Places lead(g, 0, form.lead), inner(g, form.lead, form.lead + several);
    const Places runs(g, form.lead + several, g.axes);
    const int64_t run = runs.count(), step = runs.step(), indices = inner.count(), count = lead.count();
    int64_t steps[MAX_AXES], all = run;
    for (int j = form.k; j-- > 0; all *= form.sizes[j]) steps[j] = all;
    const int64_t* at = distances(call, form, call.inputs + 1, steps);
    const bool by_frequency = call.ints[3 + form.k];
    const int64_t left_out = call.ints[4 + form.k], rows = all / run;
    int32_t* often = nullptr;
    if (by_frequency) {
        often = reinterpret_cast<int32_t*>(scratch(Slot::reduction, rows));
        std::fill_n(often, rows, 0);
        for (int64_t i = 0; i < indices; ++i) ++often[at[i] / run];
    }
    const float* from = g.as<float>();
    float* out = call.outputs[0].as<float>();
    const int64_t work = count * (indices * run + all);
    const int64_t parts = work < LEAST ? 1 : std::min<int64_t>(count, 2 * BLOCKS);
    const bool one = work < LEAST || parts >= BLOCKS, by_rows = !one && all > LARGE;
    const int64_t blocks = one || by_rows ? 1 : std::min((run + COLUMNS - 1) / COLUMNS, BLOCKS);
    const int64_t shares = by_rows ? std::min(rows, 2 * BLOCKS) : 1;
    const int64_t lines = (run + COLUMNS - 1) / COLUMNS;  // a block begins at a whole one
    call.pool.run(parts * blocks * shares, [&](int64_t piece) {
        const int64_t share = piece % shares, part = piece / shares / blocks, block = piece / shares % blocks;
        const int64_t first_row = piece_start(rows, shares, share), stop_row = piece_start(rows, shares, share + 1);
        const int64_t start = piece_start(lines, blocks, block) * COLUMNS;
        const int64_t width = std::min(run, piece_start(lines, blocks, block + 1) * COLUMNS) - start;
        const int64_t stop = piece_start(count, parts, part + 1);
        for (int64_t l = piece_start(count, parts, part); l < stop; ++l) {
            float* to = out + l * all + start;
            if (width == run) std::fill_n(to + first_row * run, (stop_row - first_row) * run, 0.0f);
            else
                for (int64_t row = 0; row < rows; ++row) std::fill_n(to + row * run, width, 0.0f);
            const float* own = from + lead[l] + start * step;
            for (int64_t i = 0; i < indices; ++i) {
                if (at[i] < first_row * run || at[i] >= stop_row * run) continue;
                const float* here = own + inner[i];
                float* sum = to + at[i];
                if (step == 1)
                    for (int64_t c = 0; c < width; ++c) sum[c] += here[c];
                else
                    for (int64_t c = 0; c < width; ++c) sum[c] += here[c * step];
            }
            for (int64_t row = first_row; by_frequency && row < stop_row; ++row)
                for (int64_t c = 0; often[row] > 1 && c < width; ++c)
                    to[row * run + c] /= static_cast<float>(often[row]);
            if (left_out >= first_row && left_out < stop_row) std::fill_n(to + left_out * run, width, 0.0f);
        }
    });
}

KILN_KERNEL("index", index);
KILN_KERNEL("index_grad", index_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
