"""Training jobs: submitted, listed, watched, cancelled, and their weights."""
