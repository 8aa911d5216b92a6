# SPDX-License-Identifier: Apache-2.0
"""A RabbitMQ of the run's own: apart from the system's, and nothing stays of it when it does not start."""

import os
import pathlib
import re
import tempfile

import pytest

from tests.client_suites import certificates, private_node


@pytest.fixture
def known(tmp_path):
    path = tmp_path / "certificates"
    path.mkdir()
    certificates.write(path)
    return path


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Returns a function that puts shell scripts in the place of programs; temporary files go to tmp_path/temporary."""
    programs, temporary = tmp_path / "programs", tmp_path / "temporary"
    programs.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    def write(**scripts):
        for name, text in scripts.items():
            path = programs / f"rabbitmq{name}"
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)

    return write


def start(known):
    with private_node.running(known):
        pass


def test_a_machine_without_rabbitmq_is_told_so(known, monkeypatch):
    monkeypatch.setenv("PATH", str(known))

    with pytest.raises(private_node.NodeError, match="rabbitmq-server is not installed"):
        start(known)


def test_a_node_that_ends_at_once_is_quoted(known, install, tmp_path):
    install(**{"-server": "echo no room on the disk; exit 1", "ctl": "exit 1"})

    with pytest.raises(private_node.NodeError, match="does not start: no room on the disk"):
        start(known)

    assert not list((tmp_path / "temporary").iterdir())


def test_a_node_that_does_not_come_up_is_asked_to_stop_and_then_killed(known, install, tmp_path, monkeypatch):
    monkeypatch.setattr(private_node, "START_SECONDS", 1)
    asked = tmp_path / "asked"
    install(
        **{"-server": "echo $$ >$RABBITMQ_PID_FILE; exec sleep 600", "ctl": f'echo "$@" >{asked}; exit 1'}
    )

    with pytest.raises(private_node.NodeError, match="does not start"):
        start(known)

    assert re.fullmatch(r"--quiet -n minova-suites-\w{8}@localhost stop\n", asked.read_text())
    assert not list((tmp_path / "temporary").iterdir())


def test_files_and_ports_of_a_node_are_its_own():
    directory = pathlib.Path("/run/of/ours")

    variables = private_node.environment("ours@localhost", 20001, directory)
    lines = private_node.configuration(20002, 20003, directory).splitlines()

    assert variables["RABBITMQ_NODENAME"] == "ours@localhost"
    assert variables["RABBITMQ_DIST_PORT"] == "20001"
    for name in ("CONFIG_FILE", "ENABLED_PLUGINS_FILE", "MNESIA_BASE", "LOG_BASE", "PID_FILE"):
        assert pathlib.Path(variables[f"RABBITMQ_{name}"]).parent == directory
    assert {"listeners.tcp.own = 127.0.0.1:20002", "listeners.ssl.own = 127.0.0.1:20003"} <= set(lines)
