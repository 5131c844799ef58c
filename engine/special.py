"""Special functions under the names of torch.special."""

from engine.tensor.arithmetic import erf, expm1, log1p, round
from engine.tensor.arithmetic import sigmoid as expit
from engine.tensor.reductions import log_softmax, logsumexp, softmax
from engine.tensor.refusals import explain
from engine.tensor.specials import (
    digamma,
    entr,
    erfc,
    erfcx,
    erfinv,
    i0,
    i0e,
    i1,
    i1e,
    log_ndtr,
    ndtr,
    ndtri,
    polygamma,
    xlog1py,
    zeta,
)
from engine.tensor.specials import digamma as psi
from engine.tensor.specials import i0 as modified_bessel_i0
from engine.tensor.specials import i1 as modified_bessel_i1
from engine.tensor.specials import lgamma as gammaln
from engine.tensor.specials import mvlgamma as multigammaln
from engine.tensor.transcendental import exp2, logit, sinc, xlogy

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
    "zeta",
]

explain(globals(), __all__)
