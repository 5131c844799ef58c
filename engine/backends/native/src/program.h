// A list of kernel calls whose operands lie at known places, run without going back to Python between them.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "pool.h"
#include "round.h"
#include "tensor.h"

namespace kiln {

// A row of `source` for each of `batch` indices, which it has, gathered into `to` before a step.
struct Gather {
    const char* source;
    int64_t row_bytes;
    const int64_t* indices;  // [steps, batch]
    int64_t batch;
    char* to;
};

// Bytes that go from one place to another before or after a step; a side moves on by its stride with each step.
struct Move {
    const char* from;
    int64_t from_stride;
    char* to;
    int64_t to_stride, bytes;
};

class Program {
  public:
    // Elements that chained calls work on at a time: a few such tiles fit the second cache.
    static constexpr int64_t TILE = 16384;

    // slots: how many arrays come anew with each run
    explicit Program(int slots) : places_(static_cast<size_t>(slots), nullptr), users_(static_cast<size_t>(slots)) {}

    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // An operand to be: where its slot is none, it stays at array.data for good; else it lies `offset` bytes into
    // what the slot holds. Returns its number.
    int add(const Array& array, int slot, int64_t offset);
    void call(Kernel kernel, const std::vector<int>& inputs, const std::vector<int>& outputs,
              std::vector<int64_t> ints, std::vector<double> reals);

    // An operand of calls that are chained: a tile that lies `offset` bytes into a thread's own memory.
    int add_tile(DType dtype, int64_t offset);
    // Calls [first, size()) are made together, part by part of the `elements` that their results have, so that what
    // they pass on stays in the cache. All work element by element, each operand having as many elements or one, but
    // the first where it is `led`: that one says which parts are complete. Tiles take so many bytes.
    void chain(int first, int64_t elements, bool led, int64_t tile_bytes);
    // Calls [first, size()) are optimizers' steps, whose work is shared in one round.
    void together(int first);

    // Where the call after this one begins, or after those that are made together with it.
    int after(int k) const;
    int size() const { return static_cast<int>(calls_.size()); }
    // The call that threw, counted from the program's first; -1 before any did.
    int failed() const { return failed_; }
    int64_t begun() const { return begun_; }

    void place(int slot, void* data);
    void run(Pool& pool, int first, int last);
    // As many as `steps` steps of the whole program, fewer once so many milliseconds are over. Returns how many;
    // where one throws, `begun` says how many there were with that one.
    int64_t repeat(Pool& pool, int64_t steps, double milliseconds, const std::vector<Gather>& gathers,
                   const std::vector<Move>& before, const std::vector<Move>& after);

  private:
    struct Operand {
        Array array;
        int slot;
        int64_t offset;
    };
    struct Step {
        Kernel kernel;
        std::vector<Array> arrays;
        size_t inputs;
        std::vector<int64_t> ints;
        std::vector<double> reals;
        int group;  // that it is the first of; -1 where it is made by itself
    };
    // Calls that are made together.
    struct Group {
        const Program* program;
        int first, last;
        bool led = false, chained = false;
        int64_t elements = 0, tile_bytes = 0;
        Round round;
        // Whether parts were such short rows that the chain had better follow when all of them are there, which is
        // known once they have been seen. It changes no results.
        mutable std::atomic<bool> waits;

        Group(const Program* of, int from, int to) : program(of), first(from), last(to), waits(false) {}
    };
    // An operand of a call that follows its slot.
    struct User {
        size_t call, array;
        int64_t offset;
    };

    void make(const Step& step, Pool& pool, const Then* then = nullptr, Round* round = nullptr) const;
    Group& add_group(int first);
    void make_together(Group& group, Pool& pool) const;
    // The chained calls, on a part that fits the tiles.
    void follow(const Group& group, const Part& part, char* tiles) const;
    static void follow_part(const void* group, const Part& part);
    static void follow_all(const Group& group, Pool& pool);

    std::vector<Operand> operands_;
    std::vector<Step> calls_;
    std::deque<Group> groups_;
    std::vector<void*> places_;
    std::vector<std::vector<User>> users_;
    int failed_ = -1;
    int64_t begun_ = 0;
};

}  // namespace kiln
