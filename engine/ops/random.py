"""Random numbers as ops. `key` is int64 [3]: seed, stream and counter of a counter-based generator.

The numbers are a pure function of the key, so an op gives the same ones wherever and whenever it runs, and
a captured program draws new ones by changing a buffer.
"""

from engine.ops.op import CONSTANT, Op
from engine.ops.table import op

# in [0, 1)
RANDOM_UNIFORM = op("random_uniform", "key", "shape dtype", vjp=CONSTANT)
# mean 0, variance 1
RANDOM_NORMAL = op("random_normal", "key", "shape dtype", vjp=CONSTANT)
# in [low, high)
RANDOM_INTEGERS = op("random_integers", "key", "low high shape dtype", vjp=CONSTANT)
RANDOM_PERMUTATION = op("random_permutation", "key", "length dtype", vjp=CONSTANT)
# 1 with probability p, which has the shape and dtype of the result
BERNOULLI = op("bernoulli", "p key", vjp=(lambda g: g.new_zeros(g.shape), None))
# x / (1 - p) with probability 1 - p, else 0; linear in x, so the gradient draws the same mask again
DROPOUT: Op = op("dropout", "x key", "p", vjp=(lambda g, key, p: DROPOUT(g, key, p), None))
