// What a captured step's surroundings are watched with.
#pragma once
#include <nanobind/nanobind.h>

namespace kiln {

void define_guards(nanobind::module_& m);

}  // namespace kiln
