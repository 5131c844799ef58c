"""Idempotency keys: what a POST that carried one has answered."""
