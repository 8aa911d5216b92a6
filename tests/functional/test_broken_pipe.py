# SPDX-License-Identifier: Apache-2.0
"""Commands whose reader has gone: every console script ends without a word; on a full disk with a sentence."""

import importlib.metadata
import os
import signal
import subprocess
import sys

import pytest

from minova import broken_pipe

# What a shell says of a command that SIGPIPE has ended.
ENDED = 128 + signal.SIGPIPE
SCRIPTS = sorted(
    entry.name
    for entry in importlib.metadata.entry_points(group="console_scripts")
    if entry.value.startswith("minova.")
)


def run(*command, nobody_reads=("stdout",), **options):
    """A finished process; where nobody reads, the pipe is closed before it begins."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | dict.fromkeys(
            nobody_reads, writing
        )
        return subprocess.run(command, **streams, text=True, timeout=60, **options)
    finally:
        os.close(writing)


def script(name):
    return os.path.join(os.path.dirname(sys.executable), name)


def test_all_scripts_are_known():
    assert {"minova", "minova-api", "minova-manage"} < set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_that_nobody_reads(name):
    done = run(script(name), "--help")

    assert done.stderr == ""
    # argparse takes a broken pipe for success, where the text is longer than the buffer.
    assert done.returncode in (0, ENDED)


@pytest.mark.parametrize("buffering", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_a_table_that_nobody_reads(tmp_path, buffering):
    """`minova-manage service list | grep -q` ended with a message about a broken pipe."""
    (tmp_path / "minova.conf").write_text(f"[database]\nconnection = sqlite:///{tmp_path}/minova.sqlite\n")
    manage = script("minova-manage"), "--config-file", str(tmp_path / "minova.conf")
    subprocess.run([*manage, "db", "sync"], check=True, capture_output=True, timeout=60)

    done = run(*manage, "service", "list", env={**os.environ, **buffering})

    assert (done.returncode, done.stderr) == (ENDED, "")


def test_an_error_that_nobody_reads():
    assert run(script("minova"), "nonsense", nobody_reads=("stdout", "stderr")).returncode == ENDED


def test_without_any_output_a_command_ends_well():
    done = run("/bin/sh", "-c", f"exec '{script('minova')}' --help >&-")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_without_room():
    """`minova trace show > FILE` on a full disk ended with a traceback."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [script("minova"), "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )

    assert (done.returncode, done.stderr) == (1, "minova: No space left on device\n")


def test_a_connection_that_breaks_is_an_error_as_before():
    @broken_pipe.ends_quietly
    def main():
        raise BrokenPipeError("of a connection")

    with pytest.raises(BrokenPipeError, match="of a connection"):
        main()
