"""The service itself: what it is, whether it lives, whether it can work."""
