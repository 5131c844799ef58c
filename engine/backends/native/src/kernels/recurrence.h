// What the recurrent layers share: the walk over the steps, and products with packed weights.
//
// A piece is some of the sequences, for all steps: sequences know nothing of each other, so no thread waits for
// another before the walk is over. Rows are packed by time, as engine/backends/packing.py says.
#pragma once
#include <algorithm>
#include <vector>

#include "gemm.h"
#include "mathematics.h"
#include "pool.h"
#include "scratch.h"
#include "tensor.h"

namespace kiln {
namespace KILN_LEVEL {

// Rows of the states that a step starts from, which lie together.
struct Part {
    int64_t first, rows;
    const float* from;
};

// The steps of a call; ints: whether it goes from the last to the first, how many there are, their sizes.
class Walk {
  public:
    explicit Walk(const Call& call) : reverse_(call.ints[0]), count_(call.ints[1]), sizes_(call.ints + 2) {
        starts_.reserve(static_cast<size_t>(count_));
        for (int64_t t = 0; t < count_; ++t) {
            starts_.push_back(total_);
            total_ += sizes_[t];
        }
    }

    int64_t total() const { return total_; }
    int64_t sequences() const { return count_ == 0 ? 0 : sizes_[0]; }

    // Into how many pieces the sequences are shared out, if each row meets so many weights.
    int64_t pieces(int64_t weights) const {
        if (total_ * weights < SMALL) return 1;
        const int64_t each = std::clamp(sequences() / 8, LEAST, MOST);
        return std::max<int64_t>(1, sequences() / each);
    }
    // Calls piece(number, first sequence, sequences) for each of them.
    template <typename Piece> void share(Pool& pool, int64_t pieces, Piece piece) const {
        pool.run(pieces, [&](int64_t k) {
            const int64_t first = piece_start(sequences(), pieces, k);
            piece(k, first, piece_start(sequences(), pieces, k + 1) - first);
        });
    }

    // Calls step(first row, rows, number of the step) in the order of the walk, or against it.
    template <typename Step> void forward(int64_t first, int64_t count, Step step) const {
        for (int64_t k = 0; k < count_; ++k) visit(reverse_ ? count_ - 1 - k : k, first, count, step);
    }
    template <typename Step> void backward(int64_t first, int64_t count, Step step) const {
        for (int64_t k = 0; k < count_; ++k) visit(reverse_ ? k : count_ - 1 - k, first, count, step);
    }

    // Calls with(part) for the states that `rows` rows of step t start from: those that the step before ended
    // with, and initial ones for sequences that begin here.
    template <typename With>
    void before(int64_t t, int64_t first, int64_t rows, const float* states, const float* initial, int64_t width,
                With with) const {
        const int64_t last = reverse_ ? t + 1 : t - 1;
        int64_t common = 0;
        if (last >= 0 && last < count_) {
            common = std::clamp<int64_t>(sizes_[last] - first, 0, rows);
            if (common > 0) with(Part{0, common, states + (starts_[static_cast<size_t>(last)] + first) * width});
        }
        if (common < rows) with(Part{common, rows - common, initial + (first + common) * width});
    }

  private:
    static constexpr int64_t SMALL = 1 << 19;       // multiplications that aren't worth a second thread
    static constexpr int64_t LEAST = 4, MOST = 48;  // sequences of a piece

    template <typename Step> void visit(int64_t t, int64_t first, int64_t count, Step step) const {
        const int64_t rows = std::min(sizes_[t] - first, count);
        if (rows > 0) step(starts_[static_cast<size_t>(t)] + first, rows, t);
    }

    const bool reverse_;
    const int64_t count_;
    const int64_t* sizes_;
    int64_t total_ = 0;
    std::vector<int64_t> starts_;
};

// Has n floats come nearer that are soon to be read, or written: a step's rows lie too far from those of the step
// before for the processor to foresee them.
template <bool WRITTEN = false> inline void fetch(const float* from, int64_t n) {
    constexpr int64_t line = 16;
    for (int64_t j = 0; j < n; j += line) __builtin_prefetch(from + j, WRITTEN, 2);
}

// Parts of one thread's scratch memory that the pieces share.
class Rooms {
  public:
    // Where room for so many floats will be, once all of it is known and open() has been called.
    int64_t add(int64_t count) {
        const int64_t at = size_;
        size_ += (count + 15) / 16 * 16;
        return at;
    }
    void open() { data_ = scratch(Slot::recurrence, size_); }
    float* operator[](int64_t at) const { return data_ + at; }

  private:
    int64_t size_ = 0;
    float* data_ = nullptr;
};

// B [k, n] packed, by several threads.
inline void pack(Pool& pool, int64_t k, int64_t n, Matrix b, float* packed) {
    const int64_t panels = (n + PANEL - 1) / PANEL, pieces = std::min(panels, pieces_of(k * n, 16384));
    pool.run(pieces, [&](int64_t piece) {
        const int64_t start = piece_start(panels, pieces, piece) * PANEL;
        const int64_t stop = std::min(n, piece_start(panels, pieces, piece + 1) * PANEL);
        pack_b(k, stop - start, b.at(0, start), packed + start * k);
    });
}

// Row p of a packed B [k, n].
inline void pack_row(int64_t k, int64_t n, const float* from, int64_t p, float* packed) {
    for (int64_t j = 0; j < n; j += PANEL) {
        float* to = packed + j * k + p * PANEL;
        const int64_t columns = std::min(PANEL, n - j);
        std::copy_n(from + j, columns, to);
        std::fill_n(to + columns, PANEL - columns, 0.0f);
    }
}

// C[m, n] = A B with a packed B, by several threads; the rows of C lie n apart.
inline void multiply(Pool& pool, int64_t m, int64_t n, int64_t k, Matrix a, const float* packed, float* c) {
    const int64_t tiles = (m + TILE - 1) / TILE;
    const int64_t pieces = std::min(tiles, pieces_of(m * n * k, 1 << 19, 16));
    pool.run(pieces, [&](int64_t piece) {
        const int64_t start = piece_start(tiles, pieces, piece) * TILE;
        const int64_t stop = std::min(m, piece_start(tiles, pieces, piece + 1) * TILE);
        gemm_packed(stop - start, n, k, a.at(start, 0), packed, c + start * n, n, false);
    });
}

}  // namespace KILN_LEVEL
}  // namespace kiln
