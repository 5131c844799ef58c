// Where the elements of arrays with gaps lie in memory.
#pragma once
#include "tensor.h"

namespace kiln {

// Axes [first, last) of an array, merged where they lie in memory as one axis would.
class Places {
  public:
    Places(const Array& array, int first, int last) {
        for (int axis = first; axis < last; ++axis) {
            const int64_t n = array.shape[axis], step = array.strides[axis];
            count_ *= n;
            if (n == 1) continue;
            if (axes_ > 0 && steps_[axes_ - 1] == step * n) {
                sizes_[axes_ - 1] *= n;
                steps_[axes_ - 1] = step;
            } else {
                sizes_[axes_] = n;
                steps_[axes_++] = step;
            }
        }
    }

    // How many elements the axes have.
    int64_t count() const { return count_; }
    // The distance of neighbours along the last axis.
    int64_t step() const { return axes_ == 0 ? 1 : steps_[axes_ - 1]; }
    bool one_axis() const { return axes_ <= 1; }

    // How far element k, counted row by row, is from the first.
    int64_t operator[](int64_t k) const {
        if (axes_ == 0) return 0;
        int64_t at = 0;
        for (int axis = axes_ - 1; axis > 0; --axis) {
            at += k % sizes_[axis] * steps_[axis];
            k /= sizes_[axis];
        }
        return at + k * steps_[0];
    }

  private:
    int axes_ = 0;
    int64_t count_ = 1;
    int64_t sizes_[MAX_AXES], steps_[MAX_AXES];
};

}  // namespace kiln
