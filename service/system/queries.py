"""Looking at the database as a whole."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.store.tables import STATES, TERMINAL, Job

UNFINISHED = tuple(state for state in STATES if state not in TERMINAL)


def unfinished_by_state(session: Session) -> dict[str, int]:
    """How many jobs are in each state that isn't terminal."""
    query = select(Job.state, func.count().label("jobs")).where(Job.state.in_(UNFINISHED)).group_by(Job.state)
    found: dict[str, int] = {row.state: row.jobs for row in session.execute(query)}
    return {state: found.get(state, 0) for state in UNFINISHED}


def answers(session: Session) -> None:
    """Touch the tables. Raises what SQLAlchemy raises where they are out of reach or not there yet."""
    session.execute(select(Job.id).limit(1)).first()
