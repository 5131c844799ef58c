#include "round.h"

#include <algorithm>

namespace kiln {

void Round::run(Pool& pool) {
    const int64_t pieces = pieces_of(total_, 1 << 14);
    pool.run(pieces, [&](int64_t piece) {
        // the units that begin in [start, stop)
        const int64_t start = piece_start(total_, pieces, piece), stop = piece_start(total_, pieces, piece + 1);
        const auto after = [](int64_t at, const Entry& entry) { return at < entry.start; };
        auto entry = std::upper_bound(entries_.begin(), entries_.end(), start, after) - 1;
        for (; entry != entries_.end() && entry->start < stop; ++entry)
            for (int64_t unit = 0; unit < entry->units; ++unit) {
                const int64_t first = entry->start + piece_start(entry->size, entry->units, unit);
                if (first >= start && first < stop) entry->step(entry->work, unit);
            }
    });
    entries_.clear();
    total_ = 0;
}

}  // namespace kiln
