"""What a tensor makes, converts and overwrites."""

from engine.autograd.tape import Variable
from engine.tensor import conversions, creation, draws, random


class MakingMethods(Variable):
    __slots__ = ()

    new_empty = creation.new_empty
    new_full = creation.new_full
    new_zeros = creation.new_zeros
    new_ones = creation.new_ones
    new_tensor = creation.new_tensor
    bernoulli = random.bernoulli
    multinomial = draws.multinomial
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
