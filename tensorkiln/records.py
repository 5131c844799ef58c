"""What the service answers with, as frozen and typed records."""

import copy
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from tensorkiln.errors import APIError


class Record(BaseModel):
    """A JSON object of the API. Fields that a newer service adds are kept as attributes."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    _sent: dict[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def parse(cls, sent: Mapping[str, Any]) -> Self:
        """Raises APIError where the object lacks what this SDK cannot do without."""
        try:
            record = cls.model_validate(dict(sent))
        except ValidationError as fault:
            place = ".".join(str(part) for part in fault.errors()[0]["loc"])
            raise APIError(
                f"the service sent a {cls.__name__.lower()} that this SDK cannot read (at {place}): "
                "do their versions match?",
                status=200,
                code="unreadable",
            ) from fault
        record._sent = dict(sent)
        return record

    def to_dict(self) -> dict[str, Any]:
        """The object as the service sent it."""
        return copy.deepcopy(self._sent)
