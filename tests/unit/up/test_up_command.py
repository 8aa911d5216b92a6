# SPDX-License-Identifier: Apache-2.0
"""`minova up`, `status` and `down` as a user meets them, with stand-ins for the services."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import termios

import pytest

from minova.up.api_client import ApiClient
from minova.up.supervisor import STOP_WITHOUT_BROKER_SECONDS
from tests import broker_process
from tests.unit.up.deployment_standins import wait_until


def test_up_starts_everything_and_ends_with_0_on_sigterm(standins):
    up = standins.start_ready()
    assert len(standins.running()) == 7
    up.terminate()
    assert up.wait(timeout=30) == 0
    assert standins.running() == []
    assert "Stopped in" in up.output.read_text()
    assert not (standins.state_path / "up.json").exists()


def test_lines_of_services_are_shown_with_prefix_and_filed(standins):
    up = standins.start_ready()
    wait_until(lambda: "conductor | conductor lives" in up.output.read_text())
    wait_until(lambda: "network   | network lives" in up.output.read_text())
    assert "\033[" not in up.output.read_text()
    assert "conductor begins" in (standins.state_path / "log" / "conductor.log").read_text()
    assert "manage begins" in (standins.state_path / "log" / "db-sync.log").read_text()


def test_status_tells_what_answers(standins):
    standins.start_ready()
    status = standins.minova("status")
    assert status.returncode == 0, status.stdout
    assert status.stdout.count(" yes\n") == 7
    assert "hosts    3 (3 up)" in status.stdout


def test_a_service_that_dies_is_told_and_started_again(standins):
    up = standins.start_ready()
    killed = standins.record()["processes"]["scheduler"]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: standins.record()["restarts"].get("scheduler") == 1)
    assert f"scheduler (pid {killed}) ended with signal SIGKILL. Restart in 1 s." in up.output.read_text()
    wait_until(lambda: "Started scheduler again (pid" in up.output.read_text())
    assert len(standins.running()) == 7
    assert standins.record()["processes"]["scheduler"] != killed
    status = standins.minova("status")
    assert status.returncode == 0, status.stdout
    assert [row.split()[5] for row in status.stdout.splitlines() if row.startswith("scheduler")] == ["1"]


def test_the_broker_is_started_again_too(standins):
    standins.start_ready()
    os.kill(standins.record()["processes"]["broker"], signal.SIGKILL)
    wait_until(lambda: standins.record()["restarts"].get("broker") == 1)
    wait_until(lambda: standins.minova("status").returncode == 0)


def test_a_service_that_ends_again_and_again_is_started_ever_later(standins):
    up = standins.start_ready()
    standins.replace("network", "#!/bin/sh\necho no such address >&2\nexit 3\n")
    os.kill(standins.record()["processes"]["network"], signal.SIGKILL)
    wait_until(lambda: "Restart in 4 s. This was end 3 in a row; see" in up.output.read_text())
    assert "ended with exit code 3. Restart in 2 s. This was end 2 in a row" in up.output.read_text()
    status = standins.minova("status")
    assert status.returncode == 3
    assert "no, exit code 3, restart in " in status.stdout
    # In the middle of a pause.
    up.terminate()
    assert up.wait(timeout=30) == 0
    assert "no such address" in (standins.state_path / "log" / "network.log").read_text()


def test_down_does_not_wait_for_a_restart_to_come(standins):
    up = standins.start_ready()
    standins.replace("conductor", "#!/bin/sh\nexit 3\n")
    os.kill(standins.record()["processes"]["conductor"], signal.SIGKILL)
    wait_until(lambda: "Restart in 4 s." in up.output.read_text())
    restarts = up.output.read_text().count("Started conductor again")
    down = standins.minova("down")
    assert down.returncode == 0
    assert up.wait(timeout=30) == 0
    assert up.output.read_text().count("Started conductor again") == restarts
    assert standins.running() == []


def test_with_no_restart_a_dead_service_stays_dead(standins):
    up = standins.start_ready("--no-restart")
    os.kill(standins.record()["processes"]["scheduler"], signal.SIGKILL)
    sentence = "ended with signal SIGKILL. It stays dead (--no-restart); the other services go on."
    wait_until(lambda: sentence in up.output.read_text())
    status = standins.minova("status")
    assert status.returncode == 3
    assert "no, ended with signal SIGKILL" in status.stdout
    assert len(standins.running()) == 6


def test_workers_of_a_dead_master_are_gone_before_the_next_start(standins):
    standins.replace("conductor", f"#!{sys.executable}\n{DEAF_WORKER}")
    standins.start_ready()
    os.kill(standins.record()["processes"]["conductor"], signal.SIGKILL)
    wait_until(lambda: standins.record()["restarts"].get("conductor") == 1)
    # A master and its worker: those of before are gone.
    wait_until(lambda: sum("minova-conductor" in row for row in standins.running()) == 2)


def test_several_processes_of_a_service(standins):
    up = standins.start_ready(
        "--processes", "conductor=2", "--processes", "compute=2", "--processes", "api=2"
    )
    record = standins.record()
    names = ["api-1", "api-2", "broker", "compute-1", "compute-2", "conductor-1", "conductor-2", "db sync"]
    assert sorted(record["processes"]) == [*names, "network", "page", "scheduler"]
    assert len(standins.running()) == 10
    assert [row for row in standins.running() if "--hosts 2 --first-host 2" in row]
    assert [row for row in standins.running() if "minova-conductor" in row and "--host controller2" in row]
    for url in record["api_urls"].values():
        assert ApiClient(url).get("/") == {"versions": []}
    assert standins.minova("status").returncode == 0
    up.terminate()
    assert up.wait(timeout=30) == 0
    assert standins.running() == []


def test_down_stops_from_elsewhere(standins):
    up = standins.start_ready()
    down = standins.minova("down")
    assert down.returncode == 0
    assert f"Stopped minova up (pid {up.pid})" in down.stdout
    # Its parent, this test, has yet to ask for the exit code.
    assert up.wait(timeout=30) == 0
    assert standins.running() == []


def test_down_and_status_without_up_say_so(standins):
    down, status = standins.minova("down"), standins.minova("status")
    assert (down.returncode, status.returncode) == (0, 3)
    assert "No minova up runs on the state path" in down.stdout
    assert "No minova up runs on the state path" in status.stdout


def test_a_second_up_on_the_same_state_path_is_refused(standins):
    up = standins.start_ready()
    second = standins.minova("up", "--api-port", "0", "--broker-port", "0")
    assert second.returncode == 1
    assert f"A minova up (pid {up.pid}) already runs" in second.stderr
    assert "minova down" in second.stderr


def test_a_taken_port_is_told_with_its_owner(standins):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = standins.minova("up", "--broker-port", "0", "--api-port", str(port))
    assert up.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use by pid {os.getpid()}" in up.stderr
    assert "--api-port" in up.stderr


def test_killed_up_leaves_no_process_behind(standins):
    up = standins.start_ready()
    up.kill()
    up.wait()
    wait_until(lambda: not standins.running())
    wait_until(lambda: "minova up was killed" in _text(standins.state_path / "log" / "up.log"))


def test_the_next_up_after_a_kill_cleans_up_and_says_so(standins):
    killed = standins.start_ready()
    killed.kill()
    killed.wait()
    up = standins.start_ready()
    assert f"A minova up (pid {killed.pid}) did not end in good order" in up.output.read_text()


def test_killed_up_and_killed_guard_are_cleaned_up_by_down(standins):
    up = standins.start_ready()
    guard = subprocess.run(["pgrep", "-P", str(up.pid), "-f", "cli up"], capture_output=True, text=True)
    for pid in (int(guard.stdout), up.pid):
        os.kill(pid, signal.SIGKILL)
    up.wait()
    assert standins.running()
    down = standins.minova("down")
    assert "processes that it left behind were stopped" in down.stdout
    assert standins.running() == []


def test_a_service_that_ends_during_the_start_is_told_with_its_last_lines(standins):
    standins.replace("network", "#!/bin/sh\necho no such address >&2\nexit 3\n")
    up = standins.start_up()
    assert up.wait(timeout=30) == 1
    assert "ended with exit code 3. Its last lines:\n    no such address\n" in up.output.read_text()
    assert standins.running() == []


def test_a_failed_db_sync_ends_the_start(standins):
    standins.replace("manage", "#!/bin/sh\necho cannot open the database >&2\nexit 1\n")
    up = standins.start_up()
    assert up.wait(timeout=30) == 1
    assert "db sync" in up.output.read_text()
    assert "    cannot open the database\n" in up.output.read_text()


def test_a_second_request_to_stop_kills_what_does_not_end(standins):
    standins.replace("conductor", f"#!{sys.executable}\n{DEAF}")
    up = standins.start_ready()
    up.send_signal(signal.SIGINT)
    wait_until(lambda: "Stopping" in up.output.read_text())
    up.send_signal(signal.SIGINT)
    assert up.wait(timeout=30) == 1
    assert "Killed conductor" in up.output.read_text()
    assert standins.running() == []


def test_without_a_broker_what_waits_for_it_is_killed_soon(standins):
    standins.replace("conductor", f"#!{sys.executable}\n{DEAF}")
    up = standins.start_ready("--no-restart")
    os.kill(standins.record()["processes"]["broker"], signal.SIGKILL)
    wait_until(lambda: "broker (pid" in up.output.read_text())
    up.terminate()
    assert up.wait(timeout=30) == 1
    assert f"not stopped after {STOP_WITHOUT_BROKER_SECONDS} s" in up.output.read_text()
    assert standins.running() == []


def test_forked_workers_are_stopped_with_their_master(standins):
    standins.replace("conductor", f"#!{sys.executable}\n{FORGETFUL_MASTER}")
    up = standins.start_ready()
    up.terminate()
    up.wait(timeout=60)
    assert standins.running() == []


def test_a_missing_script_is_told(standins):
    (standins.bin / "minova-network").unlink()
    up = standins.minova("up", "--api-port", "0", "--broker-port", "0")
    assert up.returncode == 1
    assert "minova-network is missing" in up.stderr


def test_a_transport_url_replaces_the_embedded_broker(standins, tmp_path):
    broker = broker_process.start_broker(tmp_path)
    try:
        up = standins.start_ready("--transport-url", broker.url)
    finally:
        broker.stop()
    assert len(standins.running()) == 6
    assert f"transport_url = {broker.url}" in (standins.state_path / "minova-up.conf").read_text()
    assert "guest:guest" not in up.output.read_text()


def test_a_port_where_no_broker_speaks_is_told_before_anything_starts(standins):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"rabbit://somebody:secret@127.0.0.1:{mute.getsockname()[1]}/own"
        up = standins.minova("up", "--api-port", "0", "--transport-url", url)
    assert up.returncode == 1
    assert "does not let 'somebody' into its virtual host 'own'" in up.stderr
    assert "secret" not in up.stderr


def test_an_unreachable_transport_url_is_told_before_anything_starts(standins):
    up = standins.minova("up", "--api-port", "0", "--transport-url", "rabbit://127.0.0.1:1/")
    assert up.returncode == 1
    assert "No broker answers at 127.0.0.1:1" in up.stderr


def test_closing_the_output_stops_everything(standins):
    # `minova up | head -1`
    up = subprocess.Popen(
        [standins.bin / "python", "-m", "minova.cmd.cli", "up", "--state-path", standins.state_path]
        + ["--api-port", "0", "--broker-port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert up.stdout.readline().startswith("Starting broker")
    up.stdout.close()
    assert up.wait(timeout=30) == 0
    assert standins.running() == []


def test_closing_the_terminal_stops_everything(standins):
    master, slave = os.openpty()
    command = [standins.bin / "python", "-m", "minova.cmd.cli", "up", "--state-path", standins.state_path]
    # A session whose terminal this is, as that of a shell; closing the other end hangs up.
    up = subprocess.Popen(
        [*command, "--api-port", "0", "--broker-port", "0"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    assert os.read(master, 1000).startswith(b"Starting broker")
    os.close(master)
    assert up.wait(timeout=30) == 0
    assert standins.running() == []


@pytest.mark.parametrize("command", ["up", "down", "status", "demo", "trace"])
def test_every_command_has_a_help(standins, command):
    done = subprocess.run(
        [standins.bin / "python", "-m", "minova.cmd.cli", command, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: minova {command}")


def test_an_unknown_command_is_told(standins):
    done = standins.minova("upp")
    assert done.returncode == 2
    assert "there is no command 'upp'" in done.stderr


def test_up_imports_nothing_heavy(standins):
    heavy = {"amqp", "oslo_messaging", "sqlalchemy", "flask"}
    code = f"import sys, minova.up.up; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""

# A master whose worker stays whatever it is asked.
DEAF_WORKER = """
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
time.sleep(600)
"""

# A master that ends at once on SIGTERM and leaves its worker, which ends on SIGTERM to the group alone.
FORGETFUL_MASTER = """
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    time.sleep(600)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
time.sleep(600)
"""


def _text(path):
    return path.read_text() if path.exists() else ""
