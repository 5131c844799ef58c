"""What a tensor places by index, counts, and takes from order statistics and distances."""

from engine.autograd.tape import Variable
from engine.tensor import (
    counting,
    distances,
    grids,
    orders,
    scattering,
    shapes,
    statistics,
    strides,
    transcendental,
)


class PlacementMethods(Variable):
    __slots__ = ()

    index_put = scattering.index_put
    index_reduce = scattering.index_reduce
    put = scattering.put
    scatter_reduce = scattering.scatter_reduce
    as_strided = strides.as_strided
    as_strided_scatter = strides.as_strided_scatter
    adjoint = shapes.adjoint
    argwhere = grids.argwhere
    nonzero_static = grids.nonzero_static
    bincount = counting.bincount
    histc = counting.histc
    histogram = counting.histogram
    unique = counting.unique
    unique_consecutive = counting.unique_consecutive
    corrcoef = statistics.corrcoef
    cov = statistics.cov
    mode = statistics.mode
    nanmedian = statistics.nanmedian
    nanquantile = statistics.nanquantile
    quantile = statistics.quantile
    cross = distances.cross
    renorm = distances.renorm
    frexp = transcendental.frexp
    logcumsumexp = orders.logcumsumexp
