"""The database's schema, as Alembic revisions. `python -m migrations` brings a database up to date."""
