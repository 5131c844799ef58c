"""`python -m service`: the API server, on the settings of the environment."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from types import FrameType

import uvicorn
from pydantic import ValidationError

from service.app import create_app
from service.settings import Settings, complaint
from service.web.context import Context
from service.web.gate import request_id
from service.web.protocol import Protocol

log = logging.getLogger("service")

GRACE_S = 2  # for answers that are under way when the server is told to stop


class Server(uvicorn.Server):
    """Tells the open streams to end before it waits for them."""

    def __init__(self, config: uvicorn.Config, context: Context) -> None:
        super().__init__(config)
        self.context = context

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            log.info("listening on http://%s:%d", f"[{host}]" if ":" in host else host, port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.context.closing.set()
        await super().shutdown(sockets)


class _Named(logging.Filter):
    """Gives every record the name of the request that it was made for."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


def log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Named())
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s")
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("uvicorn.error", "httpx", "celery", "kombu", "amqp"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def main() -> int:
    try:
        settings = Settings()
    except ValidationError as error:
        sys.stderr.write(complaint(error))
        return 2
    log_to_stderr(settings.log_level)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=Protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_S,
    )
    for stop in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has shut down; by then there is nothing left to end
        signal.signal(stop, _ignore)
    server = Server(config, app.state.context)
    server.run()
    return 0 if server.started else 1


def _ignore(signum: int, frame: FrameType | None) -> None:
    return None


if __name__ == "__main__":
    sys.exit(main())
