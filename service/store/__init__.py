"""The store: tables, job lifecycle, curves, blobs, and the doorbell that wakes workers.

The database is the only truth. Every function here takes a session from `Store.read()` or `Store.write()`;
nothing here commits.
"""

from service.store.database import Store

__all__ = ["Store"]
