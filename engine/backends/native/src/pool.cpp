#include "pool.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kiln {
namespace {

constexpr int SPINS = 2000;  // some 20 microseconds, about what waking a thread takes

inline void pause() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

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

Pool::Pool(int threads) : threads_(threads) {}

Pool::~Pool() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stop_ = true;
        round_.fetch_add(1);
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
}

void Pool::take_pieces() {
    for (int64_t piece; (piece = next_.fetch_add(1, std::memory_order_relaxed)) < pieces_;) step_(context_, piece);
}

void Pool::share(int64_t pieces, Step step, const void* context) {
    std::lock_guard<std::mutex> turn(turn_);
    while (static_cast<int>(workers_.size()) < threads_ - 1) {
        const uint64_t now = round_.load();
        workers_.emplace_back([this, now] { serve(now); });
    }
    pieces_ = pieces;
    step_ = step;
    context_ = context;
    next_.store(0, std::memory_order_relaxed);
    busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    {
        // under the lock, so that no worker falls asleep between its look at the round and its wait
        std::lock_guard<std::mutex> lock(mutex_);
        round_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    take_pieces();
    for (int spins = 0; busy_.load(std::memory_order_acquire) != 0; ++spins) {
        if (spins < SPINS) pause();
        else std::this_thread::yield();
    }
}

void Pool::serve(uint64_t seen) {
    FlushDenormals flush;
    for (;;) {
        for (int spins = 0; spins < SPINS && round_.load(std::memory_order_acquire) == seen; ++spins) pause();
        if (round_.load(std::memory_order_acquire) == seen) {
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, [&] { return round_.load(std::memory_order_acquire) != seen; });
        }
        seen = round_.load(std::memory_order_acquire);
        if (stop_) return;
        take_pieces();
        busy_.fetch_sub(1, std::memory_order_release);
    }
}

}  // namespace kiln
