"""Alembic's entry: it runs on the connection, and in the transaction, that `migrations.schema` hands over."""

from alembic import context

from service.store.tables import Base

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("migrate with `python -m migrations`, not with the alembic command")
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
