# SPDX-License-Identifier: Apache-2.0
"""What alembic runs around the revisions: in the transaction it is handed, or, from its command line, in its own."""

from alembic import context

from minova.db import engine, models


def _run(connection):
    # SQLite alters a table by copying it, hence the batches.
    context.configure(
        connection=connection,
        target_metadata=models.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


if "connection" in context.config.attributes:
    _run(context.config.attributes["connection"])
else:
    with engine.Database().writer() as conn:
        _run(conn)
