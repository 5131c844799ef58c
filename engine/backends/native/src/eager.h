// How an eager step calls kernels.
#pragma once
#include <nanobind/nanobind.h>

namespace kiln {

void define_eager(nanobind::module_& m);

// The exception of Python that says what a kernel has found wrong; passes on what isn't ours.
void raise_failure(const std::exception_ptr& failure);

}  // namespace kiln
