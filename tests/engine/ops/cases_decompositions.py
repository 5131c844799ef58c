"""Cases of linear algebra. Matrices are far from singular, and their values apart."""

import numpy as np

from tests.engine.ops.case import Case, exactly, normal


def _regular(*shape):
    """Random square matrices with a strong diagonal, all of whose singular values are different."""
    return lambda rng: rng.standard_normal(shape) + np.diag(np.arange(3.0, 3.0 + shape[-1]))


def _positive(rng):
    x = rng.standard_normal((2, 4, 4))
    return x @ x.swapaxes(1, 2) + np.eye(4)


def _positive_matrix(torch, x):
    return torch.linalg.cholesky(x)


def _lu(torch, x):
    packed, pivots = torch.linalg.lu_factor(x)
    p, _, _ = torch.linalg.lu(x.detach())
    return packed, pivots, p.mT.argmax(-1)


def _solve(torch, a, b):
    return torch.linalg.solve(a, b)


def _cofactor(torch, x):
    return torch.linalg.det(x)[..., None, None] * torch.linalg.inv(x).mT


def _pinv(torch, x, atol, rtol, hermitian):
    return torch.linalg.pinv(x, atol=atol, rtol=rtol, hermitian=hermitian)


PINV = (0.0, 1e-12, False)

CASES = {
    "inv": [Case((_regular(4, 4),), torch=lambda torch, x: torch.linalg.inv(x))],
    "solve": [
        Case((_regular(4, 4), normal(4, 2)), torch=_solve),
        Case((_regular(2, 3, 3), normal(3, 1)), torch=_solve),
        Case((_regular(3, 3), normal(2, 3, 2)), torch=_solve),
    ],
    "det": [
        Case((_regular(2, 3, 3),), torch=lambda torch, x: torch.linalg.det(x)),
        # of rank 2
        Case(
            (exactly([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),),
            finite_differences=False,
        ),
    ],
    "cofactor": [Case((_regular(2, 3, 3),), torch=_cofactor)],
    "slogdet": [Case((_regular(2, 3, 3),), torch=lambda torch, x: tuple(torch.linalg.slogdet(x)))],
    "cholesky": [Case((_positive,), torch=_positive_matrix, finite_differences=False)],
    "qr": [
        Case((normal(*shape),), torch=lambda torch, x: tuple(torch.linalg.qr(x)), tolerance32=1e-4)
        for shape in ((4, 3), (3, 3), (2, 3, 5))
    ],
    "qr_complete": [
        Case((normal(4, 3),), torch=lambda torch, x: tuple(torch.linalg.qr(x.detach(), "complete")))
    ],
    "eigh": [
        Case((_positive,), ("L",), finite_differences=False),
        Case((_positive,), ("U",), finite_differences=False),
    ],
    "svd": [Case((normal(*shape),), (False,)) for shape in ((4, 3), (3, 3), (2, 3, 4))]
    + [Case((normal(4, 3),), (True,), finite_differences=False)],
    # of float32 the conditions of these matrices leave four digits
    "pinv": [Case((normal(*shape),), PINV, _pinv, tolerance32=1e-4) for shape in ((4, 3), (3, 3), (2, 3, 5))],
    "matrix_exp": [
        Case((normal(3, 3),), torch=lambda torch, x: torch.matrix_exp(x)),
        Case((exactly(np.zeros((2, 2))),), torch=lambda torch, x: torch.matrix_exp(x)),
    ],
    "lu": [Case((normal(*shape),), torch=_lu, tolerance32=1e-4) for shape in ((4, 4), (2, 3, 5), (5, 3))],
    "pivot_order": [
        Case(
            (exactly([[3, 3, 3], [2, 3, 3]], "int32"),),
            (4,),
            lambda torch, pivots, rows: torch.lu_unpack(torch.eye(rows, 3).expand(2, rows, 3), pivots)[
                0
            ].mT.argmax(-1),
        )
    ],
}
