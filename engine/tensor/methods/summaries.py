"""What a tensor reduces, orders and multiplies."""

from engine.autograd.tape import Variable
from engine.tensor import blends, decompositions, matrix_norms, orders, products, reductions, solvers


class SummaryMethods(Variable):
    __slots__ = ()

    __matmul__ = products.matmul
    __rmatmul__ = products.rmatmul
    sum = reductions.sum
    mean = reductions.mean
    amax = reductions.amax
    amin = reductions.amin
    max = reductions.max
    min = reductions.min
    argmax = reductions.argmax
    argmin = reductions.argmin
    any = reductions.any
    all = reductions.all
    var = reductions.var
    std = reductions.std
    norm = matrix_norms.norm
    logsumexp = reductions.logsumexp
    cumsum = reductions.cumsum
    softmax = reductions.softmax
    log_softmax = reductions.log_softmax
    matmul = products.matmul
    mm = products.mm
    bmm = products.bmm
    dot = products.dot
    addbmm = blends.addbmm
    addmm = blends.addmm
    addmv = blends.addmv
    addr = blends.addr
    baddbmm = blends.baddbmm
    inner = blends.inner
    kron = blends.kron
    mv = blends.mv
    outer = blends.outer
    vdot = blends.vdot
    aminmax = orders.aminmax
    argsort = orders.argsort
    count_nonzero = orders.count_nonzero
    cummax = orders.cummax
    cummin = orders.cummin
    cumprod = orders.cumprod
    diff = orders.diff
    dist = orders.dist
    kthvalue = orders.kthvalue
    median = orders.median
    msort = orders.msort
    nanmean = orders.nanmean
    nansum = orders.nansum
    prod = orders.prod
    sort = orders.sort
    topk = orders.topk
    trace = orders.trace
    cholesky = decompositions.cholesky
    matrix_exp = decompositions.matrix_exp
    pinverse = decompositions.pinverse
    qr = decompositions.qr
    svd = decompositions.svd
    cholesky_inverse = solvers.cholesky_inverse
    cholesky_solve = solvers.cholesky_solve
    det = solvers.det
    inverse = solvers.inverse
    logdet = solvers.logdet
    matrix_power = solvers.matrix_power
    slogdet = solvers.slogdet
    triangular_solve = solvers.triangular_solve
