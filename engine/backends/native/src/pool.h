// A few threads that share the pieces of one kernel's work.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__clang__)
#define KILN_ONCE __attribute__((noinline))
#else
#define KILN_ONCE __attribute__((noinline, noclone))
#endif

namespace kiln {

// The threads start with the first work that is shared, so that a process which only imports us has none.
//
// How work is cut into pieces depends on its size alone, never on the number of threads: then a sum of the
// pieces' sums is the same on every machine. Which thread takes which piece doesn't matter to the result.
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
    void start_workers();
    void take_pieces(uint64_t round);
    bool wait_for_round(uint64_t seen);
    void serve(uint64_t seen);

    const int threads_;
    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable wake_;
    // written before a round begins, and again only when all of its pieces are done
    int64_t pieces_ = 0;
    Step step_ = nullptr;
    const void* context_ = nullptr;
    // each on a line of the cache of its own: all threads look at them all the time
    alignas(64) std::atomic<uint64_t> ticket_{0};  // the round's number, and in the lower half how many pieces are left
    alignas(64) std::atomic<int64_t> done_{0};     // pieces of this round
    alignas(64) std::atomic<int> asleep_{0};
    std::atomic<int> home_{-1};  // the processor of the caller
    std::atomic<bool> taken_{false}, stop_{false};
};

// The one of all kernels that Python calls; read and replaced with Python's lock held. Whoever computes without it
// holds the pool that it began with.
std::shared_ptr<Pool>& shared_pool();

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
