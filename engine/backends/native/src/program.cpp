#include "program.h"

#include <chrono>
#include <cstring>

namespace kiln {
namespace {

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
    Step step{kernel, {}, inputs.size(), std::move(ints), std::move(reals)};
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

void Program::run(Pool& pool, int first, int last) {
    int k = first;
    try {
        for (; k < last; ++k) {
            const Step& step = calls_[static_cast<size_t>(k)];
            step.kernel(Call{step.arrays.data(), step.arrays.data() + step.inputs, step.ints.data(), step.reals.data(), pool});
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
    while (done < steps) {
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
