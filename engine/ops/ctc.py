"""Connectionist temporal classification (Graves et al. 2006), as one op with its gradient.

log_probs [T, N, C], targets [N, S] int64 filled up with anything, lengths [N] int64. alpha [T, N, 2 S + 1]
holds the log-probabilities of the prefixes, with a blank before, between and after the targets.
"""

from engine.ops.op import Op
from engine.ops.table import op

CTC: Op = op(
    "ctc",
    "log_probs targets input_lengths target_lengths",
    "blank zero_infinity",
    outputs="losses alpha",
    auxiliary="alpha",
    vjp=(
        lambda g, log_probs, targets, input_lengths, target_lengths, alpha, blank, zero_infinity: CTC_GRAD(
            g, log_probs, targets, input_lengths, target_lengths, alpha, blank, zero_infinity
        ),
        None,
        None,
        None,
    ),
)
# PyTorch's: exact where log_probs come from log_softmax, whose own gradient takes out what it adds to every
# class of a step. It has no gradient of its own, there as here.
CTC_GRAD: Op = op(
    "ctc_grad", "g0 log_probs targets input_lengths target_lengths alpha", "blank zero_infinity"
)
