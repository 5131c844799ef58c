// See winograd.h: the convolution, and its gradient in x. A piece is some tiles, or one of the 36 products.
#include "winograd_values.h"

namespace kiln {
namespace KILN_LEVEL {

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

// Results of some tiles, from values to where they belong: of each row of tiles those that exist, with channels side by
// side, then one channel after the other, in whose plane they are neighbours
static void put(const float* values, const Values& form, const Some& some, const Dense& n, const float* bias,
                const Call& call) {
    const int64_t rows = std::min(4 * some.rows, n.rows - 4 * some.first), size = rows * n.columns;
    float* square = scratch(Slot::reduction, whole(size) * LANES);
    for (int64_t i = 0; i < some.images; ++i)
        for (int64_t m = 0; m < n.outputs; m += LANES) {
            const int64_t count = std::min<int64_t>(LANES, n.outputs - m);
            const int64_t start = (((some.image + i) * n.outputs + m) * n.rows + 4 * some.first) * n.columns;
            float* planes = call.outputs[0].as<float>() + start;
            const Vector shift = bias ? load_some(bias + m, count) : Vector{};
            for (int64_t t = 0; t < some.per_image(); ++t) {
                const float* from = values + (i * some.per_image() + t) * form.pitch + m;
                Vector own[VALUES], half[VALUES];
                for (int v = 0; v < VALUES; ++v) own[v] = load(from + v * form.stride);
                for (int l = 0; l < POINTS; ++l) to_results<POINTS, 4>(own + l, half + l);
                for (int k = 0; k < 4; ++k) to_results<1, 4>(half + k * POINTS, own + k * POINTS);
                const int64_t y = t / some.across * 4, x = t % some.across * 4;
                for (int64_t k = 0; k < std::min<int64_t>(4, rows - y); ++k)
                    for (int64_t l = 0; l < std::min<int64_t>(4, n.columns - x); ++l)
                        store(square + ((y + k) * n.columns + x + l) * LANES, own[k * POINTS + l] + shift);
            }
            for (int64_t p = 0; p < size; p += LANES) {
                Vector block[LANES];
                for (int l = 0; l < LANES; ++l) block[l] = load(square + (p + l) * LANES);
                transpose(block);
                for (int64_t c = 0; c < count; ++c)
                    store_some(planes + c * n.rows * n.columns + p, block[c], size - p, size - p);
            }
            call.done({start, count, size, n.rows * n.columns});
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
static void multiply_in_turn(const Call& call, const Dense& n, const Panels& kernels, const float* of_kernels,
                             const float* source, const float* end, const float* bias, float* room) {
    Pool& pool = call.pool;
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
        put(sums + i * per_image * results.pitch, results, image_of(i), n, bias, call);
    });
}

void winograd(const Call& call, const Dense& n, const Kernels& weights, const float* source, const float* end,
              const float* bias) {
    Pool& pool = call.pool;
    const Panels kernels(n);
    const int64_t all = Values(n.tiles(), n.inputs).size() + Values(n.tiles(), n.outputs).size();
    const bool in_turn = all < kernels.size();
    float* of_kernels = scratch(Slot::product, kernels.size() + (in_turn ? all : 0));
    take_weights(pool, n, weights, kernels, of_kernels);
    if (in_turn)
        return multiply_in_turn(call, n, kernels, of_kernels, source, end, bias, of_kernels + kernels.size());
    const Cut cut(n);
    const Values elements(cut.most, n.inputs), results(cut.most, n.outputs);
    pool.run(cut.units, [&](int64_t u) {
        const Some some = cut.unit(n, u);
        float *own = scratch(Slot::convolution, elements.size() + results.size()), *sums = own + elements.size();
        take_elements(own, elements, some, n, source, end);
        for (int64_t v = 0; v < VALUES; ++v)
            multiply(some.count(), n.inputs, results.vectors, own + v * elements.stride, elements.pitch, 1,
                     kernels.value(of_kernels, v), sums + v * results.stride, results.pitch, false);
        put(sums, results, some, n, bias, call);
    });
}

}  // namespace KILN_LEVEL
}  // namespace kiln
