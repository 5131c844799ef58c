// Lines along one axis in order, or the first few of them; NaN counts as the largest, and equal elements keep their
// order. x is [outer, n, inner]. About n log n comparisons a line (n log k for the first k), of pairs that lie in the
// thread's own memory.
#include <algorithm>
#include <vector>

#include "pool.h"
#include "registry.h"

namespace kiln {
namespace KILN_LEVEL {

constexpr int64_t LEAST = 1024;  // elements that are worth a piece of their own

template <typename T> struct Placed {
    T value;
    int64_t at;
};

template <typename T> static bool below(T a, T b) { return a < b || (a == a && b != b); }

// The first `kept` of each line; they come in descending order where `down`.
template <typename T> static void order(const Call& call, int64_t kept, bool down) {
    const T* x = call.inputs[0].as<T>();
    T* values = call.outputs[0].as<T>();
    int64_t* places = call.outputs[1].as<int64_t>();
    const int64_t outer = call.ints[0], n = call.ints[1], inner = call.ints[2], lines = outer * inner;
    const int64_t pieces = std::min(lines, pieces_of(lines * n, LEAST));
    const auto before = [down](const Placed<T>& a, const Placed<T>& b) {
        const bool first = down ? below(b.value, a.value) : below(a.value, b.value);
        return first || (a.at < b.at && !(down ? below(a.value, b.value) : below(b.value, a.value)));
    };
    call.pool.run(pieces, [&](int64_t piece) {
        static thread_local std::vector<Placed<T>> line;
        line.resize(static_cast<size_t>(n));
        const int64_t stop = piece_start(lines, pieces, piece + 1);
        for (int64_t k = piece_start(lines, pieces, piece); k < stop; ++k) {
            const T* from = x + k / inner * n * inner + k % inner;
            for (int64_t i = 0; i < n; ++i) line[static_cast<size_t>(i)] = {from[i * inner], i};
            if (kept == n) std::sort(line.begin(), line.end(), before);
            else std::partial_sort(line.begin(), line.begin() + kept, line.end(), before);
            const int64_t to = k / inner * kept * inner + k % inner;
            for (int64_t i = 0; i < kept; ++i) {
                values[to + i * inner] = line[static_cast<size_t>(i)].value;
                places[to + i * inner] = line[static_cast<size_t>(i)].at;
            }
        }
    });
}

// ints: outer, n, inner, how many are kept, whether the largest come first
static void sort(const Call& call) {
    switch (call.inputs[0].dtype) {
        case DType::f64: return order<double>(call, call.ints[3], call.ints[4] != 0);
        case DType::i64: return order<int64_t>(call, call.ints[3], call.ints[4] != 0);
        default: return order<float>(call, call.ints[3], call.ints[4] != 0);
    }
}

KILN_KERNEL("sort", sort);

}  // namespace KILN_LEVEL
}  // namespace kiln
