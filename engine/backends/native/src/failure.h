// What kernels throw.
#pragma once
#include <stdexcept>
#include <string>

namespace kiln {

// What was wrong with a call, in a sentence for the user.
struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// An index, or a class, that isn't there.
struct OutOfRange : Failure {
    using Failure::Failure;
};

}  // namespace kiln
