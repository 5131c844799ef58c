#include "shared_pool.h"

#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kiln {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto PATIENCE = std::chrono::microseconds(100);  // about twice what waking a thread takes
constexpr auto HASTE = std::chrono::microseconds(20);      // from then on another thread may have the processor
constexpr auto MOVING = std::chrono::milliseconds(10);       // between two moves of a worker
constexpr int SPINS = 32;                                  // between two looks at the clock
constexpr uint64_t ROUND = uint64_t{1} << 32;
constexpr uint64_t LEFT = ROUND - 1;

inline void pause() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Until `ready` or so much time has gone by; whether it is ready.
template <typename Ready> bool look_out(const Ready& ready, Clock::duration limit) {
    const auto begin = Clock::now();
    for (;;) {
        for (int spins = 0; spins < SPINS; ++spins) {
            if (ready()) return true;
            pause();
        }
        const auto waited = Clock::now() - begin;
        if (waited > limit) return false;
        if (waited > HASTE) std::this_thread::yield();
    }
}

}  // namespace

std::shared_ptr<Pool>& shared_pool() {
    static std::shared_ptr<Pool> one = std::make_shared<Pool>(1);
    return one;
}

FlushDenormals::FlushDenormals() {
#if defined(__x86_64__)
    before_ = _mm_getcsr();
    _mm_setcsr(static_cast<unsigned>(before_) | 0x8040);
#elif defined(__aarch64__)
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ | (1u << 24)));
#else
    before_ = 0;
#endif
}

FlushDenormals::~FlushDenormals() {
#if defined(__x86_64__)
    _mm_setcsr(static_cast<unsigned>(before_));
#elif defined(__aarch64__)
    asm volatile("msr fpcr, %0" ::"r"(before_));
#endif
}

// The processor that this thread runs on; -1 where nobody can say.
static int processor() {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

// Has this thread go on on another processor than this one, if it may run on several.
static void leave(int busy) {
#if defined(__linux__)
    cpu_set_t all, others;
    if (sched_getaffinity(0, sizeof all, &all) != 0) return;
    others = all;
    CPU_CLR(busy, &others);
    if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0)
        sched_setaffinity(0, sizeof all, &all);
#else
    (void)busy;
#endif
}

// The threads and what they tell each other; how they go about it is said at Pool.
struct Pool::Crew {
    explicit Crew(int count) : count_(count), shares_(static_cast<size_t>(count)) {
        workers_.reserve(static_cast<size_t>(count));
    }
    ~Crew();
    void share(int64_t pieces, Step step, const void* context);
    void take_pieces(int own, uint64_t round);
    bool wait_for_round(int own, uint64_t seen);
    void serve(int own, uint64_t seen);

    // The pieces that one of the threads is to begin with: the round's number, and in the lower half how many are left
    struct alignas(64) Share {  // on a line of the cache of its own, as all that all threads look at all the time
        std::atomic<uint64_t> ticket{0};
    };

    const int count_;  // threads, of which the caller is the first
    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable wake_;
    // written before a round begins, and again only when all of its pieces are done
    int64_t pieces_ = 0;
    Step step_ = nullptr;
    const void* context_ = nullptr;
    std::vector<Share> shares_;
    alignas(64) std::atomic<int64_t> done_{0};  // pieces of this round
    alignas(64) std::atomic<int> asleep_{0};
    std::atomic<int> home_{-1};  // the processor of the caller
    std::atomic<bool> taken_{false}, stop_{false};
};

Pool::Pool(int threads) : threads_(threads), crew_(new Crew(threads)) {}

Pool::~Pool() { delete crew_; }

void Pool::share(int64_t pieces, Step step, const void* context) { crew_->share(pieces, step, context); }

Pool::Crew::~Crew() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
}

// A thread's own pieces first, then what others haven't come to. A piece taken keeps its round from ending, and so what
// the round is about from being overwritten.
void Pool::Crew::take_pieces(int own, uint64_t round) {
    int64_t done = 0;
    for (int k = 0; k < count_; ++k) {
        const int whose = (own + k) % count_;
        std::atomic<uint64_t>& ticket = shares_[static_cast<size_t>(whose)].ticket;
        for (uint64_t now = ticket.load(std::memory_order_acquire); now / ROUND == round && (now & LEFT) != 0;) {
            if (!ticket.compare_exchange_weak(now, now - 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
            step_(context_, piece_start(pieces_, count_, whose + 1) - static_cast<int64_t>(now & LEFT));
            ++done;
            --now;
        }
    }
    if (done > 0) done_.fetch_add(done, std::memory_order_release);
}

void Pool::Crew::share(int64_t pieces, Step step, const void* context) {
    if (taken_.exchange(true, std::memory_order_acquire)) {
        for (int64_t piece = 0; piece < pieces; ++piece) step(context, piece);
        return;
    }
    const uint64_t before = shares_[0].ticket.load(std::memory_order_relaxed) / ROUND, round = (before + 1) % ROUND;
    try {
        while (static_cast<int>(workers_.size()) < count_ - 1) {
            const int own = static_cast<int>(workers_.size()) + 1;
            workers_.emplace_back([this, own, before] { serve(own, before); });
        }
    } catch (const std::system_error&) {
        // the system has no thread left: those that there are take over the pieces of the missing ones
    }
    pieces_ = pieces;
    step_ = step;
    context_ = context;
    done_.store(0, std::memory_order_relaxed);
    home_.store(processor(), std::memory_order_relaxed);
    // before the look at the sleepers, as theirs at their ticket comes after they are counted: one sees the other
    for (int k = count_ - 1; k >= 0; --k) {
        const int64_t left = piece_start(pieces, count_, k + 1) - piece_start(pieces, count_, k);
        shares_[static_cast<size_t>(k)].ticket.store(round * ROUND + static_cast<uint64_t>(left));
    }
    if (const int asleep = asleep_.load(); asleep > 0) {
        { std::lock_guard<std::mutex> lock(mutex_); }
        for (int64_t k = std::min<int64_t>(asleep, pieces - 1); k > 0; --k) wake_.notify_one();
    }
    take_pieces(0, round);
    look_out([&] { return done_.load(std::memory_order_acquire) == pieces; }, Clock::duration::max());
    taken_.store(false, std::memory_order_release);
}

// Until there is a round after the one seen; false where the pool ends.
bool Pool::Crew::wait_for_round(int own, uint64_t seen) {
    const auto begun = [&] { return shares_[static_cast<size_t>(own)].ticket.load() / ROUND != seen; };
    if (look_out(begun, PATIENCE)) return true;
    std::unique_lock<std::mutex> lock(mutex_);
    asleep_.fetch_add(1);
    wake_.wait(lock, [&] { return stop_ || begun(); });
    asleep_.fetch_sub(1);
    return !stop_;
}

void Pool::Crew::serve(int own, uint64_t seen) {
    FlushDenormals flush;
    // The system may wake a worker where its caller runs and leave both there for seconds, taking turns.
    Clock::time_point moved{};
    while (wait_for_round(own, seen)) {
        const int here = processor();
        if (here >= 0 && here == home_.load(std::memory_order_relaxed) && Clock::now() - moved > MOVING) {
            leave(here);
            moved = Clock::now();
        }
        seen = shares_[static_cast<size_t>(own)].ticket.load(std::memory_order_acquire) / ROUND;
        take_pieces(own, seen);
    }
}

}  // namespace kiln
