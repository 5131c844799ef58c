// Which of two kernels an eager step calls, by the size of the first operand.
#pragma once
#include <nanobind/nanobind.h>

namespace kiln {

void define_choice(nanobind::module_& m);

}  // namespace kiln
