// Attention by tiles of queries and blocks of keys; what it computes is said in engine/ops/attention.py.
//
// The scores of a tile and a block are made, used and forgotten: the whole of them is never in memory (Dao et al.
// 2022). With E and V wide heads 2 L S (E + V) operations and an exponential each forwards, L S (6 E + 4 V) and
// the exponentials again backwards. Keys are packed once for all tiles of a piece.
#include <algorithm>
#include <cmath>

#include "gemm.h"
#include "lanes.h"
#include "mathematics.h"
#include "philox.h"
#include "places.h"
#include "pool.h"
#include "registry.h"
#include "runs.h"
#include "scratch.h"
#include "vectors.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr float NOTHING = -__builtin_inff();
constexpr int64_t LEAST = 1 << 19;  // multiplications that are worth a piece of their own
constexpr int64_t DRAWN = 64;       // random numbers that are made together
constexpr int64_t PIECES = 16;      // that heads are cut into where there are few

// Queries of a tile, and keys of a block: where a panel has as many keys as a tile queries, a causal one is cut cleanly.
static int64_t tile_size() { return PANEL == 32 ? PANEL : std::max<int64_t>(1, 32 / TILE) * TILE; }
static int64_t block_size() { return std::max<int64_t>(1, 128 / PANEL) * PANEL; }

// Matrices [..., rows, width] whose rows have no gaps; the leading axes count as one.
struct Heads {
    Places lead;
    float* data;
    int64_t rows, width, step;

    explicit Heads(const Array& x)
        : lead(x, 0, x.axes - 2), data(x.as<float>()), rows(x.shape[x.axes - 2]), width(x.shape[x.axes - 1]),
          step(x.strides[x.axes - 2]) {}

    // A result, whose heads, the last of the leading axes, lie within the rows or not
    Heads(const Array& x, bool within) : Heads(within ? turned(x) : x) {}

    float* at(int64_t n, int64_t row) const { return data + lead[n] + row * step; }
    Matrix matrix(int64_t n, int64_t row) const { return {at(n, row), step, 1}; }
    Matrix transposed(int64_t n, int64_t row) const { return {at(n, row), 1, step}; }
    void clear(int64_t n, int64_t row, int64_t count) const {
        for (int64_t i = row; i < row + count; ++i) std::fill_n(at(n, i), width, 0.0f);
    }

  private:
    static Array turned(Array x) {
        std::swap(x.shape[x.axes - 3], x.shape[x.axes - 2]);
        std::swap(x.strides[x.axes - 3], x.strides[x.axes - 2]);
        return x;
    }
};

// What becomes of products of queries and keys. ints: causal, whether there is a mask, whether weights are dropped,
// heads_within; reals: scale, p
struct Scores {
    const bool causal, masked, dropped;
    const float scale;
    const float factor;  // that the finished products are still to be multiplied with, which is positive
    const Array& mask;
    const Places lead;
    const Key key;
    const Dropping dropping;
    const int64_t queries, keys;

    Scores(const Call& call, const Array& words, const Array* mask_, int64_t queries_, int64_t keys_)
        : causal(call.ints[0]),
          masked(call.ints[1]),
          dropped(call.ints[2]),
          scale(static_cast<float>(call.reals[0])),
          factor(masked || scale <= 0 ? 1.0f : scale),
          mask(*mask_),
          lead(mask, 0, masked ? mask.axes - 2 : 0),
          key(words),
          dropping(call.reals[1]),
          queries(queries_),
          keys(keys_) {}

    // How many of `count` keys from `first` on query i may see, as far as the order goes.
    int64_t visible(int64_t i, int64_t first, int64_t count) const {
        return causal ? std::clamp<int64_t>(i + 1 - first, 0, count) : count;
    }

    // The products of query i with `count` keys, scaled but for `factor` and masked in their place.
    void finish(float* row, int64_t n, int64_t i, int64_t first, int64_t count) const {
        const float now = scale / factor;
        for (int64_t j = 0; now != 1 && j < count; ++j) row[j] *= now;
        if (!masked) return;
        const int64_t step = mask.strides[mask.axes - 1];
        const int64_t at = lead[n] + i * mask.strides[mask.axes - 2] + first * step;
        if (mask.dtype == DType::boolean) {
            const uint8_t* seen = mask.as<uint8_t>() + at;
            for (int64_t j = 0; j < count; ++j) row[j] = seen[j * step] ? row[j] : NOTHING;
        } else if (step == 1) {
            const float* added = mask.as<float>() + at;
            for (int64_t j = 0; j < count; ++j) row[j] += added[j];
        } else {
            const float* added = mask.as<float>() + at;
            for (int64_t j = 0; j < count; ++j) row[j] += added[j * step];
        }
    }

    // 1 / (1 - p) for the weights that are kept, 0 for the others.
    void draw(float* row, int64_t n, int64_t i, int64_t first, int64_t count) const {
        uint32_t drawn[DRAWN];
        const float share = dropping.factor;
        const uint32_t least = dropping.least;
        for (int64_t j = 0; j < count; j += DRAWN) {
            const int64_t part = std::min(DRAWN, count - j);
            halves(key, (n * queries + i) * keys + first + j, part, drawn);
            for (int64_t k = 0; k < part; ++k) row[j + k] = drawn[k] >= least ? share : 0.0f;
        }
    }
};

// Keys in whole panels, which are computed sooner than parts of one: packed ones from the last on are 0.
static int64_t whole_panels(int64_t count) { return parts_of(count, PANEL) * PANEL; }

// Into which pieces heads of so many parts are cut: each has some heads, or some parts of one.
struct Cut {
    int64_t heads, parts, each;  // heads of a piece, if it has whole ones

    Cut(int64_t n, int64_t most_parts, int64_t work) {
        each = std::clamp<int64_t>(LEAST / std::max<int64_t>(work, 1), 1, std::max<int64_t>(1, n / PIECES));
        heads = (n + each - 1) / each;
        parts = each > 1 || work < 2 * LEAST ? 1 : std::min(most_parts, (PIECES + n - 1) / n);
    }
    int64_t pieces() const { return heads * parts; }
};

// Scores in whole vectors, for which loops have no tail: the ones behind the first `count` become nothing.
static int64_t padded(float* row, int64_t count) {
    const int64_t all = whole(count);
    std::fill(row + count, row + all, NOTHING);
    return all;
}

// Scores as weights, and their sum
static float weigh(float* row, int64_t count, float factor, float base) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < count; ++j) {
        row[j] = exp_below(row[j] * factor - base);
        sum += row[j];
    }
    return sum;
}

// The largest scores of a tile's rows so far, sums of exponentials relative to them, and of the block that is weighed
// what they are relative to, and what sums so far are to be multiplied with for that.
struct Totals {
    float *tops, *totals, *bases, *shrinks;

    Totals(float* room, int64_t size) : tops(room), totals(room + size), bases(room + 2 * size), shrinks(room + 3 * size) {}

    void clear(int64_t rows) const {
        std::fill_n(tops, rows, NOTHING);
        std::fill_n(totals, rows, 0.0f);
    }
    // `bases` has each row's largest score in the block.
    void rise(int64_t rows) const {
#pragma omp simd
        for (int64_t r = 0; r < rows; ++r) {
            const float top = bases[r] > tops[r] ? bases[r] : tops[r];
            bases[r] = top == NOTHING ? 0.0f : top;
            shrinks[r] = exp_below(tops[r] - bases[r]);
            totals[r] *= shrinks[r];
            tops[r] = top;
        }
    }
    // Weights' sums, and logs of sums of exponentials; of queries that see nothing 1 and 0
    void close(int64_t rows, float* logs) const {
#pragma omp simd
        for (int64_t r = 0; r < rows; ++r) {
            logs[r] = totals[r] == 0 ? 0.0f : tops[r] + log_of(totals[r]);
            totals[r] = totals[r] == 0 ? 1.0f : totals[r];
        }
    }
};

// q [..., L, E], k [..., S, E], v [..., S, V], key, (mask [..., L, S]) -> out [..., L, V], lse [..., L]
static void attention(const Call& call) {
    const Heads q(call.inputs[0]), k(call.inputs[1]), v(call.inputs[2]), to(call.outputs[0], call.ints[3]);
    const Scores scores(call, call.inputs[3], call.inputs + (call.ints[1] ? 4 : 3), q.rows, k.rows);
    float* lse = call.outputs[1].as<float>();
    const int64_t size = tile_size(), block = block_size(), tiles = parts_of(q.rows, size);
    const int64_t blocks = parts_of(k.rows, block), heads = to.lead.count();
    const int64_t of_keys = packed_size(q.width, block);
    const Cut cut(heads, tiles, q.rows * k.rows * (q.width + v.width));
    call.pool.run(cut.pieces(), [&](int64_t piece) {
        const int64_t room = size * block;
        float* tile = scratch(Slot::attention, 2 * room + 4 * size + blocks * of_keys);
        float *drawn = tile + room, *keys = drawn + room + 4 * size;
        const Totals totals(drawn + room, size);
        const int64_t first_tile = piece_start(tiles, cut.parts, piece % cut.parts);
        const int64_t stop_tile = piece_start(tiles, cut.parts, piece % cut.parts + 1);
        const int64_t head = piece / cut.parts * cut.each;
        for (int64_t n = head; n < std::min(heads, head + cut.each); ++n) {
            for (int64_t b = 0; b < blocks; ++b)
                pack_b(q.width, std::min(block, k.rows - b * block), k.transposed(n, b * block), keys + b * of_keys);
            for (int64_t t = first_tile; t < stop_tile; ++t) {
                const int64_t start = t * size, rows = std::min(size, q.rows - start);
                const int64_t stop = scores.causal ? std::min(k.rows, start + rows) : k.rows;
                totals.clear(rows);
                float* out = to.at(n, start);
                for (int64_t b = 0; b * block < stop; ++b) {
                    const int64_t first = b * block, count = std::min(block, stop - first);
                    gemm_packed(rows, whole_panels(count), q.width, q.matrix(n, start), keys + b * of_keys, tile, block, false);
                    // in steps, so that what one row waits for others do
                    for (int64_t r = 0; r < rows; ++r) {
                        float* row = tile + r * block;
                        const int64_t seen = scores.visible(start + r, first, count);
                        scores.finish(row, n, start + r, first, seen);
                        totals.bases[r] = largest(row, padded(row, seen), NOTHING) * scores.factor;
                    }
                    totals.rise(rows);
                    for (int64_t r = 0; r < rows; ++r) {
                        float* row = tile + r * block;
                        const int64_t seen = scores.visible(start + r, first, count), all = whole(seen);
                        totals.totals[r] += weigh(row, all, scores.factor, totals.bases[r]);
                        if (all < count) std::fill(row + all, row + count, 0.0f);
                        if (b > 0)
                            for (int64_t j = 0; j < v.width; ++j) out[r * to.step + j] *= totals.shrinks[r];
                        if (!scores.dropped) continue;
                        scores.draw(drawn, n, start + r, first, seen);
                        for (int64_t j = 0; j < seen; ++j) row[j] *= drawn[j];
                    }
                    gemm(rows, v.width, count, {tile, block, 1}, v.matrix(n, first), out, to.step, b > 0);
                }
                totals.close(rows, lse + n * q.rows + start);
                for (int64_t r = 0; r < rows; ++r) {
                    const float scale = 1 / totals.totals[r];
                    for (int64_t j = 0; j < v.width; ++j) out[r * to.step + j] *= scale;
                }
            }
        }
    });
}

KILN_KERNEL("attention", attention);

// The gradient of one head at a time, of all of its keys or of some.
struct Gradient {
    const Heads g, q, k, v, out;
    const Scores scores;
    const float* lse;
    const Heads q_grad, k_grad, v_grad;
    const int64_t size = tile_size(), block = block_size();

    explicit Gradient(const Call& call)
        : g(call.inputs[0]),
          q(call.inputs[1]),
          k(call.inputs[2]),
          v(call.inputs[3]),
          out(call.inputs[5]),
          scores(call, call.inputs[4], call.inputs + (call.ints[1] ? 7 : 4), q.rows, k.rows),
          lse(call.inputs[6].as<float>()),
          q_grad(call.outputs[0], call.ints[3]),
          k_grad(call.outputs[1], call.ints[3]),
          v_grad(call.outputs[2], call.ints[3]) {}

    int64_t room() const {
        return 3 * size * block + whole(q.rows) + packed_size(q.width, block) + packed_size(v.width, block);
    }

    // Of head n and the keys of these blocks; to_q [L, E], whose rows are so far apart, is what comes from them alone.
    void run(int64_t n, int64_t first_block, int64_t stop_block, float* to_q, int64_t step) const {
        float *weights = scratch(Slot::attention, room()), *inner = weights + size * block, *drawn = inner + size * block;
        float *keys = drawn + size * block, *values = keys + packed_size(q.width, block);
        float* sums = values + packed_size(v.width, block);
        for (int64_t i = 0; i < q.rows; i += LANES) multiply_rows(n, i, sums + i);
        // what the first product with it doesn't write
        for (int64_t i = 0; i < first_query(first_block); ++i) std::fill_n(to_q + i * step, q.width, 0.0f);
        for (int64_t b = first_block; b < stop_block; ++b) {
            const int64_t first = b * block, all = std::min(block, k.rows - first);
            pack_b(q.width, all, k.transposed(n, first), keys);
            pack_b(v.width, all, v.transposed(n, first), values);
            const int64_t begin = first_query(b);
            const int64_t written = begin < q.rows ? keys_for(begin, first, all) : 0;
            k_grad.clear(n, first + written, all - written);
            v_grad.clear(n, first + written, all - written);
            for (int64_t start = begin; start < q.rows; start += size) {
                const int64_t rows = std::min(size, q.rows - start), count = keys_for(start, first, all);
                gemm_packed(rows, whole_panels(count), q.width, q.matrix(n, start), keys, weights, block, false);
                gemm_packed(rows, whole_panels(count), v.width, g.matrix(n, start), values, inner, block, false);
                for (int64_t r = 0; r < rows; ++r)
                    derive(n, start + r, first, count, weights + r * block, inner + r * block, sums[start + r], drawn);
                gemm(count, v.width, rows, {weights, 1, block}, g.matrix(n, start), v_grad.at(n, first), v_grad.step,
                     start > begin);
                gemm(count, q.width, rows, {inner, 1, block}, q.matrix(n, start), k_grad.at(n, first), k_grad.step,
                     start > begin);
                gemm(rows, q.width, count, {inner, block, 1}, k.matrix(n, first), to_q + start * step, step, b > first_block);
            }
        }
    }

    // Where the first tile of queries begins that sees keys of a block; how many of them a tile sees.
    int64_t first_query(int64_t b) const {
        if (!scores.causal) return 0;
        return b * block < q.rows ? b * block / size * size : q.rows;
    }
    int64_t keys_for(int64_t start, int64_t first, int64_t all) const {
        return scores.causal ? std::min(all, std::min(start + size, q.rows) - first) : all;
    }

    // to[LANES] = sums of products of some rows of g and of the result
    void multiply_rows(int64_t n, int64_t first, float* to) const {
        Vector totals[LANES];
        for (int r = 0; r < LANES; ++r) {
            totals[r] = Vector{};
            if (first + r >= q.rows) continue;
            const float *a = g.at(n, first + r), *b = out.at(n, first + r);
            int64_t j = 0;
            for (; j + LANES <= v.width; j += LANES) totals[r] += load(a + j) * load(b + j);
            if (j < v.width) totals[r] += load_first(a + j, v.width - j) * load_first(b + j, v.width - j);
        }
        store(to, sums_of(totals));
    }

    // One row: products with the keys become weights, those of g with the values the gradients of the products.
    void derive(int64_t n, int64_t i, int64_t first, int64_t count, float* weights, float* inner, float sum,
                float* drawn) const {
        const int64_t seen = scores.visible(i, first, count);
        const float log_sum = lse[n * q.rows + i], scale = scores.scale, factor = scores.factor;
        scores.finish(weights, n, i, first, seen);
        const int64_t all = padded(weights, seen);
        if (scores.dropped) {
            scores.draw(drawn, n, i, first, seen);
            for (int64_t j = 0; j < all; ++j) {
                const float weight = exp_below(weights[j] * factor - log_sum);
                weights[j] = weight * drawn[j];
                inner[j] = scale * weight * (inner[j] * drawn[j] - sum);
            }
        } else {
            for (int64_t j = 0; j < all; ++j) {
                const float weight = exp_below(weights[j] * factor - log_sum);
                weights[j] = weight;
                inner[j] = scale * weight * (inner[j] - sum);
            }
        }
        // also what wasn't a number, since a key that nobody sees may be anything
        std::fill(weights + seen, weights + count, 0.0f);
        std::fill(inner + seen, inner + count, 0.0f);
    }
};

// g, q, k, v, key, out, lse, (mask) -> gradients of q, k and v
static void attention_grad(const Call& call) {
    const Gradient gradient(call);
    const Heads &q = gradient.q, &to = gradient.q_grad;
    const int64_t heads = q.lead.count(), blocks = parts_of(gradient.k.rows, gradient.block), each = q.rows * q.width;
    const Cut cut(heads, blocks, q.rows * gradient.k.rows * (q.width + gradient.v.width));
    // where a head's keys are shared out, each part has a sum of its own for the queries
    float* partial = cut.parts > 1 ? scratch(Slot::reduction, heads * cut.parts * each) : nullptr;
    call.pool.run(cut.pieces(), [&](int64_t piece) {
        const int64_t part = piece % cut.parts, head = piece / cut.parts * cut.each;
        for (int64_t n = head; n < std::min(heads, head + cut.each); ++n)
            gradient.run(n, piece_start(blocks, cut.parts, part), piece_start(blocks, cut.parts, part + 1),
                         partial == nullptr ? to.at(n, 0) : partial + (n * cut.parts + part) * each,
                         partial == nullptr ? to.step : q.width);
    });
    if (partial == nullptr) return;
    const int64_t rows = heads * q.rows, pieces = pieces_of(heads * each, 16384, rows);
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(rows, pieces, piece + 1);
        for (int64_t row = piece_start(rows, pieces, piece); row < stop; ++row) {
            const int64_t n = row / q.rows, i = row % q.rows;
            const float* from = partial + n * cut.parts * each + i * q.width;
            float* sums = to.at(n, i);
            for (int64_t j = 0; j < q.width; ++j) {
                float sum = 0;
                for (int64_t part = 0; part < cut.parts; ++part) sum += from[part * each + j];
                sums[j] = sum;
            }
        }
    });
}

KILN_KERNEL("attention_grad", attention_grad);

}  // namespace KILN_LEVEL
}  // namespace kiln
