#include "scratch.h"

#include <cstddef>
#include <new>

namespace kiln {
namespace {

constexpr std::align_val_t ALIGNMENT{64};

struct Room {
    float* data = nullptr;
    int64_t count = 0;

    Room() = default;
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room() { ::operator delete(data, ALIGNMENT); }
};

thread_local Room rooms[static_cast<int>(Slot::count)];

}  // namespace

float* scratch(Slot slot, int64_t count) {
    Room& room = rooms[static_cast<int>(slot)];
    if (count > room.count) {
        ::operator delete(room.data, ALIGNMENT);
        room.data = nullptr;
        room.count = 0;
        room.data = static_cast<float*>(::operator new(static_cast<size_t>(count) * sizeof(float), ALIGNMENT));
        room.count = count;
    }
    return room.data;
}

}  // namespace kiln
