"""The doorbell: Celery messages that tell workers to look at the database.

A message carries a name and nothing else. Losing, repeating or reordering messages is harmless: the row is
what counts, and the reconciler rings again.
"""

from __future__ import annotations

import logging

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from service.settings import Settings

RUN_JOB = "workers.run_job"
PREPARE_DATASET = "workers.prepare_dataset"
QUEUE = "kiln"

log = logging.getLogger("kiln.doorbell")


def celery_app(settings: Settings) -> Celery:
    """The Celery application, for ringing as for answering: no results, JSON only, acknowledged early."""
    app = Celery("kiln", broker=settings.broker, set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        # a busy worker that held one more message would keep it from an idle one
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        # concerns late acknowledgement alone, which we don't use; False warns at every lost connection
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_enable_prefetch_count_reduction=False,
        broker_connection_timeout=2.0,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_connect_timeout": 2.0,
            "socket_timeout": 10.0,
            "retry_on_timeout": True,
        },
    )
    return app


class Doorbell:
    """Rings for jobs and datasets. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._app = celery_app(settings)
        # one try: the row is the outbox, so nobody needs to wait for a broker that isn't there
        options = self._app.conf.broker_transport_options
        self._app.conf.broker_transport_options = {**options, "max_retries": 0}
        self._client = Redis.from_url(settings.redis, socket_connect_timeout=2.0, socket_timeout=2.0)

    def ring(self, task: str, name: str) -> bool:
        """Send one message. False, with a warning in the log, if the broker is away: nothing is lost."""
        try:
            self._app.send_task(task, args=[name], queue=QUEUE, ignore_result=True, retry=False)
        except (OperationalError, OSError) as error:  # Redis' own errors come as the former
            log.warning(
                "the broker did not take the message for %s (%s); the reconciler will ring again", name, error
            )
            return False
        return True

    def run_job(self, job_id: str) -> bool:
        return self.ring(RUN_JOB, job_id)

    def prepare_dataset(self, name: str) -> bool:
        return self.ring(PREPARE_DATASET, name)

    def reachable(self) -> bool:
        """Whether the broker answers now."""
        try:
            self._client.ping()
        except (RedisError, OSError):
            return False
        return True

    def close(self) -> None:
        self._app.close()
        self._client.close()
