"""What the inputs of a node name: a node, or one of the values of a node that gives several.

"lstm" is what the node gives; of several values the first. "lstm.1.0" is the first part of the second.
"""

import re
from collections.abc import Mapping
from typing import Any

from engine.spec.complaints import show
from engine.tensor import Tensor

PARTS_PATTERN = r"(\.[0-9]{1,3}){0,3}"  # after the name of a node
REFERENCE = re.compile(rf"[^.]*{PARTS_PATTERN}\Z")


class NoSuchValue(Exception):
    """A reference doesn't fit what its node gives. The message says why."""


def source_of(reference: str) -> str:
    """The node that is named."""
    return reference.partition(".")[0]


def value_of(values: Mapping[str, Any], reference: str) -> Tensor:
    """The tensor that is named, from what each node gives. Raises NoSuchValue."""
    value = values[source_of(reference)]
    for digits in reference.split(".")[1:]:
        if isinstance(value, Tensor):
            raise NoSuchValue(f"{show(reference)} names a part of a single value; leave the number out")
        if not isinstance(value, tuple | list):
            raise NoSuchValue(f"{show(reference)} isn't there: the layer gives nothing at that place")
        if int(digits) >= len(value):
            raise NoSuchValue(f"{show(reference)} isn't there: {_extent(len(value))}")
        value = value[int(digits)]
    return first_of(value)


def first_of(value: Any) -> Tensor:
    """The value, or of several the first."""
    while isinstance(value, tuple | list) and value:
        value = value[0]
    if not isinstance(value, Tensor):
        raise NoSuchValue("it is no tensor" if value is not None else "it is given nothing")
    return value


def _extent(count: int) -> str:
    return f"there are {count} values, numbered from 0" if count > 1 else "there is one value, number 0"
