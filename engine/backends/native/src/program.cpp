#include "program.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "scratch.h"

namespace kiln {
namespace {

constexpr int64_t LEAST = 16384;  // elements that are worth a piece of their own
constexpr int64_t SHORT = 512;    // elements of a row that take no longer than it takes to set out on them
constexpr int64_t IS_TILE = -1;   // in place of a size
constexpr size_t MOST_ARRAYS = 8;

int64_t width_of(DType dtype) {
    switch (dtype) {
        case DType::f64:
        case DType::i64: return 8;
        case DType::f32:
        case DType::i32: return 4;
        default: return 1;
    }
}

// A part of an array of which `data` is the first element, as neighbours in one axis or rows of them in two.
void describe(Array& array, void* data, DType dtype, int64_t rows, int64_t columns, int64_t stride) {
    array.data = data;
    array.dtype = dtype;
    array.size = rows * columns;
    array.axes = rows == 1 ? 1 : 2;
    array.shape[0] = rows == 1 ? columns : rows;
    array.strides[0] = rows == 1 ? 1 : stride;
    array.shape[1] = columns;
    array.strides[1] = 1;
}

// For what is small enough for the thread that has it.
Pool& nobody_else() {
    static Pool one(1);
    return one;
}

void gather(const Gather& each, int64_t step, Pool& pool) {
    const int64_t* indices = each.indices + step * each.batch;
    const int64_t pieces = pieces_of(each.batch * each.row_bytes, 1 << 16, each.batch);
    pool.run(pieces, [&](int64_t piece) {
        const int64_t stop = piece_start(each.batch, pieces, piece + 1);
        for (int64_t k = piece_start(each.batch, pieces, piece); k < stop; ++k)
            std::memcpy(each.to + k * each.row_bytes, each.source + indices[k] * each.row_bytes,
                        static_cast<size_t>(each.row_bytes));
    });
}

void move(const Move& each, int64_t step) {
    std::memcpy(each.to + step * each.to_stride, each.from + step * each.from_stride, static_cast<size_t>(each.bytes));
}

}  // namespace

int Program::add(const Array& array, int slot, int64_t offset) {
    operands_.push_back(Operand{array, slot, offset});
    return static_cast<int>(operands_.size()) - 1;
}

void Program::call(Kernel kernel, const std::vector<int>& inputs, const std::vector<int>& outputs,
                   std::vector<int64_t> ints, std::vector<double> reals) {
    Step step{kernel, {}, inputs.size(), std::move(ints), std::move(reals), -1};
    for (const auto* numbers : {&inputs, &outputs})
        for (const int number : *numbers) {
            const Operand& operand = operands_.at(static_cast<size_t>(number));
            if (operand.slot >= 0)
                users_.at(static_cast<size_t>(operand.slot)).push_back({calls_.size(), step.arrays.size(), operand.offset});
            step.arrays.push_back(operand.array);
        }
    calls_.push_back(std::move(step));
}

void Program::place(int slot, void* data) {
    void*& now = places_[static_cast<size_t>(slot)];
    if (now == data) return;
    now = data;
    for (const User& user : users_[static_cast<size_t>(slot)])
        calls_[user.call].arrays[user.array].data = static_cast<char*>(data) + user.offset;
}

int Program::add_tile(DType dtype, int64_t offset) {
    Array tile{};
    tile.dtype = dtype;
    tile.size = IS_TILE;
    tile.data = reinterpret_cast<void*>(offset);
    return add(tile, -1, 0);
}

void Program::chain(int first, int64_t elements, bool led, int64_t tile_bytes) {
    for (int k = first + led; k < size(); ++k)
        if (calls_[static_cast<size_t>(k)].arrays.size() > MOST_ARRAYS)
            throw std::invalid_argument("a call with so many operands can't be chained");
    Group& group = add_group(first);
    group.chained = true;
    group.led = led;
    group.elements = elements;
    group.tile_bytes = tile_bytes;
}

void Program::together(int first) { add_group(first); }

Program::Group& Program::add_group(int first) {
    calls_.at(static_cast<size_t>(first)).group = static_cast<int>(groups_.size());
    return groups_.emplace_back(this, first, size());
}

int Program::after(int k) const {
    const int group = calls_[static_cast<size_t>(k)].group;
    return group < 0 ? k + 1 : groups_[static_cast<size_t>(group)].last;
}

void Program::make(const Step& step, Pool& pool, const Then* then, Round* round) const {
    const Array* arrays = step.arrays.data();
    step.kernel(Call{arrays, arrays + step.inputs, step.ints.data(), step.reals.data(), pool, then, round});
}

void Program::follow(const Group& group, const Part& part, char* tiles) const {
    for (int k = group.first + group.led; k < group.last; ++k) {
        const Step& step = calls_[static_cast<size_t>(k)];
        Array arrays[MOST_ARRAYS];
        for (size_t i = 0; i < step.arrays.size(); ++i) {
            const Array& whole = step.arrays[i];
            if (whole.size == IS_TILE) {
                char* data = tiles + reinterpret_cast<int64_t>(whole.data);
                describe(arrays[i], data, whole.dtype, part.rows, part.columns, part.columns);
            } else if (whole.size == group.elements) {
                char* data = static_cast<char*>(whole.data) + part.start * width_of(whole.dtype);
                describe(arrays[i], data, whole.dtype, part.rows, part.columns, part.stride);
            } else {
                describe(arrays[i], whole.data, whole.dtype, 1, 1, 1);
            }
        }
        step.kernel(Call{arrays, arrays + step.inputs, step.ints.data(), step.reals.data(), nobody_else()});
    }
}

void Program::follow_part(const void* context, const Part& given) {
    const Group& group = *static_cast<const Group*>(context);
    Part part = given;
    if (part.rows > 1 && part.stride == part.columns) part = {part.start, 1, part.rows * part.columns, 0};
    if (part.columns < SHORT && part.columns < group.elements) group.waits.store(true, std::memory_order_relaxed);
    char* tiles = group.tile_bytes == 0 ? nullptr : reinterpret_cast<char*>(scratch(Slot::tiles, group.tile_bytes / 4));
    // a lone column is taken element by element: kernels write neighbours
    const int64_t columns = std::max<int64_t>(std::min(TILE, part.columns), 1), rows = columns == 1 ? 1 : TILE / columns;
    for (int64_t i = 0; i < part.rows; i += rows)
        for (int64_t j = 0; j < part.columns; j += columns)
            group.program->follow(group, {part.start + i * part.stride + j, std::min(rows, part.rows - i),
                                          std::min(columns, part.columns - j), part.stride}, tiles);
}

void Program::make_together(Group& group, Pool& pool) const {
    const size_t first = static_cast<size_t>(group.first), last = static_cast<size_t>(group.last);
    if (!group.chained) {
        for (size_t k = first; k < last; ++k) make(calls_[k], pool, nullptr, &group.round);
        return group.round.run(pool);
    }
    if (group.led && !group.waits.load(std::memory_order_relaxed)) {
        const Then then{follow_part, &group};
        return make(calls_[first], pool, &then);
    }
    if (group.led) make(calls_[first], pool);
    follow_all(group, pool);
}

void Program::follow_all(const Group& group, Pool& pool) {
    const int64_t tiles = (group.elements + TILE - 1) / TILE, pieces = pieces_of(group.elements, LEAST);
    pool.run(pieces, [&](int64_t piece) {
        const int64_t start = piece_start(tiles, pieces, piece) * TILE;
        const int64_t stop = std::min(group.elements, piece_start(tiles, pieces, piece + 1) * TILE);
        follow_part(&group, {start, 1, stop - start, 0});
    });
}

void Program::run(Pool& pool, int first, int last) {
    int k = first;
    try {
        for (; k < last; k = after(k)) {
            const Step& step = calls_[static_cast<size_t>(k)];
            if (step.group < 0) make(step, pool);
            else make_together(groups_[static_cast<size_t>(step.group)], pool);
        }
    } catch (...) {
        failed_ = k;
        throw;
    }
}

int64_t Program::repeat(Pool& pool, int64_t steps, double milliseconds, const std::vector<Gather>& gathers,
                        const std::vector<Move>& before, const std::vector<Move>& after) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::duration<double, std::milli>(milliseconds);
    int64_t done = 0;
    begun_ = 0;
    while (done < steps) {
        ++begun_;
        for (const Gather& each : gathers) gather(each, done, pool);
        for (const Move& each : before) move(each, done);
        run(pool, 0, size());
        for (const Move& each : after) move(each, done);
        ++done;
        if (Clock::now() >= end) break;
    }
    return done;
}

}  // namespace kiln
