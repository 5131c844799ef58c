// Work of several calls that threads share in one go.
#pragma once
#include <cstring>
#include <type_traits>
#include <vector>

#include "pool.h"

namespace kiln {

// Optimizers step through many parameters, most of them small: a call of its own for each would wake threads, and
// wait for them, as often. Here calls leave their work behind, and all of it is cut into pieces together.
class Round {
  public:
    // Work on `size` elements, in so many units of about the same size. It is copied, and what it refers to must
    // still be there when it is done.
    template <typename Work> void add(int64_t size, int64_t units, const Work& work) {
        static_assert(std::is_trivially_copyable_v<Work> && sizeof(Work) <= ROOM);
        if (size == 0) return;
        Entry& entry = entries_.emplace_back();
        entry.step = &Pool::step_of<Work>;
        entry.start = total_;
        entry.size = size;
        entry.units = units;
        std::memcpy(entry.work, &work, sizeof(Work));
        total_ += size;
    }
    // Does all that was left behind, and forgets it.
    void run(Pool& pool);

  private:
    static constexpr size_t ROOM = 192;
    struct Entry {
        Pool::Step step;
        int64_t start, size, units;  // start: how many elements come before it
        alignas(16) unsigned char work[ROOM];
    };

    std::vector<Entry> entries_;
    int64_t total_ = 0;
};

}  // namespace kiln
