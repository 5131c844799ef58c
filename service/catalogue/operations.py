"""The engine's catalogues as JSON text with their entity tags. They change with the software only."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache

from engine.spec import catalogue

KINDS = ("layers", "optimizers", "losses", "schedulers", "transforms")


@dataclass(frozen=True)
class Printed:
    text: str
    etag: str


@cache
def printed(kind: str) -> Printed:
    """The list object of one of KINDS (schemas.Catalogue)."""
    entries = catalogue(kind)
    listed = {
        "object": "list",
        "data": entries,
        "first_id": entries[0]["type"] if entries else None,
        "last_id": entries[-1]["type"] if entries else None,
        "has_more": False,
    }
    text = json.dumps(listed, ensure_ascii=False)
    return Printed(text, f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"')
