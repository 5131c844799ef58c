// Kernels by name, of the best level of the processor that they were compiled for.
#pragma once
#include <string>
#include <vector>

#include "tensor.h"

namespace kiln {

// The kernel of the best level that this processor has; null where there is none of that name.
Kernel find_kernel(const std::string& name);
std::vector<std::string> kernel_names();
const std::string& processor_level();

}  // namespace kiln
