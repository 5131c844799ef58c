"""Identifiers: a prefix that tells the kind, then 24 characters that sort by the time they were made."""

from __future__ import annotations

import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_lock = threading.Lock()
_last = 0


def _base32(value: int, digits: int) -> str:
    out = []
    for _ in range(digits):
        value, rest = divmod(value, 32)
        out.append(_ALPHABET[rest])
    return "".join(reversed(out))


def new_id(prefix: str) -> str:
    """`<prefix>_` + 11 characters of microseconds + 13 random ones. A process's ids sort as made."""
    global _last
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1000)
        stamp = _last
    return f"{prefix}_{_base32(stamp, 11)}{_base32(secrets.randbits(65), 13)}"
