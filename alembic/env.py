"""Alembic's environment: runs revisions on the connection that the application hands in.

Revisions never import the application, so that a released one keeps its meaning. The metadata is
here only for `alembic check` and autogeneration.
"""

from alembic import context
from sqlalchemy import Connection

from app.settings import Settings
from app.store.session import Database
from app.store.tables import Base


def run(connection: Connection) -> None:
    """Run the revisions in one transaction each."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = Database(Settings().database_url)
    database.prepare()
    with database.engine.connect() as own:
        run(own)
