// What a kernel is given: arrays described by pointer, shape and strides, and plain numbers.
#pragma once
#include <cstdint>

namespace kiln {

constexpr int MAX_AXES = 8;

enum class DType : int32_t { f32, f64, i64, i32, u8, boolean };

// An array that somebody else owns. Strides are in elements.
struct Array {
    void* data;
    int64_t shape[MAX_AXES];
    int64_t strides[MAX_AXES];
    int64_t size;
    int32_t axes;
    DType dtype;

    template <typename T> T* as() const { return static_cast<T*>(data); }
};

class Pool;
class Round;

// A part of an array without gaps: rows of `columns` elements, `stride` apart, from element `start` on.
struct Part {
    int64_t start, rows, columns, stride;
};

// What is done with parts of a call's first result while they are in the cache.
struct Then {
    void (*run)(const void* context, const Part& part);
    const void* context;
};

// One call of a kernel: operands first, then results, then the op's attributes as whole and real numbers.
struct Call {
    const Array* inputs;
    const Array* outputs;
    const int64_t* ints;
    const double* reals;
    Pool& pool;
    const Then* then = nullptr;  // for kernels that say what they are done with
    Round* round = nullptr;      // where there is one, an optimizer's step leaves its work behind there

    // Part of the first result is complete. Who calls this does so exactly once for every element.
    void done(const Part& part) const {
        if (then != nullptr) then->run(then->context, part);
    }
};

using Kernel = void (*)(const Call&);

}  // namespace kiln
