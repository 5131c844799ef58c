// GRU and the plain recurrent layer, one direction of one layer over whole sequences; the formulas are in
// engine/ops/recurrence.py.
//
// 6 H^2 operations a row for GRU's recurrent product, 2 H^2 for the plain one, and twice as many for the gradient.
#include "recurrence.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

// a [4 H]: products with the state, and in their place r, z, the state's part of n, and n; x: the input's part
static void activate(int64_t size, float* a, const float* x, const float* bias, const float* h, float* next) {
#pragma omp simd
    for (int64_t j = 0; j < size; ++j) {
        const float r = sigmoid_of(a[j] + bias[j] + x[j]);
        const float z = sigmoid_of(a[size + j] + bias[size + j] + x[size + j]);
        const float inner = a[2 * size + j] + bias[2 * size + j], n = tanh_of(x[2 * size + j] + r * inner);
        a[j] = r;
        a[size + j] = z;
        a[2 * size + j] = inner;
        a[3 * size + j] = n;
        next[j] = n + z * (h[j] - n);
    }
}

// gates [total, 3 H], h0 [B, H], weight [3 H, H], bias [3 H] -> out [total, H], acts [total, 4 H]
static void gru(const Call& call) {
    const Walk walk(call);
    const float *gates = call.inputs[0].as<float>(), *h0 = call.inputs[1].as<float>(), *bias = call.inputs[3].as<float>();
    float *out = call.outputs[0].as<float>(), *acts = call.outputs[1].as<float>();
    const int64_t size = call.inputs[1].shape[1], all = 3 * size;
    Rooms rooms;
    const int64_t weights_at = rooms.add(packed_size(size, all));
    rooms.open();
    float* weights = rooms[weights_at];
    pack(call.pool, size, all, {call.inputs[2].as<float>(), 1, size}, weights);
    walk.share(call.pool, walk.pieces(all * size), [&](int64_t, int64_t first, int64_t count) {
        walk.forward(first, count, [&](int64_t row, int64_t rows, int64_t t) {
            fetch(gates + row * all, rows * all);
            fetch<true>(out + row * size, rows * size);
            walk.before(t, first, rows, out, h0, size, [&](Part h) {
                float* a = acts + (row + h.first) * 4 * size;
                gemm_packed(h.rows, all, size, {h.from, size, 1}, weights, a, 4 * size, false);
                for (int64_t r = 0; r < h.rows; ++r) {
                    const int64_t at = row + h.first + r;
                    activate(size, a + r * 4 * size, gates + at * all, bias, h.from + r * size, out + at * size);
                }
            });
        });
    });
}

// One row of the gradient. g: from the output; dh: from the next step, and then the part for the one before that
// doesn't go through the weight; d: of the gates; inner: of the state's part of n; sums: of that and of d's others
static void derive(int64_t size, const float* g, const float* a, const float* h, float* dh, float* d, float* inner,
                   float* sums) {
#pragma omp simd
    for (int64_t j = 0; j < size; ++j) {
        const float r = a[j], z = a[size + j], n = a[3 * size + j], now = g[j] + dh[j];
        const float by_n = now * (1 - z) * (1 - n * n), by_r = by_n * a[2 * size + j] * r * (1 - r);
        const float by_z = now * (h[j] - n) * z * (1 - z), by_inner = by_n * r;
        d[j] = by_r;
        d[size + j] = by_z;
        d[2 * size + j] = by_n;
        inner[j] = by_inner;
        dh[j] = now * z;
        sums[j] += by_r;
        sums[size + j] += by_z;
        sums[2 * size + j] += by_inner;
    }
}

// g [total, H], whose rows may lie apart, out, acts, h0, weight -> gradients of gates, h0, weight and bias
static void gru_grad(const Call& call) {
    const Walk walk(call);
    const Array &g = call.inputs[0], &weight = call.inputs[4];
    const float *out = call.inputs[1].as<float>(), *acts = call.inputs[2].as<float>(), *h0 = call.inputs[3].as<float>();
    float *grad = call.outputs[0].as<float>(), *dh = call.outputs[1].as<float>(), *bias_grad = call.outputs[3].as<float>();
    const int64_t size = weight.shape[1], all = 3 * size, total = walk.total(), pieces = walk.pieces(all * size);
    Rooms rooms;
    const int64_t outer_at = rooms.add(packed_size(2 * size, size)), inner_at = rooms.add(packed_size(size, size));
    const int64_t states_at = rooms.add(packed_size(total, size)), by_inner_at = rooms.add(total * size);
    const int64_t sums_at = rooms.add(pieces * all);
    rooms.open();
    // r and z go through the weight as they are, n less what r lets through
    float *outer = rooms[outer_at], *inner = rooms[inner_at], *states = rooms[states_at], *by_inner = rooms[by_inner_at];
    pack(call.pool, 2 * size, size, {weight.as<float>(), size, 1}, outer);
    pack(call.pool, size, size, {weight.as<float>() + 2 * size * size, size, 1}, inner);
    walk.share(call.pool, pieces, [&](int64_t piece, int64_t first, int64_t count) {
        float *own = dh + first * size, *sums = rooms[sums_at] + piece * all;
        std::fill_n(own, count * size, 0.0f);
        std::fill_n(sums, all, 0.0f);
        walk.backward(first, count, [&](int64_t row, int64_t rows, int64_t t) {
            walk.before(t, first, rows, out, h0, size, [&](Part h) {
                for (int64_t r = h.first; r < h.first + h.rows; ++r) {
                    const int64_t at = row + r;
                    const float* state = h.from + (r - h.first) * size;
                    derive(size, g.as<float>() + at * g.strides[0], acts + at * 4 * size, state, own + r * size,
                           grad + at * all, by_inner + at * size, sums);
                    pack_row(total, size, state, at, states);
                }
            });
            gemm_packed(rows, size, 2 * size, {grad + row * all, all, 1}, outer, own, size, true);
            gemm_packed(rows, size, size, {by_inner + row * size, size, 1}, inner, own, size, true);
        });
    });
    float* weight_grad = call.outputs[2].as<float>();
    multiply(call.pool, 2 * size, size, total, {grad, 1, all}, states, weight_grad);
    multiply(call.pool, size, size, total, {by_inner, 1, size}, states, weight_grad + 2 * size * size);
    std::fill_n(bias_grad, all, 0.0f);
    for (int64_t piece = 0; piece < pieces; ++piece)
        for (int64_t j = 0; j < all; ++j) bias_grad[j] += rooms[sums_at][piece * all + j];
}

// gates [total, H], h0 [B, H], weight [H, H] -> out [total, H]
template <bool RELU> static void rnn_of(const Call& call) {
    const Walk walk(call);
    const float *gates = call.inputs[0].as<float>(), *h0 = call.inputs[1].as<float>();
    float* out = call.outputs[0].as<float>();
    const int64_t size = call.inputs[1].shape[1];
    Rooms rooms;
    const int64_t weights_at = rooms.add(packed_size(size, size));
    rooms.open();
    float* weights = rooms[weights_at];
    pack(call.pool, size, size, {call.inputs[2].as<float>(), 1, size}, weights);
    walk.share(call.pool, walk.pieces(size * size), [&](int64_t, int64_t first, int64_t count) {
        walk.forward(first, count, [&](int64_t row, int64_t rows, int64_t t) {
            float* to = out + row * size;
            const float* x = gates + row * size;
            walk.before(t, first, rows, out, h0, size, [&](Part h) {
                gemm_packed(h.rows, size, size, {h.from, size, 1}, weights, to + h.first * size, size, false);
            });
            for (int64_t j = 0; j < rows * size; ++j) {
                const float now = to[j] + x[j];
                to[j] = RELU ? (now < 0 ? 0 : now) : tanh_of(now);  // NaN stays
            }
        });
    });
}

static void rnn_tanh(const Call& call) { rnn_of<false>(call); }
static void rnn_relu(const Call& call) { rnn_of<true>(call); }

// g [total, H], whose rows may lie apart, out, h0, weight -> gradients of gates, h0 and weight
template <bool RELU> static void rnn_grad_of(const Call& call) {
    const Walk walk(call);
    const Array& g = call.inputs[0];
    const float *out = call.inputs[1].as<float>(), *h0 = call.inputs[2].as<float>();
    float *grad = call.outputs[0].as<float>(), *dh = call.outputs[1].as<float>();
    const int64_t size = call.inputs[3].shape[1], total = walk.total();
    Rooms rooms;
    const int64_t weights_at = rooms.add(packed_size(size, size)), states_at = rooms.add(packed_size(total, size));
    rooms.open();
    float *weights = rooms[weights_at], *states = rooms[states_at];
    pack(call.pool, size, size, {call.inputs[3].as<float>(), size, 1}, weights);
    walk.share(call.pool, walk.pieces(size * size), [&](int64_t, int64_t first, int64_t count) {
        float* own = dh + first * size;
        std::fill_n(own, count * size, 0.0f);
        walk.backward(first, count, [&](int64_t row, int64_t rows, int64_t t) {
            for (int64_t r = 0; r < rows; ++r) {
                const float *from = g.as<float>() + (row + r) * g.strides[0], *y = out + (row + r) * size;
                float* to = grad + (row + r) * size;
                for (int64_t j = 0; j < size; ++j)
                    to[j] = (RELU ? (y[j] > 0 ? 1.0f : 0.0f) : 1 - y[j] * y[j]) * (from[j] + own[r * size + j]);
            }
            gemm_packed(rows, size, size, {grad + row * size, size, 1}, weights, own, size, false);
            walk.before(t, first, rows, out, h0, size, [&](Part h) {
                for (int64_t r = 0; r < h.rows; ++r)
                    pack_row(total, size, h.from + r * size, row + h.first + r, states);
            });
        });
    });
    multiply(call.pool, size, size, total, {grad, 1, size}, states, call.outputs[2].as<float>());
}

static void rnn_tanh_grad(const Call& call) { rnn_grad_of<false>(call); }
static void rnn_relu_grad(const Call& call) { rnn_grad_of<true>(call); }

KILN_KERNEL("gru", gru);
KILN_KERNEL("gru_grad", gru_grad);
KILN_KERNEL("rnn_tanh", rnn_tanh);
KILN_KERNEL("rnn_relu", rnn_relu);
KILN_KERNEL("rnn_tanh_grad", rnn_tanh_grad);
KILN_KERNEL("rnn_relu_grad", rnn_relu_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
