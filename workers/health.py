"""`python -m workers.health`: exit status 0 if a worker on this host has signed the database lately.

A container's health check: it asks what the service itself goes by, the heartbeat.
"""

import socket
import sys

from sqlalchemy.exc import SQLAlchemyError

from service.settings import Settings
from service.store import Store, workers


def main() -> int:
    host = socket.gethostname()
    store = Store.open(Settings())
    try:
        with store.read() as session:
            alive = [worker.id for worker in workers.alive(session)]
    except SQLAlchemyError as error:
        sys.stderr.write(f"the database does not answer: {type(error).__name__}\n")
        return 1
    finally:
        store.close()
    if any(name.rsplit("-", 2)[0] == host for name in alive):
        return 0
    sys.stderr.write(f"no worker of {host} has a fresh heartbeat\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
