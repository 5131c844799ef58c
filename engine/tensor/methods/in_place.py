"""What a tensor can do to itself: element-wise functions and those that keep the shape, in place."""

from engine.autograd.tape import Variable
from engine.tensor import (
    arithmetic,
    blends,
    comparison,
    distances,
    fills,
    indexing,
    inplace,
    orders,
    placing,
    random,
    reductions,
    scattering,
    shapes,
    specials,
    transcendental,
)
from engine.tensor import complex as complex_numbers
from engine.tensor.inplace import in_place


class InPlaceMethods(Variable):
    """One line per method: the function computes, in_place writes its result back."""

    __slots__ = ()

    fill_ = inplace.fill_
    copy_ = inplace.copy_
    zero_ = inplace.zero_
    squeeze_ = inplace.squeeze_
    unsqueeze_ = inplace.unsqueeze_
    transpose_ = swapaxes_ = swapdims_ = inplace.transpose_
    t_ = inplace.t_
    fill_diagonal_ = inplace.fill_diagonal_
    bernoulli_ = fills.bernoulli_
    cauchy_ = fills.cauchy_
    exponential_ = fills.exponential_
    geometric_ = fills.geometric_
    log_normal_ = fills.log_normal_
    random_ = fills.random_
    normal_ = random.normal_
    uniform_ = random.uniform_
    abs_ = in_place(arithmetic.abs)
    absolute_ = in_place(arithmetic.abs, "absolute_")
    acos_ = in_place(transcendental.acos)
    acosh_ = in_place(transcendental.acosh)
    add_ = inplace.add_
    addbmm_ = in_place(blends.addbmm)
    addcdiv_ = in_place(transcendental.addcdiv)
    addcmul_ = in_place(transcendental.addcmul)
    addmm_ = in_place(blends.addmm)
    addmv_ = in_place(blends.addmv)
    addr_ = in_place(blends.addr)
    arccos_ = in_place(transcendental.acos, "arccos_")
    arccosh_ = in_place(transcendental.acosh, "arccosh_")
    arcsin_ = in_place(transcendental.asin, "arcsin_")
    arcsinh_ = in_place(transcendental.asinh, "arcsinh_")
    arctan2_ = in_place(transcendental.atan2, "arctan2_")
    arctan_ = in_place(transcendental.atan, "arctan_")
    arctanh_ = in_place(transcendental.atanh, "arctanh_")
    asin_ = in_place(transcendental.asin)
    asinh_ = in_place(transcendental.asinh)
    atan2_ = in_place(transcendental.atan2)
    atan_ = in_place(transcendental.atan)
    atanh_ = in_place(transcendental.atanh)
    baddbmm_ = in_place(blends.baddbmm)
    bitwise_and_ = in_place(comparison.bitwise_and)
    bitwise_left_shift_ = in_place(transcendental.bitwise_left_shift)
    bitwise_not_ = in_place(comparison.bitwise_not)
    bitwise_or_ = in_place(comparison.bitwise_or)
    bitwise_right_shift_ = in_place(transcendental.bitwise_right_shift)
    bitwise_xor_ = in_place(comparison.bitwise_xor)
    ceil_ = in_place(arithmetic.ceil)
    clamp_ = in_place(arithmetic.clamp)
    clamp_max_ = in_place(arithmetic.clamp_max)
    clamp_min_ = in_place(arithmetic.clamp_min)
    clip_ = in_place(arithmetic.clamp, "clip_")
    conj_physical_ = in_place(complex_numbers.conj_physical)
    copysign_ = in_place(transcendental.copysign)
    cos_ = in_place(arithmetic.cos)
    cosh_ = in_place(transcendental.cosh)
    cumprod_ = in_place(orders.cumprod)
    cumsum_ = in_place(reductions.cumsum)
    deg2rad_ = in_place(transcendental.deg2rad)
    digamma_ = in_place(specials.digamma)
    div_ = in_place(arithmetic.div)
    divide_ = in_place(arithmetic.divide)
    eq_ = in_place(comparison.eq)
    erf_ = in_place(arithmetic.erf)
    erfc_ = in_place(specials.erfc)
    erfinv_ = in_place(specials.erfinv)
    exp2_ = in_place(transcendental.exp2)
    exp_ = in_place(arithmetic.exp)
    expm1_ = in_place(arithmetic.expm1)
    fix_ = in_place(arithmetic.trunc, "fix_")
    float_power_ = in_place(transcendental.float_power)
    floor_ = in_place(arithmetic.floor)
    floor_divide_ = in_place(arithmetic.floor_divide)
    fmod_ = in_place(transcendental.fmod)
    frac_ = in_place(transcendental.frac)
    gcd_ = in_place(transcendental.gcd)
    ge_ = in_place(comparison.ge)
    greater_ = in_place(comparison.gt, "greater_")
    greater_equal_ = in_place(comparison.ge, "greater_equal_")
    gt_ = in_place(comparison.gt)
    heaviside_ = in_place(transcendental.heaviside)
    hypot_ = in_place(transcendental.hypot)
    i0_ = in_place(specials.i0)
    index_add_ = in_place(placing.index_add)
    index_copy_ = in_place(placing.index_copy)
    index_fill_ = in_place(placing.index_fill)
    index_put_ = in_place(scattering.index_put)
    index_reduce_ = in_place(scattering.index_reduce)
    lcm_ = in_place(transcendental.lcm)
    ldexp_ = in_place(transcendental.ldexp)
    le_ = in_place(comparison.le)
    lerp_ = in_place(transcendental.lerp)
    less_ = in_place(comparison.lt, "less_")
    less_equal_ = in_place(comparison.le, "less_equal_")
    lgamma_ = in_place(specials.lgamma)
    log10_ = in_place(arithmetic.log10)
    log1p_ = in_place(arithmetic.log1p)
    log2_ = in_place(arithmetic.log2)
    log_ = in_place(arithmetic.log)
    logical_and_ = in_place(comparison.logical_and)
    logical_not_ = in_place(comparison.logical_not)
    logical_or_ = in_place(comparison.logical_or)
    logical_xor_ = in_place(comparison.logical_xor)
    logit_ = in_place(transcendental.logit)
    lt_ = in_place(comparison.lt)
    masked_fill_ = in_place(indexing.masked_fill)
    masked_scatter_ = in_place(placing.masked_scatter)
    mul_ = in_place(arithmetic.mul)
    multiply_ = in_place(arithmetic.multiply)
    mvlgamma_ = in_place(specials.mvlgamma)
    nan_to_num_ = in_place(transcendental.nan_to_num)
    ne_ = in_place(comparison.ne)
    neg_ = in_place(arithmetic.neg)
    negative_ = in_place(arithmetic.neg, "negative_")
    nextafter_ = in_place(transcendental.nextafter)
    not_equal_ = in_place(comparison.ne, "not_equal_")
    polygamma_ = in_place(inplace.polygamma_of, "polygamma_")
    pow_ = in_place(arithmetic.pow)
    put_ = in_place(scattering.put)
    rad2deg_ = in_place(transcendental.rad2deg)
    reciprocal_ = in_place(arithmetic.reciprocal)
    relu_ = in_place(arithmetic.relu)
    remainder_ = in_place(arithmetic.remainder)
    renorm_ = in_place(distances.renorm)
    round_ = in_place(arithmetic.round)
    rsqrt_ = in_place(arithmetic.rsqrt)
    scatter_ = in_place(placing.scatter)
    scatter_add_ = in_place(indexing.scatter_add)
    scatter_reduce_ = in_place(scattering.scatter_reduce)
    sgn_ = in_place(transcendental.sgn)
    sigmoid_ = in_place(arithmetic.sigmoid)
    sign_ = in_place(arithmetic.sign)
    sin_ = in_place(arithmetic.sin)
    sinc_ = in_place(transcendental.sinc)
    sinh_ = in_place(transcendental.sinh)
    sqrt_ = in_place(arithmetic.sqrt)
    square_ = in_place(arithmetic.square)
    sub_ = in_place(arithmetic.sub)
    subtract_ = in_place(arithmetic.subtract)
    tan_ = in_place(arithmetic.tan)
    tanh_ = in_place(arithmetic.tanh)
    tril_ = in_place(shapes.tril)
    triu_ = in_place(shapes.triu)
    true_divide_ = in_place(transcendental.true_divide)
    trunc_ = in_place(arithmetic.trunc)
    xlogy_ = in_place(transcendental.xlogy)
    __iadd__ = add_
    __isub__ = sub_
    __imul__ = mul_
    __itruediv__ = div_
    __ifloordiv__ = floor_divide_
    __imod__ = remainder_
    __ipow__ = pow_
    __iand__ = bitwise_and_
    __ior__ = bitwise_or_
    __ixor__ = bitwise_xor_
    __ilshift__ = bitwise_left_shift_
    __irshift__ = bitwise_right_shift_
