"""The table of a tensor's methods: each is a function of one of the families."""

from engine.tensor.methods.arrangement import ArrangementMethods
from engine.tensor.methods.asking import AskingMethods
from engine.tensor.methods.elementwise import ElementwiseMethods
from engine.tensor.methods.in_place import InPlaceMethods
from engine.tensor.methods.making import MakingMethods
from engine.tensor.methods.placement import PlacementMethods
from engine.tensor.methods.summaries import SummaryMethods


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


__all__ = ["Methods"]
