"""The functions behind the layers; each file says itself which of its names belong here."""

from engine.nn.functional import (
    adaptive_pools,
    attention,
    classification,
    convolutions,
    ctc,
    distances,
    dropouts,
    embeddings,
    grids,
    losses,
    margins,
    mixing,
    norms,
    padding,
    patches,
    pools,
    resizing,
    vectors,
)
from engine.nn.functional.adaptive_pools import *
from engine.nn.functional.attention import *
from engine.nn.functional.classification import *
from engine.nn.functional.convolutions import *
from engine.nn.functional.ctc import *
from engine.nn.functional.distances import *
from engine.nn.functional.dropouts import *
from engine.nn.functional.embeddings import *
from engine.nn.functional.grids import *
from engine.nn.functional.losses import *
from engine.nn.functional.margins import *
from engine.nn.functional.mixing import *
from engine.nn.functional.norms import *
from engine.nn.functional.padding import *
from engine.nn.functional.patches import *
from engine.nn.functional.pools import *
from engine.nn.functional.resizing import *
from engine.nn.functional.vectors import *
from engine.tensor import activations
from engine.tensor.activations import *
from engine.tensor.arithmetic import sigmoid, tanh
from engine.tensor.products import linear
from engine.tensor.refusals import explain

__all__ = ["linear", "sigmoid", "tanh"]
__all__ += activations.__all__
__all__ += adaptive_pools.__all__
__all__ += attention.__all__
__all__ += classification.__all__
__all__ += convolutions.__all__
__all__ += ctc.__all__
__all__ += distances.__all__
__all__ += dropouts.__all__
__all__ += embeddings.__all__
__all__ += grids.__all__
__all__ += losses.__all__
__all__ += margins.__all__
__all__ += mixing.__all__
__all__ += norms.__all__
__all__ += padding.__all__
__all__ += patches.__all__
__all__ += pools.__all__
__all__ += resizing.__all__
__all__ += vectors.__all__

explain(globals(), __all__)
