// A few threads that share the pieces of one kernel's work.
#pragma once
#include <cstdint>

#if defined(__clang__)
#define KILN_ONCE __attribute__((noinline))
#else
#define KILN_ONCE __attribute__((noinline, noclone))
#endif

namespace kiln {

// The threads start with the first work that is shared, so that a process which only imports us has none.
//
// How work is cut into pieces depends on its size alone, never on the number of threads: then a sum of the
// pieces' sums is the same on every machine. Which thread takes which piece doesn't matter to the result. Each begins
// with a stretch of them that is its own: what it wrote as a piece of one kernel's work is likely to be in its cache
// still when the next kernel reads it there. Who is done takes over pieces of others.
//
// Who shares work takes pieces too, and waits for pieces, not for threads: one that sleeps too soundly misses a
// round, and nobody minds. A thread without work looks out for some for a while before it sleeps, since kernels
// follow each other faster than a sleeper wakes. Work that comes while another round is on (from a second thread of
// the program, or from a piece of work) is done by whoever brings it.
class Pool {
  public:
    explicit Pool(int threads);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return threads_; }

    using Step = void (*)(const void*, int64_t);

    // The only code for a piece, however many threads there are: inlined a second time into a loop, the compiler
    // would be free to round it in another way there.
    template <typename Work> KILN_ONCE static void step_of(const void* work, int64_t piece) {
        (*static_cast<const Work*>(work))(piece);
    }

    // Calls work(piece) for every piece in [0, pieces); returns when all are done. work must not throw,
    // and there may be 2^32 - 1 pieces.
    template <typename Work> void run(int64_t pieces, const Work& work) {
        if (pieces > 1 && threads_ > 1) {
            share(pieces, &step_of<Work>, &work);
            return;
        }
        for (int64_t piece = 0; piece < pieces; ++piece) step_of<Work>(&work, piece);
    }

  private:
    void share(int64_t pieces, Step step, const void* context);

    struct Crew;  // who they are; its headers would take longer to compile than most kernels
    const int threads_;
    Crew* const crew_;
};

// How many pieces of at least `least` units work of `total` units is cut into.
inline int64_t pieces_of(int64_t total, int64_t least, int64_t most = 64) {
    const int64_t pieces = total / (least > 0 ? least : 1);
    return pieces < 1 ? 1 : (pieces > most ? most : pieces);
}

// Where piece k of `pieces` begins in a range of n.
inline int64_t piece_start(int64_t n, int64_t pieces, int64_t k) { return n * k / pieces; }

// While it lives, this thread counts numbers too small for full precision as zero.
class FlushDenormals {
  public:
    FlushDenormals();
    ~FlushDenormals();

  private:
    uint64_t before_;
};

}  // namespace kiln
