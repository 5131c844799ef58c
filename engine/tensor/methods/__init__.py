"""The table of a tensor's methods: each is a function of one of the families."""

import inspect

from engine.tensor.methods.arrangement import ArrangementMethods
from engine.tensor.methods.asking import AskingMethods
from engine.tensor.methods.elementwise import ElementwiseMethods
from engine.tensor.methods.in_place import InPlaceMethods
from engine.tensor.methods.making import MakingMethods
from engine.tensor.methods.placement import PlacementMethods
from engine.tensor.methods.summaries import SummaryMethods
from engine.tensor.refusals import explained


class Methods(
    ElementwiseMethods,
    ArrangementMethods,
    SummaryMethods,
    PlacementMethods,
    MakingMethods,
    InPlaceMethods,
    AskingMethods,
):
    """The part of Tensor that needs no code of its own; `Tensor` is what its functions take."""

    __slots__ = ()


# what is called most goes without: a frame costs a twentieth of the smallest op, and operands are checked as
# they are brought together
_PLAIN = frozenset(("engine.tensor.arithmetic", "engine.tensor.comparison"))

for _family in Methods.__bases__:
    for _name, _method in explained(
        {
            name: method
            for name, method in vars(_family).items()
            if inspect.isfunction(method) and not name.startswith("__") and method.__module__ not in _PLAIN
        }
    ).items():
        setattr(_family, _name, _method)

__all__ = ["Methods"]
