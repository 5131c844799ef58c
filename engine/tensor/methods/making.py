"""What a tensor makes, converts and overwrites."""

from engine.autograd.tape import Variable
from engine.tensor import conversions, creation, draws, inplace, random


class MakingMethods(Variable):
    __slots__ = ()

    __iadd__ = inplace.add_
    __isub__ = inplace.sub_
    __imul__ = inplace.mul_
    __itruediv__ = inplace.div_
    __ipow__ = inplace.pow_
    new_empty = creation.new_empty
    new_full = creation.new_full
    new_zeros = creation.new_zeros
    new_ones = creation.new_ones
    new_tensor = creation.new_tensor
    bernoulli = random.bernoulli
    multinomial = draws.multinomial
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
    half = conversions.half
    bfloat16 = conversions.bfloat16
    cfloat = conversions.cfloat
    cdouble = conversions.cdouble
    long = conversions.long
    short = conversions.short
    byte = conversions.byte
    cpu = conversions.cpu

    # these names hide Python's types, here only
    float = conversions.float_
    int = conversions.int_
    bool = conversions.bool_
