"""When to try again, and how long to wait first: the one retry policy of the SDK."""

import random
import time
from dataclasses import dataclass

from tensorkiln.errors import APIError, Conflict, ConnectionFailed, KilnError, TooManyRequests, Unavailable


@dataclass(frozen=True)
class Retry:
    """Exponential backoff with full jitter.

    Before try n+1 the client sleeps uniformly within [0, min(cap_s, base_s * 2**(n-1))], so that
    many clients that lost the same service do not return in step
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). A Retry-After of the
    service is a lower bound; one beyond `retry_after_cap_s` is not waited for, and the fault is raised.
    """

    attempts: int = 5
    base_s: float = 0.25
    cap_s: float = 8.0
    retry_after_cap_s: float = 60.0

    def delay_s(self, failures: int, retry_after_s: float | None = None) -> float:
        """How long to wait after the given number of failures in a row (1 for the first)."""
        jittered = random.uniform(0.0, min(self.cap_s, self.base_s * 2 ** (failures - 1)))
        return jittered if retry_after_s is None else max(retry_after_s, jittered)


def may_pass(fault: KilnError) -> bool:
    """Whether the same request may well succeed a moment later.

    A 409 counts when it says that the first send of this very Idempotency-Key is still at work.
    """
    if isinstance(fault, Conflict):
        return fault.code == "request_in_flight"
    return isinstance(fault, ConnectionFailed | TooManyRequests | Unavailable)


class Patience:
    """How much failure one call still bears. `forgive` after progress; `bear` sleeps or raises."""

    def __init__(self, policy: Retry) -> None:
        self._policy = policy
        self._failures = 0

    def forgive(self) -> None:
        self._failures = 0

    def bear(self, fault: KilnError) -> None:
        """Sleep before the next try, or raise the fault if there should be none."""
        self._failures += 1
        retry_after_s = fault.retry_after_s if isinstance(fault, APIError) else None
        if (
            not may_pass(fault)
            or self._failures >= self._policy.attempts
            or (retry_after_s or 0.0) > self._policy.retry_after_cap_s
        ):
            raise fault
        time.sleep(self._policy.delay_s(self._failures, retry_after_s))
