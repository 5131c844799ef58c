"""Jobs to put into a store, through the store's own functions."""

from sqlalchemy.orm import Session

from service.store import attempts, jobs
from service.store.attempts import Claim

LEASE_S = 30.0


def submit(session: Session, **changes: object) -> str:
    values: dict[str, object] = {
        "definition": {"epochs": 2},
        "model_sha256": "0" * 64,
        "dataset": "digits",
        "device": "auto",
        "estimate": {"parameters": 10},
        "epochs": 2,
        "steps_total": 20,
    }
    return jobs.submit(session, jobs.NewJob(**{**values, **changes}))  # type: ignore[arg-type]  # a test's dict


def claim(session: Session, job_id: str, lease_s: float = LEASE_S) -> Claim:
    claimed = attempts.claim(session, job_id, "worker-1", lease_s)
    assert claimed is not None
    return claimed
