// Reductions of any axes: which elements meet in which result, and in which order.
//
// x is read once, 4 n bytes. Elements are gathered in floats over at most CHUNK neighbours (in several lanes) or
// DEEP rows, and those sums in doubles, in an order that depends on the shape alone.
#pragma once
#include "loops.h"
#include "registry.h"
#include "scratch.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t PART = 16384;  // elements that are worth a piece of their own
constexpr int64_t MANY = 32;     // pieces, where each has sums of its own
constexpr int64_t CHUNK = 512;   // neighbours that are gathered in floats
constexpr int64_t DEEP = 32;     // rows that are gathered in floats
constexpr int64_t BLOCK = 256;   // columns that are gathered side by side

// What is done with the elements is said by an Op:
//   Item, Sum, Total            an element, what few of them and what all of them are gathered in
//   static Sum none()           of no element
//   Sum add(s, v, c)            one more; c belongs to the result (its mean, say), and is 0 without `about`
//   static T join(T, T)         two sums, or two totals
//   const float* about          a number for each result, or null

// The axes of x that stay, or those that go: a bit of `mask` for each that does.
static inline Array axes_of(const Array& x, int64_t mask) {
    Array form{};
    form.data = x.data;
    form.size = 1;
    for (int axis = 0; axis < x.axes; ++axis) {
        if ((mask >> axis & 1) == 0) continue;
        form.shape[form.axes] = x.shape[axis];
        form.strides[form.axes++] = x.strides[axis];
        form.size *= x.shape[axis];
    }
    return form;
}

// Of n neighbours, `step` apart.
template <typename Op>
static inline typename Op::Sum gathered(const Op& op, const typename Op::Item* x, int64_t step, int64_t n, float about) {
    constexpr int LANES = 32;
    if (n < LANES / 2) {  // emptying and joining lanes would take longer
        typename Op::Sum sum = Op::none();
        for (int64_t i = 0; i < n; ++i) sum = op.add(sum, x[i * step], about);
        return sum;
    }
    typename Op::Sum lanes[LANES];
    for (int k = 0; k < LANES; ++k) lanes[k] = Op::none();
    int64_t i = 0;
    if (step == 1) {
        for (; i + LANES <= n; i += LANES) {
#pragma omp simd
            for (int k = 0; k < LANES; ++k) lanes[k] = op.add(lanes[k], x[i + k], about);
        }
        for (int64_t k = 0; k < n - i; ++k) lanes[k] = op.add(lanes[k], x[i + k], about);
        i = n;
    }
    for (; i < n; i += LANES)
        for (int64_t k = 0; k < std::min<int64_t>(LANES, n - i); ++k)
            lanes[k] = op.add(lanes[k], x[(i + k) * step], about);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int k = 0; k < width; ++k) lanes[k] = Op::join(lanes[k], lanes[k + width]);
    return lanes[0];
}

// The elements [start, stop) of those that go, for the result whose first element is `from`.
template <typename Op>
static inline typename Op::Total gathered_range(const Op& op, const typename Op::Item* from, const Walk<1>& gone,
                                                int64_t start, int64_t stop, float about) {
    using Total = typename Op::Total;
    Total total = static_cast<Total>(Op::none());
    const int64_t step = gone.strides[0][0];
    const auto run = [&](int64_t n, const int64_t* at) {
        for (int64_t i = 0; i < n; i += CHUNK) {
            const auto sum = gathered(op, from + at[0] + i * step, step, std::min(CHUNK, n - i), about);
            total = Op::join(total, static_cast<Total>(sum));
        }
    };
    if (gone.axes == 1) {
        const int64_t offset = start * step;
        run(stop - start, &offset);
    } else gone.range(start, stop, run);
    return total;
}

// The same for `count` results, whose first elements are `step` apart, into totals.
template <typename Op>
static void gathered_rows(const Op& op, const typename Op::Item* from, const Walk<1>& gone, int64_t start, int64_t stop,
                          int64_t count, int64_t step, const float* about, typename Op::Total* totals) {
    for (int64_t k = 0; k < count; ++k)
        totals[k] = gathered_range(op, from + k * step, gone, start, stop, about == nullptr ? 0.0f : about[k]);
}

// Rows [start, stop) of `width` columns into totals.
template <typename Op>
static void gathered_columns(const Op& op, const typename Op::Item* from, const Walk<1>& gone, int64_t start,
                             int64_t stop, int64_t width, int64_t step, const float* about, typename Op::Total* totals) {
    using Total = typename Op::Total;
    typename Op::Sum sums[BLOCK];
    float centres[BLOCK];
    for (int64_t c = 0; c < width; ++c) {
        totals[c] = static_cast<Total>(Op::none());
        sums[c] = Op::none();
        centres[c] = about == nullptr ? 0.0f : about[c];
    }
    int64_t deep = 0;
    const int64_t down = gone.strides[0][0];
    gone.range(start, stop, [&](int64_t n, const int64_t* at) {
        for (int64_t row = 0; row < n;) {
            const auto* x = from + at[0] + row * down;
            if (step == 1 && n - row >= 4) {
                const auto *x1 = x + down, *x2 = x1 + down, *x3 = x2 + down;
#pragma omp simd
                for (int64_t c = 0; c < width; ++c) {
                    auto s = op.add(op.add(sums[c], x[c], centres[c]), x1[c], centres[c]);
                    sums[c] = op.add(op.add(s, x2[c], centres[c]), x3[c], centres[c]);
                }
                row += 4;
                deep += 4;
            } else {
                for (int64_t c = 0; c < width; ++c) sums[c] = op.add(sums[c], x[c * step], centres[c]);
                ++row;
                ++deep;
            }
            if (deep < DEEP) continue;
            for (int64_t c = 0; c < width; ++c) {
                totals[c] = Op::join(totals[c], static_cast<Total>(sums[c]));
                sums[c] = Op::none();
            }
            deep = 0;
        }
    });
    for (int64_t c = 0; c < width; ++c) totals[c] = Op::join(totals[c], static_cast<Total>(sums[c]));
}

// An Op with what is done at the end, as pointers to the loops that are made for it: which thread gathers what is
// written, and compiled, once for all that have the same kind of totals.
template <typename Total> struct Reduction {
    using Gather = void (*)(const void* op, const void* x, int64_t offset, const Walk<1>& gone, int64_t start,
                            int64_t stop, int64_t count, int64_t step, const float* about, Total* totals);

    const void* op;
    const void* finishing;
    Gather rows, columns;
    const float* about;
    void (*join)(Total* totals, const Total* others, int64_t n);
    void (*finish)(const void* finishing, int64_t k, const Total* totals, int64_t n);
};

// Where neighbours meet in one result: results one by one, and of few that are long, parts of each.
template <typename Total>
static void reduce_rows(const Call& call, const Reduction<Total>& of, const Walk<1>& kept, const Walk<1>& gone) {
    const int64_t results = kept.size;
    const int64_t parts = results >= MANY ? 1 : pieces_of(gone.size, PART, MANY);
    Total* totals = parts == 1 ? nullptr : reinterpret_cast<Total*>(scratch(Slot::reduction, 2 * results * parts));
    const int64_t pieces = parts == 1 ? std::min(results, pieces_of(results * gone.size, PART)) : results * parts;
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t part = parts == 1 ? 0 : piece % parts;
        const int64_t start = piece_start(gone.size, parts, part), stop = piece_start(gone.size, parts, part + 1);
        int64_t k = parts == 1 ? piece_start(results, pieces, piece) : piece / parts;
        const int64_t last = parts == 1 ? piece_start(results, pieces, piece + 1) : k + 1;
        const int64_t step = kept.strides[0][0];
        kept.range(k, last, [&](int64_t n, const int64_t* at) {
            for (int64_t i = 0; i < n; i += BLOCK) {
                Total own[BLOCK];
                const int64_t count = std::min(BLOCK, n - i);
                const float* about = of.about == nullptr ? nullptr : of.about + k;
                of.rows(of.op, call.inputs[0].data, at[0] + i * step, gone, start, stop, count, step, about,
                        parts == 1 ? own : totals + piece);
                if (parts == 1) of.finish(of.finishing, k, own, count);
                k += count;
            }
        });
    });
    for (int64_t k = 0; parts > 1 && k < results; ++k) {
        for (int64_t part = 1; part < parts; ++part) of.join(totals + k * parts, totals + k * parts + part, 1);
        of.finish(of.finishing, k, totals + k * parts, 1);
    }
}

// Where neighbours belong to different results: BLOCK results side by side, and of few, parts of the rows.
template <typename Total>
static void reduce_columns(const Call& call, const Reduction<Total>& of, const Walk<1>& kept, const Walk<1>& gone) {
    const int64_t width = kept.shape[0], results = kept.size, blocks = (width + BLOCK - 1) / BLOCK;
    const int64_t units = results / width * blocks, work = results * gone.size;
    const int64_t parts = std::min(gone.size, pieces_of(work, PART, std::max<int64_t>(1, MANY / units)));
    Total* totals = parts == 1 ? nullptr : reinterpret_cast<Total*>(scratch(Slot::reduction, 2 * results * parts));
    const int64_t pieces = parts == 1 ? std::min(units, pieces_of(work, PART)) : units * parts;
    call.pool.run(pieces, [&](int64_t piece) {
        const int64_t part = parts == 1 ? 0 : piece / units;
        const int64_t start = piece_start(gone.size, parts, part), stop = piece_start(gone.size, parts, part + 1);
        const int64_t first = parts == 1 ? piece_start(units, pieces, piece) : piece % units;
        const int64_t last = parts == 1 ? piece_start(units, pieces, piece + 1) : first + 1;
        for (int64_t unit = first; unit < last; ++unit) {
            const int64_t block = unit % blocks, k = unit / blocks * width + block * BLOCK;
            const int64_t count = std::min(BLOCK, width - block * BLOCK);
            kept.range(k, k + count, [&](int64_t, const int64_t* at) {
                Total own[BLOCK];
                const float* about = of.about == nullptr ? nullptr : of.about + k;
                of.columns(of.op, call.inputs[0].data, at[0], gone, start, stop, count, kept.strides[0][0], about,
                           parts == 1 ? own : totals + part * results + k);
                if (parts == 1) of.finish(of.finishing, k, own, count);
            });
        }
    });
    if (parts == 1) return;
    for (int64_t part = 1; part < parts; ++part) of.join(totals, totals + part * results, results);
    of.finish(of.finishing, 0, totals, results);
}

template <typename Total>
static void reduce_any(const Call& call, const Reduction<Total>& of) {
    const Array& x = call.inputs[0];
    const Array stay = axes_of(x, ~call.ints[0]), go = axes_of(x, call.ints[0]);
    const Walk<1> kept(stay, {&stay}), gone(go, {&go});
    const int64_t across = std::abs(kept.strides[0][0]), along = std::abs(gone.strides[0][0]);
    if (kept.size == 1 || along <= across || kept.shape[0] == 1) reduce_rows(call, of, kept, gone);
    else reduce_columns(call, of, kept, gone);
}

// Gathers call.inputs[0] over the axes whose bits are set in ints[0]; finish(k, total) gives result k.
template <typename Op, typename Finish> static void reduce(const Call& call, const Op& op, const Finish& finish) {
    using Total = typename Op::Total;
    using Item = const typename Op::Item*;
    Reduction<Total> of{};
    of.op = &op;
    of.finishing = &finish;
    of.about = op.about;
    of.rows = [](const void* which, const void* x, int64_t offset, const Walk<1>& gone, int64_t start, int64_t stop,
                 int64_t count, int64_t step, const float* about, Total* totals) {
        gathered_rows(*static_cast<const Op*>(which), static_cast<Item>(x) + offset, gone, start, stop, count, step,
                      about, totals);
    };
    of.columns = [](const void* which, const void* x, int64_t offset, const Walk<1>& gone, int64_t start, int64_t stop,
                    int64_t count, int64_t step, const float* about, Total* totals) {
        gathered_columns(*static_cast<const Op*>(which), static_cast<Item>(x) + offset, gone, start, stop, count, step,
                         about, totals);
    };
    of.join = [](Total* totals, const Total* others, int64_t n) {
        for (int64_t k = 0; k < n; ++k) totals[k] = Op::join(totals[k], others[k]);
    };
    of.finish = [](const void* how, int64_t k, const Total* totals, int64_t n) {
        for (int64_t i = 0; i < n; ++i) (*static_cast<const Finish*>(how))(k + i, totals[i]);
    };
    reduce_any(call, of);
}

}  // namespace KILN_LEVEL
}  // namespace kiln
