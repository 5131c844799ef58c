// Convolutions with one filter for each channel, over one or two axes, in float32.
#pragma once
#include "correlation.h"

namespace kiln {
namespace KILN_LEVEL {

inline bool is_depthwise(const Convolution& n) { return n.inputs() == 1 && n.outputs() == 1; }

// Calls of conv (bias may be null), conv_input_grad and conv_weight_grad
void depthwise(const Call& call, const Convolution& n, const float* bias);
void depthwise_input_grad(const Call& call, const Convolution& n);
void depthwise_weight_grad(const Call& call, const Convolution& n);

// The same of many planes, LANES of them side by side
void tiled_depthwise(const Call& call, const Convolution& n, const float* bias);
void tiled_depthwise_input_grad(const Call& call, const Convolution& n);
void tiled_depthwise_weight_grad(const Call& call, const Convolution& n);

}  // namespace KILN_LEVEL
}  // namespace kiln
