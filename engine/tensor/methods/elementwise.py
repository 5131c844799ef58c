"""What a tensor computes element by element."""

from engine.autograd.tape import Variable
from engine.tensor import arithmetic, comparison, transcendental


class ElementwiseMethods(Variable):
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
    __lt__ = comparison.lt
    __le__ = comparison.le
    __gt__ = comparison.gt
    __ge__ = comparison.ge
    __and__ = __rand__ = comparison.bitwise_and
    __or__ = __ror__ = comparison.bitwise_or
    __xor__ = __rxor__ = comparison.bitwise_xor
    __invert__ = comparison.bitwise_not
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
    multiply, divide, subtract = arithmetic.mul, arithmetic.div, arithmetic.sub
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
