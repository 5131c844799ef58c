"""`python -m workers`: one worker process, configured by the KILN_ variables."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
import warnings

from celery.exceptions import SecurityWarning
from celery.signals import setup_logging
from pydantic import ValidationError

from service.settings import Settings, complaint
from workers.app import worker_app
from workers.host import Host


def main() -> int:
    try:
        settings = Settings()
    except ValidationError as error:
        sys.stderr.write(complaint(error))
        return 2
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S"
    )
    for chatty in ("celery", "kombu", "amqp"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))
    setup_logging.connect(_leave_logging_alone)
    # in containers every worker may have the same process id, and gets it again after a restart
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    # Celery's reason against root is pickle, which this worker refuses (doorbell.celery_app)
    warnings.simplefilter("ignore", SecurityWarning)
    host = Host(settings, worker_id)
    app = worker_app(settings, host)
    arguments = ["--quiet", "worker", f"--concurrency={settings.worker_concurrency}"]
    arguments += [f"--hostname={worker_id}", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    host.start()
    try:
        app.worker_main(arguments)
    except SystemExit as ended:  # how Celery leaves after a signal
        return ended.code if isinstance(ended.code, int) else 0
    finally:
        host.close()
    return 0


def _leave_logging_alone(**_: object) -> None:
    """That somebody listens to this signal keeps Celery from lowering the root logger to its own level."""


if __name__ == "__main__":
    sys.exit(main())
