"""Ops that take complex numbers apart and put them together."""

from engine.ops.op import Op
from engine.ops.table import op

REAL = op("real", "x", view=True, vjp=(lambda g, x_dtype: g.to(x_dtype),))
IMAG = op("imag", "x", view=True, vjp=(lambda g, x_dtype: g.to(x_dtype) * 1j,))
CONJ: Op = op("conj", "x", vjp=(lambda g: CONJ(g),))
COMPLEX = op("complex", "a b", broadcasts=True, vjp=(lambda g: REAL(g), lambda g: IMAG(g)))
# the parts as a last axis of length 2
VIEW_AS_REAL: Op = op("view_as_real", "x", view=True, vjp=(lambda g: VIEW_AS_COMPLEX(g.contiguous()),))
VIEW_AS_COMPLEX: Op = op("view_as_complex", "x", view=True, vjp=(lambda g: VIEW_AS_REAL(g),))

_COMPLEX = """
    conv conv_input_grad conv_no_bias conv_weight_grad fold pad unfold
    add sub mul div pow neg abs exp expm1 log log2 log10 log1p sqrt rsqrt reciprocal square sin cos tan
    tanh tanh_grad sigmoid sigmoid_grad where cast clone
    real imag conj complex view_as_real view_as_complex fft_c2c fft_r2c fft_c2r
    matmul linear linear_no_bias conv conv_no_bias conv_input_grad conv_weight_grad sum mean cumsum
    reshape permute expand flip cat stack slice slice_grad split unbind
    index index_grad gather scatter scatter_add
    tril triu diagonal diagonal_grad roll as_strided as_strided_grad windows windows_grad
"""
# whose rules hold for complex operands: what is linear with real factors, and what conjugates as it should
COMPLEX_RULES = frozenset(_COMPLEX.split())
