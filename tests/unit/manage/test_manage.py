# SPDX-License-Identifier: Apache-2.0
"""minova-manage, run in this process: what it prints, its exit codes, what it leaves in the database."""

import os
import socket

import pytest
import sqlalchemy as sa
from oslo_config import fixture as config_fixture

import minova.conf
from minova import rpc
from minova.db import compute_nodes, default_data, engine, migration, models, services
from minova.manage import command, table
from minova.virt import store
from tests import records


@pytest.fixture
def conf():
    """The global configuration, not yet parsed: that is the command's work."""
    fixture = config_fixture.Config(minova.conf.CONF)
    fixture.setUp()
    yield fixture
    fixture.cleanUp()
    # Whoever parses a command line after this would have to name a command.
    minova.conf.CONF.reset()
    minova.conf.CONF.unregister_opt(command.COMMAND)


@pytest.fixture
def config_path(conf, tmp_path):
    path = tmp_path / "minova.conf"
    path.write_text(f"[DEFAULT]\nstate_path = {tmp_path}\nhost = controller\n")
    return path


@pytest.fixture
def database(config_path, tmp_path):
    """What the commands find."""
    made = _open(tmp_path)
    migration.sync(made)
    yield made
    made.dispose()


def _open(tmp_path):
    minova.conf.CONF.set_override("state_path", str(tmp_path))
    made = engine.Database()
    minova.conf.CONF.clear_override("state_path")
    return made


@pytest.fixture
def run(config_path, capsys):
    """Run a command: (exit code, what it printed, what it complained of)."""

    def run(*arguments):
        minova.conf.CONF.reset()
        code = command.run(["--config-file", str(config_path), *arguments])
        return (code, *capsys.readouterr())

    return run


def _age(database, seconds):
    """Let all services have reported ``seconds`` ago."""
    with database.writer() as conn:
        seen = models.services.c.last_seen_epoch - seconds
        conn.execute(models.services.update().values(last_seen_epoch=seen))


def _count(database, counted):
    with database.reader() as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(counted)).scalar()


def test_db_sync_makes_the_tables_once(run):
    assert run("db", "sync") == (
        0,
        f"The database is now at revision {migration.HEAD} (before: empty).\n",
        "",
    )
    assert run("db", "sync") == (0, f"The database is at revision {migration.HEAD} already.\n", "")


def test_db_version_shows_what_is_there_and_what_is_needed(run):
    assert run("db", "version")[1] == f"empty (this minova needs {migration.HEAD})\n"
    run("db", "sync")
    assert run("db", "version")[1] == f"{migration.HEAD} (this minova needs {migration.HEAD})\n"


@pytest.mark.parametrize(
    "arguments",
    [("service", "list"), ("host", "list"), ("host", "remove", "h"), ("reset",), ("service", "ping")],
)
def test_commands_ask_for_db_sync_where_there_are_no_tables(run, arguments):
    code, _out, err = run(*arguments)
    assert code == 1
    assert "run minova-manage db sync" in err


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://postgres@127.0.0.1:1/minova", "Connection refused"),
        ("mysql://root@127.0.0.1:1/minova", "Connection refused"),
        ("nonsense", "Could not parse"),
        ("bogus://host/minova", "bogus"),
        ("sqlite:////proc/nowhere/minova.sqlite3", "No such file"),
    ],
)
def test_unusable_database_is_told_in_one_sentence(run, config_path, url, sentence):
    with open(config_path, "a") as config:
        config.write(f"[database]\nconnection = {url}\n")
    code, out, err = run("db", "sync")
    assert (code, out) == (1, "")
    assert sentence in err
    assert err.splitlines()[-1].startswith("minova-manage: ")
    assert "Traceback" not in err


def test_missing_configuration_file_is_told(conf, capsys):
    assert command.run(["--config-file", "/nowhere/minova.conf", "db", "sync"]) == 2
    assert "/nowhere/minova.conf" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("db",),
        ("nothing",),
        ("service", "log-level", "minova-api", "loud"),
        ("service", "ping", "--timeout", "-1"),
    ],
)
def test_wrong_command_line_ends_with_usage(run, arguments):
    with pytest.raises(SystemExit) as raised:
        run(*arguments)
    assert raised.value.code == 2


def test_services_are_listed_with_state_and_age(run, database):
    with database.writer() as conn:
        services.report(conn, "host1", "minova-compute", "compute", "nova")
    _age(database, 100)
    with database.writer() as conn:
        services.report(conn, "controller", "minova-conductor", "conductor", "internal")
        services.update(conn, services.find(conn, host="controller")[0].uuid, disabled=True)
    code, out, _err = run("service", "list")
    assert code == 0
    assert out.splitlines() == [
        "Binary            Host        Zone      Status    State  Last seen",
        "minova-compute    host1       nova      enabled   down   100 s ago",
        "minova-conductor  controller  internal  disabled  up     0 s ago",
    ]


def test_empty_lists_say_so(run, database):
    assert run("service", "list")[1] == "No service has reported yet.\n"
    assert run("host", "list")[1] == "No compute host has reported yet.\n"


def test_hosts_are_listed_with_what_is_used(run, database):
    records.add_host(database, "host1", vcpus=16, memory_mb=32768, local_gb=1000)
    assert run("host", "list")[1].splitlines() == [
        "Host   Zone  Status   State  vCPUs  Memory MB  Disk GB  Guests",
        "host1  nova  enabled  up     0/16   0/32768    0/1000   0",
    ]


def test_host_that_is_down_and_empty_is_removed(run, database):
    for host in ("host1", "host2"):
        records.add_host(database, host)
    _age(database, 100)
    assert run("host", "remove", "host1") == (0, "Host host1 is forgotten.\n", "")
    with database.reader() as conn:
        assert [service.host for service in services.find(conn)] == ["host2"]
        assert [node.host for node in compute_nodes.find(conn)] == ["host2"]


def test_removing_a_host_leaves_other_services_of_the_machine(run, database):
    records.add_host(database, "host1")
    with database.writer() as conn:
        services.report(conn, "host1", "minova-conductor", "conductor", "internal")
    _age(database, 100)
    run("host", "remove", "host1")
    with database.reader() as conn:
        assert [service.binary for service in services.find(conn)] == ["minova-conductor"]


def test_host_that_is_up_is_not_removed(run, database):
    records.add_host(database, "host1")
    code, _out, err = run("host", "remove", "host1")
    assert code == 1
    assert "is up" in err
    assert _count(database, models.compute_nodes) == 1


def test_host_with_an_instance_is_not_removed(run, database):
    records.add_host(database, "host1")
    _age(database, 100)
    uuid = records.add_instance(database, host="host1").uuid
    code, _out, err = run("host", "remove", "host1")
    assert code == 1
    assert uuid in err
    assert _count(database, models.services) == 1


def test_unknown_host_is_not_removed(run, database):
    assert run("host", "remove", "x") == (1, "", "minova-manage: Compute host x could not be found.\n")


def test_reset_brings_back_the_beginning(run, database, tmp_path):
    records.add_host(database, "host1")
    _age(database, 100)
    records.add_instance(database, host="host1")
    with database.writer() as conn:
        conn.execute(models.flavors.delete())
    _add_guest(tmp_path)
    code, out, _err = run("reset")
    assert (code, out[:37]) == (0, "Back at the beginning: 1 instances an")
    for emptied in (models.instances, models.instance_actions, models.services, models.compute_nodes):
        assert _count(database, emptied) == 0
    assert _count(database, models.flavors) == len(default_data._FLAVORS)
    assert _guests(tmp_path) == 0
    assert run("db", "sync")[1] == f"The database is at revision {migration.HEAD} already.\n"


def test_reset_is_refused_while_services_are_up_unless_forced(run, database):
    records.add_host(database, "host1")
    code, _out, err = run("reset")
    assert code == 1
    assert "minova-compute on host1" in err
    assert _count(database, models.services) == 1
    assert run("reset", "--force")[0] == 0
    assert _count(database, models.services) == 0


def test_reset_makes_no_store_of_guests_where_there_was_none(run, database, tmp_path):
    run("reset")
    assert not os.path.exists(tmp_path / store.FILE_NAME)


def test_ping_says_when_no_service_is_registered(run, database):
    assert run("service", "ping")[0::2] == (1, "minova-manage: No service has reported yet.\n")
    assert "of topic x" in run("service", "ping", "--topic", "x")[2]


def test_log_level_says_when_the_binary_is_unknown(run, database):
    assert "No minova-api has reported yet" in run("service", "log-level", "minova-api", "debug")[2]


@pytest.mark.parametrize(
    "arguments", [("service", "ping"), ("service", "log-level", "minova-compute", "info")]
)
def test_broker_that_does_not_answer_is_told(run, database, config_path, arguments):
    rpc.set_defaults(minova.conf.CONF)
    records.add_host(database, "host1")
    config = config_path.read_text()
    config_path.write_text(f"{config}transport_url = rabbit://guest:guest@127.0.0.1:{_closed_port()}/\n")
    code, _out, err = run(*arguments)
    assert code == 1
    assert "No broker answers: 127.0.0.1:" in err


def _closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _add_guest(tmp_path):
    with store.opened(str(tmp_path)) as opened, opened.write() as connection:
        columns = (
            "host",
            "uuid",
            "name",
            "attempt",
            "power_state",
            "vcpus",
            "memory_mb",
            "disk_gb",
            "created_at",
        )
        values = ("host1", "uuid", "name", 0, 1, 1, 1, 1, 0.0)
        connection.execute(
            f"INSERT INTO guest ({', '.join(columns)}, metadata, network_info, history)"
            f" VALUES ({', '.join('?' * len(columns))}, '{{}}', '[]', '[]')",
            values,
        )


def _guests(tmp_path):
    with store.opened(str(tmp_path)) as opened, opened.read() as connection:
        return connection.execute("SELECT count(*) FROM guest").fetchone()[0]


def test_columns_are_as_wide_as_their_widest_cell():
    assert table.render(("A", "Long"), [("wide cell", 1)]) == "A          Long\nwide cell  1"
