"""Linear algebra under the names of torch.linalg, for real matrices."""

from engine.tensor.decompositions import (
    cholesky,
    eigh,
    eigvalsh,
    matrix_exp,
    matrix_rank,
    pinv,
    svdvals,
)
from engine.tensor.decompositions import linalg_qr as qr
from engine.tensor.decompositions import linalg_svd as svd
from engine.tensor.distances import cross as _cross
from engine.tensor.elimination import householder_product, lu_factor, lu_factor_ex
from engine.tensor.elimination import linalg_lu as lu
from engine.tensor.elimination import linalg_lu_solve as lu_solve
from engine.tensor.matrix_norms import (
    cond,
    diagonal,
    matrix_norm,
    multi_dot,
    vander,
    vecdot,
    vector_norm,
)
from engine.tensor.matrix_norms import linalg_norm as norm
from engine.tensor.products import matmul
from engine.tensor.refusals import explain
from engine.tensor.solvers import (
    cholesky_ex,
    det,
    inv_ex,
    lstsq,
    matrix_power,
    slogdet,
    solve,
    solve_ex,
    solve_triangular,
    tensorinv,
    tensorsolve,
)
from engine.tensor.solvers import inverse as inv
from engine.tensor.tensor import Tensor

__all__ = [
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors along an axis of size 3; the others broadcast."""
    return _cross(input, other, dim)


explain(globals(), __all__)
