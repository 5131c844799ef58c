// The pool of all kernels that Python calls.
#pragma once
#include <memory>

#include "pool.h"

namespace kiln {

// Read and replaced with Python's lock held. Whoever computes without it holds the pool that it began with.
std::shared_ptr<Pool>& shared_pool();

}  // namespace kiln
