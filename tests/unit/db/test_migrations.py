# SPDX-License-Identifier: Apache-2.0
"""minova/db/migration.py on SQLite files."""

import multiprocessing
import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa
from alembic import script

from minova import exception
from minova.conf import CONF
from minova.db import default_data, engine, migration, models
from tests.schema import differences_from_models


@pytest.fixture
def database(conf, tmp_path):
    """An SQLite file without tables."""
    conf.config(state_path=str(tmp_path))
    made = engine.Database()
    yield made
    made.dispose()


def _count(database, table):
    with database.reader() as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(table)).scalar()


def test_migrated_database_equals_the_models(database):
    migration.sync(database)
    assert differences_from_models(database) == []


def test_head_is_the_newest_revision():
    assert script.ScriptDirectory(migration._MIGRATIONS).get_current_head() == migration.HEAD


def test_first_sync_reports_that_the_database_was_empty_and_the_second_that_nothing_was_to_do(database):
    assert migration.sync(database) is None
    assert migration.sync(database) == migration.HEAD


def test_new_database_has_flavors_images_and_a_network(database):
    migration.sync(database)
    with database.reader() as conn:
        flavors = conn.execute(sa.select(models.flavors).order_by(models.flavors.c.memory_mb)).all()
        image_ids = conn.execute(sa.select(models.images.c.id)).scalars().all()
        network = conn.execute(sa.select(models.networks)).one()
    assert [(flavor.flavorid, flavor.name) for flavor in flavors] == [
        ("42", "m1.nano"),
        ("1", "m1.tiny"),
        ("2", "m1.small"),
        ("3", "m1.medium"),
        ("4", "m1.large"),
        ("5", "m1.xlarge"),
    ]
    assert default_data.fixed_id("image", "cirros") in image_ids
    assert (network.id, network.label) == (default_data.fixed_id("network", "private"), "private")


def test_default_ids_never_change():
    assert default_data.fixed_id("network", "private") == "9d223b4f-9c27-5979-a89e-5b3f213c0bde"
    assert default_data.fixed_id("image", "cirros") == "ef5ebd1b-ae4a-54c0-8239-e00e28c80a40"


def test_sync_leaves_existing_rows_alone(database):
    migration.sync(database)
    with database.writer() as conn:
        conn.execute(models.flavors.delete())
    migration.sync(database)
    assert _count(database, models.flavors) == 0


def test_sync_refuses_tables_of_something_else(database):
    with database.writer() as conn:
        conn.execute(sa.text("CREATE TABLE instances (id INTEGER)"))
    with pytest.raises(exception.InvalidOption, match="tables of something else"):
        migration.sync(database)


def test_sync_refuses_a_database_of_a_newer_minova(database):
    migration.sync(database)
    with database.writer() as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(exception.InvalidOption, match="9999"):
        migration.sync(database)


def test_sync_continues_what_was_interrupted_between_two_tables(database):
    # MariaDB commits each table by itself: a killed first sync leaves some, and no revision.
    with database.writer() as conn:
        conn.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        models.quotas.create(conn)
    migration.sync(database)
    assert differences_from_models(database) == []


def test_failed_sync_leaves_an_empty_database(database, monkeypatch):
    def fail(_conn):
        raise RuntimeError

    monkeypatch.setattr(default_data, "insert", fail)
    with pytest.raises(RuntimeError):
        migration.sync(database)
    with database.reader() as conn:
        assert sa.inspect(conn).get_table_names() == []


def _sync_in_a_process(state_path, barrier, results):
    CONF.set_override("state_path", state_path)
    database = engine.Database()
    barrier.wait()
    results.put(migration.sync(database))


def test_of_processes_that_sync_at_once_one_migrates(tmp_path):
    spawning = multiprocessing.get_context("spawn")
    barrier, results = spawning.Barrier(3), spawning.Queue()
    processes = [
        spawning.Process(target=_sync_in_a_process, args=(str(tmp_path), barrier, results)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    revisions = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(revisions, key=str) == [migration.HEAD, migration.HEAD, None]
    assert [process.exitcode for process in processes] == [0, 0, 0]


def test_wait_for_schema_returns_when_another_has_migrated(database, caplog):
    waiter = threading.Thread(target=migration.wait_for_schema, args=(database,))
    waiter.start()
    _wait_until(lambda: "run minova-manage db sync" in caplog.text)
    assert waiter.is_alive()
    migration.sync(database)
    waiter.join(timeout=10)
    assert not waiter.is_alive()


def test_wait_for_schema_survives_a_database_that_does_not_answer(database, tmp_path):
    path = tmp_path / "minova.sqlite3"
    path.mkdir()
    assert "does not answer" in migration._what_is_missing(database)
    path.rmdir()
    migration.sync(database)
    assert migration._what_is_missing(database) is None


def test_sync_of_a_migrated_database_does_not_import_alembic(database, tmp_path):
    migration.sync(database)
    program = f"""
import sys
from minova.conf import CONF
from minova.db import engine, migration
CONF.set_override("state_path", {str(tmp_path)!r})
assert migration.sync(engine.Database()) == migration.HEAD
sys.exit("alembic" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def _wait_until(condition, timeout_seconds=10):
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
