"""Layers, and what they are built from; each file says itself which of its names belong here."""

from typing import TYPE_CHECKING

from engine.nn import (
    activation,
    adaptive_pooling,
    attention,
    batch_norm,
    cells,
    containers,
    conv,
    conv_transpose,
    distance,
    dropout,
    embedding,
    functional,
    init,
    linear,
    loss,
    margin,
    norm,
    padding,
    parallel,
    parameters,
    patches,
    pooling,
    rectifier,
    rnn,
    rnn_base,
    shape,
    softmax,
    transformer,
    transformer_layers,
    unpooling,
    upsampling,
    utils,
)
from engine.nn.activation import *
from engine.nn.adaptive_pooling import *
from engine.nn.attention import *
from engine.nn.batch_norm import *
from engine.nn.cells import *
from engine.nn.containers import *
from engine.nn.conv import *
from engine.nn.conv_transpose import *
from engine.nn.distance import *
from engine.nn.dropout import *
from engine.nn.embedding import *
from engine.nn.linear import *
from engine.nn.loss import *
from engine.nn.margin import *
from engine.nn.module import Module
from engine.nn.norm import *
from engine.nn.padding import *
from engine.nn.parallel import DataParallel
from engine.nn.parameter import Parameter
from engine.nn.parameters import *
from engine.nn.patches import *
from engine.nn.pooling import *
from engine.nn.rectifier import *
from engine.nn.rnn import *
from engine.nn.rnn_base import *
from engine.nn.shape import *
from engine.nn.softmax import *
from engine.nn.transformer import *
from engine.nn.transformer_layers import *
from engine.nn.unpooling import *
from engine.nn.upsampling import *

if not TYPE_CHECKING:  # what isn't there stays an error to type checkers
    from engine.nn.absences import missing as __getattr__  # noqa: F401 - Python asks it

__all__ = ["DataParallel", "Module", "Parameter", "functional", "init", "parallel", "utils"]
__all__ += activation.__all__
__all__ += adaptive_pooling.__all__
__all__ += attention.__all__
__all__ += batch_norm.__all__
__all__ += cells.__all__
__all__ += containers.__all__
__all__ += conv.__all__
__all__ += conv_transpose.__all__
__all__ += distance.__all__
__all__ += dropout.__all__
__all__ += embedding.__all__
__all__ += linear.__all__
__all__ += loss.__all__
__all__ += margin.__all__
__all__ += norm.__all__
__all__ += parameters.__all__
__all__ += padding.__all__
__all__ += patches.__all__
__all__ += pooling.__all__
__all__ += rectifier.__all__
__all__ += rnn.__all__
__all__ += rnn_base.__all__
__all__ += shape.__all__
__all__ += softmax.__all__
__all__ += transformer.__all__
__all__ += transformer_layers.__all__
__all__ += unpooling.__all__
__all__ += upsampling.__all__
