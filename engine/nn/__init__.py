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
from engine.nn.activation import *  # noqa: F403
from engine.nn.adaptive_pooling import *  # noqa: F403
from engine.nn.attention import *  # noqa: F403
from engine.nn.batch_norm import *  # noqa: F403
from engine.nn.cells import *  # noqa: F403
from engine.nn.containers import *  # noqa: F403
from engine.nn.conv import *  # noqa: F403
from engine.nn.conv_transpose import *  # noqa: F403
from engine.nn.distance import *  # noqa: F403
from engine.nn.dropout import *  # noqa: F403
from engine.nn.embedding import *  # noqa: F403
from engine.nn.linear import *  # noqa: F403
from engine.nn.loss import *  # noqa: F403
from engine.nn.margin import *  # noqa: F403
from engine.nn.module import Module
from engine.nn.norm import *  # noqa: F403
from engine.nn.padding import *  # noqa: F403
from engine.nn.parallel import DataParallel
from engine.nn.parameter import Parameter
from engine.nn.parameters import *  # noqa: F403
from engine.nn.patches import *  # noqa: F403
from engine.nn.pooling import *  # noqa: F403
from engine.nn.rectifier import *  # noqa: F403
from engine.nn.rnn import *  # noqa: F403
from engine.nn.rnn_base import *  # noqa: F403
from engine.nn.shape import *  # noqa: F403
from engine.nn.softmax import *  # noqa: F403
from engine.nn.transformer import *  # noqa: F403
from engine.nn.transformer_layers import *  # noqa: F403
from engine.nn.unpooling import *  # noqa: F403
from engine.nn.upsampling import *  # noqa: F403

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
