"""The locks, and what installs them into .venv."""
