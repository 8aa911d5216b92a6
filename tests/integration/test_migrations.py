# SPDX-License-Identifier: Apache-2.0
"""minova/db/migration.py on PostgreSQL and MariaDB."""

import threading

import pytest
import sqlalchemy as sa

from minova.conf import CONF
from minova.db import default_data, engine, migration, models
from tests.schema import differences_from_models, drop_all_tables


@pytest.fixture(params=["postgresql_url", "mysql_url"])
def database(request):
    """An empty database, before and after."""
    engine.set_defaults(CONF)
    CONF.set_override("connection", request.getfixturevalue(request.param), group="database")
    made = engine.Database()
    drop_all_tables(made)
    yield made
    drop_all_tables(made)
    made.dispose()
    CONF.clear_override("connection", group="database")


def test_migrated_database_equals_the_models(database):
    assert migration.sync(database) is None
    assert differences_from_models(database) == []
    assert migration.sync(database) == migration.HEAD


def test_new_database_has_the_default_data(database):
    migration.sync(database)
    with database.reader() as conn:
        images = conn.execute(sa.select(models.images).where(models.images.c.name == "cirros")).one()
    assert images.id == default_data.fixed_id("image", "cirros")
    assert images.properties == {"architecture": "x86_64"}


def test_of_threads_that_sync_at_once_one_migrates(database):
    barrier, revisions = threading.Barrier(4), []

    def sync():
        barrier.wait()
        revisions.append(migration.sync(database))

    threads = [threading.Thread(target=sync) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(revisions, key=str) == [migration.HEAD] * 3 + [None]


def test_sync_continues_what_was_interrupted(database):
    with database.writer() as conn:
        conn.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        models.quotas.create(conn)
        models.instances.create(conn)
    migration.sync(database)
    assert differences_from_models(database) == []


def test_sync_after_a_failed_one_succeeds(database, monkeypatch):
    def fail(_conn):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(default_data, "insert", fail)
        with pytest.raises(RuntimeError):
            migration.sync(database)
    assert migration.sync(database) is None
    assert differences_from_models(database) == []
