"""Cases of complex numbers and Fourier transforms, and of ops on complex operands."""

from engine import dtypes
from tests.engine.ops.case import Case, booleans, complex_normal, normal

COMPLEX = {
    "real": [Case((complex_normal(2, 3),), (), lambda torch, x: torch.real(x))],
    "imag": [Case((complex_normal(2, 3),), (), lambda torch, x: torch.imag(x))],
    "conj": [Case((complex_normal(2, 3),), (), lambda torch, x: torch.conj_physical(x))],
    "complex": [Case((normal(2, 3), normal(3)), (), lambda torch, a, b: torch.complex(a, b))],
    "view_as_real": [
        Case((complex_normal(2, 3),), (), lambda torch, x: torch.view_as_real(x)),
        Case((complex_normal(),), (), lambda torch, x: torch.view_as_real(x)),
    ],
    "view_as_complex": [Case((normal(3, 2),), (), lambda torch, x: torch.view_as_complex(x))],
}

TRANSFORMS = {
    "fft_c2c": [
        Case((complex_normal(2, 5),), ((1,), norm, inverse), judge)
        for norm in ("backward", "ortho", "forward")
        for inverse, judge in (
            (False, lambda torch, x, dim, norm, _: torch.fft.fftn(x, dim=dim, norm=norm)),
            (True, lambda torch, x, dim, norm, _: torch.fft.ifftn(x, dim=dim, norm=norm)),
        )
    ]
    + [
        Case(
            (complex_normal(3, 2, 4),),
            ((2, 0), "backward", False),
            lambda torch, x, dim, *_: torch.fft.fftn(x, dim=dim),
        )
    ],
    "fft_r2c": [
        Case(
            (normal(2, *shape),),
            (dim, norm),
            lambda torch, x, dim, norm: torch.fft.rfftn(x, dim=dim, norm=norm),
        )
        for shape, dim, norm in (
            ((6,), (1,), "backward"),
            ((5,), (1,), "ortho"),
            ((1,), (1,), "forward"),
            ((4, 3), (2, 1), "forward"),
        )
    ],
    "fft_c2r": [
        Case(
            (complex_normal(2, *shape),),
            (dim, norm, n),
            lambda torch, x, dim, norm, n: (
                torch.fft.irfft(x, n, dim[0], norm)
                if len(dim) == 1
                else torch.fft.irfftn(x, (x.shape[dim[0]], n), dim, norm)
            ),
        )
        for shape, dim, norm, n in (
            ((4,), (1,), "backward", 6),
            ((3,), (1,), "ortho", 5),
            ((1,), (1,), "forward", 1),
            ((4, 3), (1, 2), "backward", 4),
        )
    ],
}

ELEMENTWISE = """
    abs neg exp expm1 log log2 log10 log1p sqrt rsqrt reciprocal
    square sin cos tan tanh sigmoid
"""
# ops that have real cases elsewhere
OTHERS = {
    name: [Case((complex_normal(2, 3),), (), lambda torch, x, name=name: getattr(torch, name)(x))]
    for name in ELEMENTWISE.split()
}
for _name in ("add", "sub", "mul", "div", "pow"):
    OTHERS[_name] = [
        Case(
            (complex_normal(2, 3), complex_normal(3)),
            (),
            lambda torch, a, b, name=_name: getattr(torch, name)(a, b),
            tolerance32=1e-4 if _name == "pow" else 1e-5,  # by way of logarithms
        )
    ]
OTHERS["cast"] = [Case((normal(3),), (dtypes.complex128,), lambda torch, x, _: x.to(torch.complex128))]
OTHERS["matmul"] = [
    Case((complex_normal(2, 3, 4), complex_normal(4, 2)), (), lambda torch, a, b: torch.matmul(a, b))
]
OTHERS["linear"] = [
    Case(
        (complex_normal(3, 4), complex_normal(2, 4), complex_normal(2)),
        (),
        lambda torch, x, w, b: torch.nn.functional.linear(x, w, b),
    )
]
OTHERS["linear_no_bias"] = [
    Case(
        (complex_normal(3, 4), complex_normal(2, 4)),
        (),
        lambda torch, x, w: torch.nn.functional.linear(x, w),
    )
]
OTHERS["sum"] = [Case((complex_normal(2, 3),), ((1,), False), lambda torch, x, dim, keep: x.sum(dim, keep))]
OTHERS["mean"] = [
    Case((complex_normal(2, 3),), ((0, 1), True), lambda torch, x, dim, keep: x.mean(dim, keep))
]
OTHERS["where"] = [
    Case(
        (booleans(2, 3), complex_normal(2, 3), complex_normal(3)),
        (),
        lambda torch, c, a, b: torch.where(c, a, b),
    )
]
OTHERS["tanh_grad"] = [Case((complex_normal(3), complex_normal(3)))]
OTHERS["sigmoid_grad"] = [Case((complex_normal(3), complex_normal(3)))]
OTHERS["cumsum"] = [Case((complex_normal(2, 3),), (1,), lambda torch, x, dim: x.cumsum(dim))]

CASES = COMPLEX | TRANSFORMS | OTHERS
