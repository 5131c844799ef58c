#include "scratch.h"

#include <cstddef>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace kiln {
namespace {

constexpr size_t HUGE_PAGE = size_t{1} << 21;

// Large rooms lie in huge pages where the system has them: kernels go through them in strides, and the processor
// knows the places of few small pages at a time.
std::align_val_t alignment_of(int64_t count) {
    return std::align_val_t{static_cast<size_t>(count) * sizeof(float) < HUGE_PAGE ? 64 : HUGE_PAGE};
}

float* room_for(int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(float);
    void* data = ::operator new(bytes, alignment_of(count));
#if defined(MADV_HUGEPAGE)
    if (bytes >= HUGE_PAGE) (void)madvise(data, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return static_cast<float*>(data);
}

struct Room {
    float* data = nullptr;
    int64_t count = 0;

    Room() = default;
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room() { ::operator delete(data, alignment_of(count)); }
};

thread_local Room rooms[static_cast<int>(Slot::count)];

}  // namespace

float* scratch(Slot slot, int64_t count) {
    Room& room = rooms[static_cast<int>(slot)];
    if (count > room.count) {
        ::operator delete(room.data, alignment_of(room.count));
        room.data = nullptr;
        room.count = 0;
        room.data = room_for(count);
        room.count = count;
    }
    return room.data;
}

}  // namespace kiln
