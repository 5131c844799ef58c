"""The table of a tensor's methods: each is a function of one of the families."""

from engine.autograd.tape import Variable
from engine.tensor import (
    arithmetic,
    blends,
    blocks,
    comparison,
    conversions,
    creation,
    indexing,
    inplace,
    orders,
    placing,
    products,
    random,
    reductions,
    shapes,
    transcendental,
)


class Methods(Variable):
    """The part of Tensor that needs no code of its own; `Tensor` is what its functions take."""

    __slots__ = ()

    __add__ = __radd__ = arithmetic.add
    __sub__ = arithmetic.sub
    __rsub__ = arithmetic.rsub
    __mul__ = __rmul__ = arithmetic.mul
    __truediv__ = arithmetic.div
    __rtruediv__ = arithmetic.rdiv
    __floordiv__ = arithmetic.floor_divide
    __rfloordiv__ = arithmetic.rfloordiv
    __mod__ = arithmetic.remainder
    __pow__ = arithmetic.pow
    __rpow__ = arithmetic.rpow
    __neg__ = arithmetic.neg
    __abs__ = arithmetic.abs
    __matmul__ = products.matmul
    __rmatmul__ = products.rmatmul
    __lt__ = comparison.lt
    __le__ = comparison.le
    __gt__ = comparison.gt
    __ge__ = comparison.ge
    __and__ = __rand__ = comparison.bitwise_and
    __or__ = __ror__ = comparison.bitwise_or
    __xor__ = __rxor__ = comparison.bitwise_xor
    __invert__ = comparison.bitwise_not
    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem
    __iadd__ = inplace.add_
    __isub__ = inplace.sub_
    __imul__ = inplace.mul_
    __itruediv__ = inplace.div_
    __ipow__ = inplace.pow_

    add = arithmetic.add
    sub = arithmetic.sub
    mul = arithmetic.mul
    div = arithmetic.div
    pow = arithmetic.pow
    floor_divide = arithmetic.floor_divide
    remainder = arithmetic.remainder
    maximum = arithmetic.maximum
    minimum = arithmetic.minimum
    clamp = arithmetic.clamp
    clamp_min = arithmetic.clamp_min
    clamp_max = arithmetic.clamp_max
    neg = arithmetic.neg
    abs = arithmetic.abs
    sign = arithmetic.sign
    floor = arithmetic.floor
    ceil = arithmetic.ceil
    round = arithmetic.round
    trunc = arithmetic.trunc
    square = arithmetic.square
    exp = arithmetic.exp
    expm1 = arithmetic.expm1
    log = arithmetic.log
    log2 = arithmetic.log2
    log10 = arithmetic.log10
    log1p = arithmetic.log1p
    sqrt = arithmetic.sqrt
    rsqrt = arithmetic.rsqrt
    reciprocal = arithmetic.reciprocal
    sin = arithmetic.sin
    cos = arithmetic.cos
    tan = arithmetic.tan
    tanh = arithmetic.tanh
    sigmoid = arithmetic.sigmoid
    erf = arithmetic.erf
    relu = arithmetic.relu
    isnan = arithmetic.isnan
    isinf = arithmetic.isinf
    isfinite = arithmetic.isfinite
    multiply, divide, subtract = mul, div, sub

    acos = transcendental.acos
    acosh = transcendental.acosh
    addcdiv = transcendental.addcdiv
    addcmul = transcendental.addcmul
    angle = transcendental.angle
    asin = transcendental.asin
    asinh = transcendental.asinh
    atan = transcendental.atan
    atan2 = transcendental.atan2
    atanh = transcendental.atanh
    bitwise_left_shift = transcendental.bitwise_left_shift
    bitwise_right_shift = transcendental.bitwise_right_shift
    copysign = transcendental.copysign
    cosh = transcendental.cosh
    deg2rad = transcendental.deg2rad
    exp2 = transcendental.exp2
    float_power = transcendental.float_power
    fmax = transcendental.fmax
    fmin = transcendental.fmin
    fmod = transcendental.fmod
    frac = transcendental.frac
    gcd = transcendental.gcd
    heaviside = transcendental.heaviside
    hypot = transcendental.hypot
    isneginf = transcendental.isneginf
    isposinf = transcendental.isposinf
    isreal = transcendental.isreal
    lcm = transcendental.lcm
    ldexp = transcendental.ldexp
    lerp = transcendental.lerp
    logaddexp = transcendental.logaddexp
    logaddexp2 = transcendental.logaddexp2
    logit = transcendental.logit
    nan_to_num = transcendental.nan_to_num
    nextafter = transcendental.nextafter
    positive = transcendental.positive
    rad2deg = transcendental.rad2deg
    sgn = transcendental.sgn
    signbit = transcendental.signbit
    sinc = transcendental.sinc
    sinh = transcendental.sinh
    true_divide = transcendental.true_divide
    xlogy = transcendental.xlogy
    bitwise_and = comparison.bitwise_and
    bitwise_or = comparison.bitwise_or
    bitwise_xor = comparison.bitwise_xor
    bitwise_not = comparison.bitwise_not
    __rmod__ = arithmetic.rmod
    __lshift__ = transcendental.bitwise_left_shift
    __rshift__ = transcendental.bitwise_right_shift
    __rdiv__ = arithmetic.rdiv

    eq = comparison.eq
    ne = comparison.ne
    lt = comparison.lt
    le = comparison.le
    gt = comparison.gt
    ge = comparison.ge
    logical_and = comparison.logical_and
    logical_or = comparison.logical_or
    logical_xor = comparison.logical_xor
    logical_not = comparison.logical_not
    equal = comparison.equal
    isclose = comparison.isclose
    allclose = comparison.allclose

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
    norm = reductions.norm
    logsumexp = reductions.logsumexp
    cumsum = reductions.cumsum
    softmax = reductions.softmax
    log_softmax = reductions.log_softmax

    reshape = shapes.reshape
    view = shapes.view
    view_as = shapes.view_as
    flatten = shapes.flatten
    unflatten = shapes.unflatten
    squeeze = shapes.squeeze
    unsqueeze = shapes.unsqueeze
    permute = shapes.permute
    transpose = shapes.transpose
    t = shapes.t
    movedim = shapes.movedim
    expand = shapes.expand
    expand_as = shapes.expand_as
    broadcast_to = shapes.broadcast_to
    repeat = shapes.repeat
    narrow = shapes.narrow
    select = shapes.select
    unbind = shapes.unbind
    split = shapes.split
    chunk = shapes.chunk
    flip = shapes.flip
    tril = shapes.tril
    triu = shapes.triu
    clone = shapes.clone
    contiguous = shapes.contiguous

    nonzero = indexing.nonzero
    masked_select = indexing.masked_select
    masked_fill = indexing.masked_fill
    index_select = indexing.index_select
    gather = indexing.gather
    scatter_add = indexing.scatter_add

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

    dsplit = blocks.dsplit
    fliplr = blocks.fliplr
    flipud = blocks.flipud
    hsplit = blocks.hsplit
    ravel = blocks.ravel
    repeat_interleave = blocks.repeat_interleave
    reshape_as = blocks.reshape_as
    roll = blocks.roll
    rot90 = blocks.rot90
    split_with_sizes = blocks.split_with_sizes
    tensor_split = blocks.tensor_split
    tile = blocks.tile
    unfold = blocks.unfold
    unsafe_chunk = blocks.unsafe_chunk
    unsafe_split = blocks.unsafe_split
    vsplit = blocks.vsplit

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

    diag = placing.diag
    diag_embed = placing.diag_embed
    diagflat = placing.diagflat
    diagonal = placing.diagonal
    diagonal_scatter = placing.diagonal_scatter
    index_add = placing.index_add
    index_copy = placing.index_copy
    index_fill = placing.index_fill
    masked_scatter = placing.masked_scatter
    scatter = placing.scatter
    select_scatter = placing.select_scatter
    slice_scatter = placing.slice_scatter
    take = placing.take
    take_along_dim = placing.take_along_dim

    new_zeros = creation.new_zeros
    new_ones = creation.new_ones
    new_tensor = creation.new_tensor

    bernoulli = random.bernoulli
    uniform_ = random.uniform_
    normal_ = random.normal_

    add_ = inplace.add_
    sub_ = inplace.sub_
    mul_ = inplace.mul_
    div_ = inplace.div_
    pow_ = inplace.pow_
    neg_ = inplace.neg_
    abs_ = inplace.abs_
    exp_ = inplace.exp_
    log_ = inplace.log_
    sqrt_ = inplace.sqrt_
    tanh_ = inplace.tanh_
    sigmoid_ = inplace.sigmoid_
    relu_ = inplace.relu_
    clamp_ = inplace.clamp_
    copy_ = inplace.copy_
    fill_ = inplace.fill_
    zero_ = inplace.zero_

    to = conversions.to
    type_as = conversions.type_as
    double = conversions.double
    long = conversions.long
    short = conversions.short
    byte = conversions.byte
    cpu = conversions.cpu

    # these names hide Python's types, here only
    float = conversions.float_
    int = conversions.int_
    bool = conversions.bool_
