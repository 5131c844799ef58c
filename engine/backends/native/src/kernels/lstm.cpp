// LSTM, one direction of one layer over whole sequences; the formulas are in engine/ops/recurrence.py.
//
// 8 H P operations a row for the recurrent product, whose weight is packed once and stays in the cache, then one
// pass over the row's gates: 40 H bytes read and written. The gradient: 16 H P operations and 60 H bytes.
#include "recurrence.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

// a: products with the state, and in their place the gates; x: what the input gives them
static void activate(int64_t size, float* a, const float* x, const float* c, float* next, float* h) {
#pragma omp simd
    for (int64_t j = 0; j < size; ++j) {
        const float i = sigmoid_of(a[j] + x[j]), f = sigmoid_of(a[size + j] + x[size + j]);
        const float g = tanh_of(a[2 * size + j] + x[2 * size + j]), o = sigmoid_of(a[3 * size + j] + x[3 * size + j]);
        const float cell = f * c[j] + i * g;
        a[j] = i;
        a[size + j] = f;
        a[2 * size + j] = g;
        a[3 * size + j] = o;
        next[j] = cell;
        h[j] = o * tanh_of(cell);
    }
}

// gates [total, 4 H], h0 [B, P], c0 [B, H], weight [4 H, P], (projection [P, H]) -> out, cells, acts
template <bool PROJECTED> static void lstm_of(const Call& call) {
    const Walk walk(call);
    const float *gates = call.inputs[0].as<float>(), *h0 = call.inputs[1].as<float>(), *c0 = call.inputs[2].as<float>();
    const Array& weight = call.inputs[3];
    float *out = call.outputs[0].as<float>(), *cells = call.outputs[1].as<float>(), *acts = call.outputs[2].as<float>();
    const int64_t size = call.inputs[2].shape[1], width = weight.shape[1], all = 4 * size;
    const int64_t pieces = walk.pieces(all * width);
    Rooms rooms;
    const int64_t weights_at = rooms.add(packed_size(width, all));
    const int64_t projection_at = rooms.add(PROJECTED ? packed_size(size, width) : 0);
    const int64_t hidden_at = rooms.add(PROJECTED ? walk.sequences() * size : 0);
    rooms.open();
    float *weights = rooms[weights_at], *projection = rooms[projection_at];
    pack(call.pool, width, all, {weight.as<float>(), 1, width}, weights);
    if (PROJECTED) pack(call.pool, size, width, {call.inputs[4].as<float>(), 1, size}, projection);
    walk.share(call.pool, pieces, [&](int64_t, int64_t first, int64_t count) {
        float* own = rooms[hidden_at] + first * size;
        walk.forward(first, count, [&](int64_t row, int64_t rows, int64_t t) {
            fetch(gates + row * all, rows * all);
            fetch<true>(cells + row * size, rows * size);
            fetch<true>(out + row * width, rows * width);
            walk.before(t, first, rows, out, h0, width, [&](Part h) {
                gemm_packed(h.rows, all, width, {h.from, width, 1}, weights, acts + (row + h.first) * all, all, false);
            });
            float* hidden = PROJECTED ? own : out + row * size;
            walk.before(t, first, rows, cells, c0, size, [&](Part c) {
                for (int64_t r = 0; r < c.rows; ++r) {
                    const int64_t at = row + c.first + r;
                    activate(size, acts + at * all, gates + at * all, c.from + r * size, cells + at * size,
                             hidden + (c.first + r) * size);
                }
            });
            if (PROJECTED) gemm_packed(rows, width, size, {own, size, 1}, projection, out + row * width, width, false);
        });
    });
}

static void lstm(const Call& call) { lstm_of<false>(call); }
static void lstm_projected(const Call& call) { lstm_of<true>(call); }

// One row of the gradient. hidden: what comes from the output, to which `later` is added, what comes from the next
// step; dc: of the cell, from the next step and then for the one before; d: of the gates
static void derive(int64_t size, const float* hidden, const float* later, const float* g_cell, const float* a,
                   const float* cell, const float* before, float* dc, float* d) {
#pragma omp simd
    for (int64_t j = 0; j < size; ++j) {
        const float i = a[j], f = a[size + j], g = a[2 * size + j], o = a[3 * size + j];
        const float squashed = tanh_of(cell[j]), h = hidden[j] + later[j];
        const float c = dc[j] + g_cell[j] + h * o * (1 - squashed * squashed);
        d[j] = c * g * i * (1 - i);
        d[size + j] = c * before[j] * f * (1 - f);
        d[2 * size + j] = c * i * (1 - g * g);
        d[3 * size + j] = h * squashed * o * (1 - o);
        dc[j] = c * f;
    }
}

// g_out [total, P], g_cells [total, H], whose rows may lie apart, out, cells, acts, h0, c0, weight, (projection) ->
// gradients of gates, h0, c0, weight and the projection
template <bool PROJECTED> static void lstm_grad_of(const Call& call) {
    const Walk walk(call);
    const Array &g_out = call.inputs[0], &g_cells = call.inputs[1], &weight = call.inputs[7];
    const float *out = call.inputs[2].as<float>(), *cells = call.inputs[3].as<float>(), *acts = call.inputs[4].as<float>();
    const float *h0 = call.inputs[5].as<float>(), *c0 = call.inputs[6].as<float>();
    float *grad = call.outputs[0].as<float>(), *dh = call.outputs[1].as<float>(), *dc = call.outputs[2].as<float>();
    const int64_t size = call.inputs[6].shape[1], width = weight.shape[1], all = 4 * size, total = walk.total();
    const int64_t g_row = g_out.strides[0], g_cell_row = g_cells.strides[0], pieces = walk.pieces(all * width);
    Rooms rooms;
    const int64_t weights_at = rooms.add(packed_size(all, width)), states_at = rooms.add(packed_size(total, width));
    const int64_t projection_at = rooms.add(PROJECTED ? packed_size(width, size) : 0);
    const int64_t squashed_at = rooms.add(PROJECTED ? packed_size(total, size) : 0);
    const int64_t outs_at = rooms.add(PROJECTED ? total * width : 0);
    const int64_t hidden_at = rooms.add(PROJECTED ? walk.sequences() * size : 0), zeros_at = rooms.add(size);
    rooms.open();
    float *weights = rooms[weights_at], *states = rooms[states_at], *projection = rooms[projection_at];
    float *outs = rooms[outs_at], *squashed = rooms[squashed_at], *zeros = rooms[zeros_at];
    std::fill_n(zeros, size, 0.0f);
    pack(call.pool, all, width, {weight.as<float>(), width, 1}, weights);
    if (PROJECTED) pack(call.pool, width, size, {call.inputs[8].as<float>(), size, 1}, projection);
    walk.share(call.pool, pieces, [&](int64_t, int64_t first, int64_t count) {
        float *own_dh = dh + first * width, *own_dc = dc + first * size, *own = rooms[hidden_at] + first * size;
        std::fill_n(own_dh, count * width, 0.0f);
        std::fill_n(own_dc, count * size, 0.0f);
        walk.backward(first, count, [&](int64_t row, int64_t rows, int64_t t) {
            const float* g = g_out.as<float>() + row * g_row;
            if (PROJECTED) {
                for (int64_t r = 0; r < rows; ++r)
                    for (int64_t j = 0; j < width; ++j)
                        outs[(row + r) * width + j] = g[r * g_row + j] + own_dh[r * width + j];
                gemm_packed(rows, size, width, {outs + row * width, width, 1}, projection, own, size, false);
            }
            walk.before(t, first, rows, cells, c0, size, [&](Part c) {
                for (int64_t r = c.first; r < c.first + c.rows; ++r) {
                    const int64_t at = row + r;
                    derive(size, PROJECTED ? own + r * size : g + r * g_row, PROJECTED ? zeros : own_dh + r * width,
                           g_cells.as<float>() + at * g_cell_row, acts + at * all, cells + at * size,
                           c.from + (r - c.first) * size, own_dc + r * size, grad + at * all);
                }
            });
            gemm_packed(rows, width, all, {grad + row * all, all, 1}, weights, own_dh, width, false);
            walk.before(t, first, rows, out, h0, width, [&](Part h) {
                for (int64_t r = 0; r < h.rows; ++r)
                    pack_row(total, width, h.from + r * width, row + h.first + r, states);
            });
            for (int64_t r = 0; PROJECTED && r < rows; ++r) {
                const float *o = acts + (row + r) * all + 3 * size, *cell = cells + (row + r) * size;
                for (int64_t j = 0; j < size; ++j) own[j] = o[j] * tanh_of(cell[j]);
                pack_row(total, size, own, row + r, squashed);
            }
        });
    });
    multiply(call.pool, all, width, total, {grad, 1, all}, states, call.outputs[3].as<float>());
    if (PROJECTED) multiply(call.pool, width, size, total, {outs, 1, width}, squashed, call.outputs[4].as<float>());
}

static void lstm_grad(const Call& call) { lstm_grad_of<false>(call); }
static void lstm_projected_grad(const Call& call) { lstm_grad_of<true>(call); }

KILN_KERNEL("lstm", lstm);
KILN_KERNEL("lstm_projected", lstm_projected);
KILN_KERNEL("lstm_grad", lstm_grad);
KILN_KERNEL("lstm_projected_grad", lstm_projected_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
