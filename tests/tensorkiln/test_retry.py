import time

import pytest

from tensorkiln import APIError, Conflict, ConnectionFailed, Invalid, NotFound, Retry, Unavailable
from tensorkiln.retry import Patience, may_pass


def test_the_pause_is_uniform_between_nothing_and_a_bound_that_doubles_up_to_the_cap() -> None:
    retry = Retry(base_s=1.0, cap_s=5.0)
    for failures, bound in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (9, 5.0)):
        pauses = [retry.delay_s(failures) for _ in range(400)]
        assert 0.0 <= min(pauses) < 0.1 * bound
        assert 0.9 * bound < max(pauses) <= bound


def test_retry_after_is_a_lower_bound() -> None:
    retry = Retry(base_s=1.0, cap_s=1.0)
    assert all(retry.delay_s(1, 0.8) >= 0.8 for _ in range(100))


@pytest.mark.parametrize(
    ("fault", "passes"),
    [
        (ConnectionFailed("refused"), True),
        (Unavailable("busy", status=503), True),
        (Conflict("in flight", status=409, code="request_in_flight"), True),
        (Conflict("finished", status=409, code="job_finished"), False),
        (Invalid("bad", status=422), False),
        (NotFound("none", status=404), False),
        (APIError("broken", status=500), False),
    ],
)
def test_only_faults_that_may_pass_are_tried_again(fault: APIError, passes: bool) -> None:
    assert may_pass(fault) is passes


def test_patience_ends_with_the_fault_itself_and_is_renewed_by_progress() -> None:
    patience = Patience(Retry(attempts=2, base_s=0.0))
    fault = ConnectionFailed("refused")
    patience.bear(fault)
    patience.forgive()
    patience.bear(fault)
    with pytest.raises(ConnectionFailed) as raised:
        patience.bear(fault)
    assert raised.value is fault


def test_a_retry_after_beyond_all_patience_is_not_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        Patience(Retry(retry_after_cap_s=60.0)).bear(Unavailable("later", status=503, retry_after_s=3600.0))
    assert time.monotonic() - began < 1.0
