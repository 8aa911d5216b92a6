# SPDX-License-Identifier: Apache-2.0
"""The tables of a whole database: compared with minova/db/models.py, dropped."""

import sqlalchemy as sa
from alembic import autogenerate
from alembic.runtime import migration

from minova.db import models


def differences_from_models(database):
    """What a migration would still have to change: [] when the database has exactly the models' tables."""
    with database.reader() as conn:
        context = migration.MigrationContext.configure(conn, opts={"compare_type": True})
        return autogenerate.compare_metadata(context, models.metadata)


def drop_all_tables(database):
    tables = sa.MetaData()
    with database.writer() as conn:
        tables.reflect(conn)
        tables.drop_all(conn)
