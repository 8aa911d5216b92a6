# SPDX-License-Identifier: Apache-2.0
"""The database that a benchmark is given by URL: it has to be empty, and is empty again between deployments."""

import contextlib

import sqlalchemy

import minova.conf
from minova.bench.deployment import DeploymentError
from minova.db import engine
from minova.up import settings


@contextlib.contextmanager
def scratch_database(url):
    """Have the database to oneself; None stands for none, which is no trouble.

    :raises DeploymentError: when there are tables, which may be somebody's.
    """
    if not url:
        yield
        return
    _check_empty(url)
    try:
        yield
    finally:
        _with_engine(url, _drop)


def _check_empty(url):
    names = _with_engine(url, lambda database: sqlalchemy.inspect(database).get_table_names())
    if names:
        raise DeploymentError(
            f"The database {settings.without_password(url)} holds {len(names)} tables. The benchmark takes an "
            "empty one, and empties it again."
        )


def _drop(database):
    metadata = sqlalchemy.MetaData()
    metadata.reflect(database)
    metadata.drop_all(database)


def _with_engine(url, work):
    """Connect as minova's services do, with the drivers that they use."""
    engine.set_defaults(minova.conf.CONF)
    minova.conf.CONF.set_override("connection", url, group="database")
    database = engine.Database()
    try:
        return work(database.engine)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise DeploymentError(f"{settings.without_password(url)}: {error}") from error
    finally:
        database.dispose()
        minova.conf.CONF.clear_override("connection", group="database")
