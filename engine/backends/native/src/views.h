// Views that NumPy's Python functions take longer to make than a small kernel runs.
#pragma once
#include <nanobind/nanobind.h>

namespace kiln {

void define_views(nanobind::module_& m);

}  // namespace kiln
