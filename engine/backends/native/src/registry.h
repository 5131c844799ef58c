// How a kernel gets its name.
#pragma once
#include "tensor.h"

#define KILN_TEXT_(x) #x
#define KILN_TEXT(x) KILN_TEXT_(x)

namespace kiln {

struct Registration {
    Registration(const char* level, const char* name, Kernel kernel);
};

}  // namespace kiln

// A kernel file puts everything into namespace kiln::KILN_LEVEL, so that no two levels share a function.
#define KILN_KERNEL(name, function) \
    static const ::kiln::Registration registered_##function(KILN_TEXT(KILN_LEVEL), name, function)
