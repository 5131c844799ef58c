"""Cases of connectionist temporal classification.

What PyTorch leaves in alpha beyond the lengths is arbitrary, and the gradient is PyTorch's, which supposes
log_softmax: values and gradients are judged in tests/engine/nn/test_ctc.py.
"""

import numpy as np

from tests.engine.ops.case import Case, exactly, integers, normal, uniform

LENGTHS = exactly([9, 7, 4]), exactly([4, 0, 2])
# too short for "1 1 1 1" and for "1 1"
TIGHT = exactly([6, 7, 2]), exactly([4, 0, 2])
ONES = exactly(np.ones((3, 4), np.int64))
LOG_PROBS = uniform(-3, -1, 9, 3, 5)

CASES = {
    "ctc": [
        Case((LOG_PROBS, integers(1, 5, 3, 4), *LENGTHS), (0, False), finite_differences=False),
        Case((LOG_PROBS, integers(0, 4, 3, 4), *LENGTHS), (4, False), finite_differences=False),
        Case((LOG_PROBS, ONES, *TIGHT), (0, True), finite_differences=False),
    ],
    "ctc_grad": [
        Case((normal(3), LOG_PROBS, integers(1, 5, 3, 4), *LENGTHS, uniform(-3, -1, 9, 3, 9)), (0, False))
    ],
}
