// Kernels by name, for each level of the processor that they were compiled for.
#pragma once
#include <string>
#include <vector>

#include "tensor.h"

#define KILN_TEXT_(x) #x
#define KILN_TEXT(x) KILN_TEXT_(x)

namespace kiln {

struct Registration {
    Registration(const char* level, const char* name, Kernel kernel);
};

// The kernel of the best level that this processor has; null where there is none of that name.
Kernel find_kernel(const std::string& name);
std::vector<std::string> kernel_names();
const std::string& processor_level();

}  // namespace kiln

// A kernel file puts everything into namespace kiln::KILN_LEVEL, so that no two levels share a function.
#define KILN_KERNEL(name, function) \
    static const ::kiln::Registration registered_##function(KILN_TEXT(KILN_LEVEL), name, function)
