"""Tensorkiln's autograd engine, with PyTorch's names: `import engine as torch`.

Where the engine differs from PyTorch, it refuses with a message rather than giving other numbers.
"""

from math import e, inf, nan, pi
from typing import TYPE_CHECKING

# some names below hide Python's own (bool, float, int, abs, all, any, max, min, pow, round, sum)
from engine import (
    amp,
    audio,
    autograd,
    backends,
    cuda,
    distributions,
    fft,
    func,
    linalg,
    masked,
    nn,
    optim,
    signal,
    special,
    testing,
    text,
    utils,
    vision,
)
from engine.amp import (
    GradScaler,
    autocast,
    get_autocast_dtype,
    is_autocast_cache_enabled,
    is_autocast_enabled,
)
from engine.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from engine.backends import accelerator, mps
from engine.capture import capture, profile
from engine.device import Device as device
from engine.device import get_default_device, set_default_device
from engine.dtypes import DType as dtype
from engine.dtypes import (
    bfloat16,
    complex64,
    complex128,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    set_default_dtype,
    uint8,
)
from engine.dtypes import bool_ as bool
from engine.dtypes import complex64 as cfloat
from engine.dtypes import complex128 as cdouble
from engine.dtypes import float16 as half
from engine.dtypes import float32 as float
from engine.dtypes import float64 as double
from engine.dtypes import int16 as short
from engine.dtypes import int32 as int
from engine.dtypes import int64 as long
from engine.nn.functional import face, shown
from engine.nn.functional.face import *
from engine.nn.functional.shown import *
from engine.serialization import load, save
from engine.signal import spectrogram
from engine.signal.spectrogram import *
from engine.tensor import (
    Generator,
    Tensor,
    aliases,
    arithmetic,
    behaviour,
    blends,
    blocks,
    comparison,
    copies,
    counting,
    creation,
    decompositions,
    distances,
    draws,
    elimination,
    grids,
    indexing,
    layouts,
    matrix_norms,
    norms,
    orders,
    outputs,
    placing,
    products,
    promotion,
    random,
    reductions,
    scattering,
    shapes,
    solvers,
    specials,
    statistics,
    strides,
    transcendental,
    typed,
)
from engine.tensor import (
    complex as complex_numbers,
)

# each family says itself which of its names belong here
from engine.tensor.aliases import *
from engine.tensor.arithmetic import *
from engine.tensor.behaviour import *
from engine.tensor.blends import *
from engine.tensor.blocks import *
from engine.tensor.comparison import *
from engine.tensor.complex import *
from engine.tensor.copies import *
from engine.tensor.counting import *
from engine.tensor.creation import *
from engine.tensor.decompositions import *
from engine.tensor.distances import *
from engine.tensor.draws import *
from engine.tensor.elimination import *
from engine.tensor.grids import *
from engine.tensor.indexing import *
from engine.tensor.layouts import *
from engine.tensor.matrix_norms import *
from engine.tensor.norms import *
from engine.tensor.orders import *
from engine.tensor.placing import *
from engine.tensor.printing import set_printoptions
from engine.tensor.products import *
from engine.tensor.promotion import *
from engine.tensor.random import *
from engine.tensor.reductions import *
from engine.tensor.refusals import explain
from engine.tensor.scattering import *
from engine.tensor.shapes import *
from engine.tensor.size import Size
from engine.tensor.solvers import *
from engine.tensor.specials import *
from engine.tensor.statistics import *
from engine.tensor.strides import *
from engine.tensor.transcendental import *
from engine.tensor.typed import *

# as in pyproject.toml; asking the installed package for it would import the network
__version__ = "0.1.0"
newaxis = None

if not TYPE_CHECKING:  # what isn't there stays an error to type checkers
    from engine.utils.absences import missing as __getattr__  # noqa: F401 - Python asks it

# last, in place of the functions that they extend
globals().update({name: getattr(outputs, name) for name in outputs.__all__})

__all__ = [
    "Generator",
    "GradScaler",
    "Size",
    "Tensor",
    "__version__",
    "accelerator",
    "amp",
    "audio",
    "autocast",
    "autograd",
    "backends",
    "bfloat16",
    "bool",
    "capture",
    "cdouble",
    "cfloat",
    "complex64",
    "complex128",
    "cuda",
    "device",
    "distributions",
    "double",
    "dtype",
    "e",
    "enable_grad",
    "fft",
    "finfo",
    "float",
    "float16",
    "float32",
    "float64",
    "func",
    "get_autocast_dtype",
    "get_default_device",
    "get_default_dtype",
    "half",
    "iinfo",
    "inf",
    "inference_mode",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_autocast_cache_enabled",
    "is_autocast_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "linalg",
    "load",
    "long",
    "masked",
    "mps",
    "nan",
    "newaxis",
    "nn",
    "no_grad",
    "optim",
    "pi",
    "profile",
    "promote_types",
    "save",
    "set_default_device",
    "set_default_dtype",
    "set_grad_enabled",
    "set_printoptions",
    "short",
    "signal",
    "special",
    "testing",
    "text",
    "uint8",
    "utils",
    "vision",
]

__all__ += aliases.__all__
__all__ += arithmetic.__all__
__all__ += behaviour.__all__
__all__ += blends.__all__
__all__ += blocks.__all__
__all__ += comparison.__all__
__all__ += complex_numbers.__all__
__all__ += copies.__all__
__all__ += counting.__all__
__all__ += creation.__all__
__all__ += decompositions.__all__
__all__ += distances.__all__
__all__ += draws.__all__
__all__ += elimination.__all__
__all__ += face.__all__
__all__ += grids.__all__
__all__ += indexing.__all__
__all__ += layouts.__all__
__all__ += matrix_norms.__all__
__all__ += norms.__all__
__all__ += orders.__all__
__all__ += placing.__all__
__all__ += products.__all__
__all__ += promotion.__all__
__all__ += random.__all__
__all__ += reductions.__all__
__all__ += scattering.__all__
__all__ += shapes.__all__
__all__ += shown.__all__
__all__ += solvers.__all__
__all__ += specials.__all__
__all__ += spectrogram.__all__
__all__ += statistics.__all__
__all__ += strides.__all__
__all__ += transcendental.__all__
__all__ += typed.__all__

explain(globals(), __all__)
