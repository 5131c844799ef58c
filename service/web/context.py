"""What endpoints reach the rest of the process by: settings, store and doorbell, opened once per app."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from service.settings import Settings
from service.store import Store
from service.store.doorbell import Doorbell


@dataclass(frozen=True)
class Context:
    settings: Settings
    store: Store
    doorbell: Doorbell
    ringers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(4))  # threads that ring
    closing: asyncio.Event = field(
        default_factory=asyncio.Event
    )  # set when the server wants open streams to end


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _store(request: Request) -> Store:
    return _context(request).store


InContext = Annotated[Context, Depends(_context)]
InStore = Annotated[Store, Depends(_store)]
