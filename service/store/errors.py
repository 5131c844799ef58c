"""What the store refuses.

StoreError
  StaleAttempt      an attempt that is no longer the job's current one tried to write
  UnknownJob        no job has this id
  JobFinished       the job has ended; terminal states never change
  BlobMissing       a row names a blob that is not there
"""


class StoreError(Exception):
    """The store refused an operation."""


class StaleAttempt(StoreError):
    """The attempt is no longer the job's current one, so it may not write."""

    def __init__(self, job_id: str, attempt: int) -> None:
        super().__init__(
            f"attempt {attempt} of {job_id} is over: another attempt has begun or the job has ended"
        )
        self.job_id = job_id
        self.attempt = attempt


class UnknownJob(StoreError):
    """No job has this id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"no job has the id {job_id!r}")
        self.job_id = job_id


class JobFinished(StoreError):
    """The job has ended, and terminal states never change."""

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__(f"{job_id} has already {state if state != 'cancelled' else 'been cancelled'}")
        self.job_id = job_id
        self.state = state


class BlobMissing(StoreError):
    """A row names a blob that is not there."""
