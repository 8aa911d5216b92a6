# SPDX-License-Identifier: Apache-2.0
"""`minova explain` on what really happened to servers of a running `minova up`."""

import contextlib
import json
import os
import signal
import threading
import time

import pytest

from minova.trace import recording
from minova.trace.firehose import Firehose
from tests.up_process import UpProcess
from tests.waiting import wait_until

# A deadline that can be waited for, and one that no busy machine passes by itself.
_CONFIG = """
[DEFAULT]
report_interval = 1
service_down_time = 4
[task]
deadline_seconds = {deadline}
sweep_interval = 0.5
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    directory = tmp_path_factory.mktemp("explain")
    with _started(directory, 60, "--hosts", "2", "--processes", "compute=2") as running:
        yield running


@pytest.fixture
def hasty(tmp_path):
    """One whose tasks are taken over soon."""
    with _started(tmp_path, 3, "--hosts", "2", "--processes", "compute=2") as running:
        yield running


@contextlib.contextmanager
def _started(directory, deadline, *arguments):
    config = directory / "minova.conf"
    config.write_text(_CONFIG.format(deadline=deadline))
    with UpProcess(directory / "state", "--no-page", "--config-file", config, *arguments) as running:
        yield running.wait_ready()


def explain(up, server):
    done = up.minova("explain", server, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def explain_until(up, server, condition):
    """The story once the condition holds for it."""

    def look():
        story = explain(up, server)
        return story if condition(story) else None

    return wait_until(look)


def texts(story):
    return [sentence["text"] for sentence in story["past"]]


def test_a_boot(up):
    server_id = up.boot("plain")["id"]
    story = explain(up, "plain")
    asked, choice, built, end = texts(story)
    assert asked.endswith("asked minova-api to boot plain.")
    assert choice.startswith("The scheduler chose and claimed host")
    assert built.split(" built it")[0] == story["server"]["host"]
    assert end.startswith("The boot was done, ")
    assert story["head"] == f"plain ({server_id}) is ACTIVE on {story['server']['host']}."
    shown = up.minova("explain", server_id).stdout
    assert shown.startswith(f"plain ({server_id}) is ACTIVE on host")
    assert "RAMWeigher" in shown
    assert "There is no recording of the bus" in " ".join(shown.split())


def test_no_valid_host(up):
    flavor = {"name": "giant", "vcpus": 1, "ram": 1 << 20, "disk": 1, "id": "giant"}
    up.api.send("POST", "/flavors", {"flavor": flavor})
    body = {
        "server": {
            "name": "too-big",
            "flavorRef": "giant",
        }
    }
    body["server"]["imageRef"] = up.api.get("/images")["images"][0]["id"]
    up.api.send("POST", "/servers", body)
    story = explain_until(up, "too-big", lambda told: told["server"]["status"] == "ERROR")
    (choice,) = [sentence for sentence in story["past"] if sentence["kind"] == "choice"]
    assert choice["text"].startswith("The scheduler found no host for attempt 1")
    assert any(line.startswith("RamFilter refused host1: needs 1048576 MB") for line in choice["details"])
    (fault,) = story["faults"]
    assert fault["message"].startswith("No valid host was found.")
    assert "smaller flavor" in fault["meanings"][0]["to_do"]


def test_a_reschedule(up):
    up.boot("second-try", metadata={"minova:fail": "spawn:1"})
    story = explain(up, "second-try")
    retries = [sentence["text"] for sentence in story["past"] if sentence["kind"] == "retry"]
    assert "could not build it: The hypervisor failed to spawn" in retries[0]
    assert retries[1] == f"A conductor gave it to the next host of the list, {story['server']['host']}."
    assert "after 2 attempts" in story["head"]


def test_a_server_that_no_host_could_build(up):
    up.boot("hopeless", metadata={"minova:fail": "spawn"})
    story = explain(up, "hopeless")
    (fault,) = story["faults"]
    assert "reason of each failed host" in fault["meanings"][0]["to_do"]
    failed = [text for text in texts(story) if "could not build it" in text]
    assert sorted(text.partition(" ")[0] for text in failed) == ["host1", "host2"]


def test_a_deleted_server_by_its_name(up):
    server_id = up.boot("gone")["id"]
    up.api.send("DELETE", f"/servers/{server_id}")
    story = explain_until(up, "gone", lambda told: told["server"]["deleted"])
    assert any(text.endswith("asked minova-api to delete gone.") for text in texts(story))
    assert story["present"] == ["It is deleted. Nothing is going on."]


def test_nobody_is_a_sentence(up):
    done = up.minova("explain", "nobody")
    assert (done.returncode, done.stderr) == (1, "minova explain: Instance nobody could not be found.\n")


def test_a_scheduler_that_is_stopped_while_building(up):
    up.service("stop", "scheduler")
    try:
        up.create("waiting")
        # One message or more: the conductor asks again when it hears nothing.
        story = explain_until(
            up, "waiting", lambda told: "Queue scheduler holds " in " ".join(told["present"])
        )
        present = " ".join(story["present"])
        assert "and has no consumer: no minova-scheduler listens." in present
        assert "scheduler was stopped by you: minova service start scheduler." in present
        assert "Its deadline is in" in present
        assert "a conductor asks the scheduler again (takeover 1 of 3)" in present
    finally:
        up.service("start", "scheduler")
    explain_until(up, "waiting", lambda told: told["server"]["status"] == "ACTIVE")


def test_who_was_asked_is_told_from_a_recording(up):
    path = recording.path_in(str(up.state_path))
    os.makedirs(os.path.dirname(path))
    with Firehose(up.record()["transport_url"]) as firehose:
        recorder = recording.Recorder(path)
        thread = threading.Thread(target=_record, args=(firehose, recorder))
        thread.start()
        try:
            up.boot("recorded")
            said = "cast build_and_run_instance of compute.host"
            story = explain_until(up, "recorded", lambda told: any(said in text for text in texts(told)))
        finally:
            firehose.stop()
            thread.join()
            recorder.close()
            os.unlink(path)
    told = texts(story)
    assert any("cast compute_task.build_instances of conductor, taken" in text for text in told)
    assert any("called select_destinations of scheduler" in text for text in told)
    # Under which of its names depends on where the tests run.
    assert "state/trace/recording.jsonl" in story["sources"][0]


def _record(firehose, recorder):
    for event in firehose.events(time.monotonic() + 120):
        if event is None:
            recorder.flush()
        else:
            recorder.add(event)


def _server(up, server_id):
    return up.api.get(f"/servers/{server_id}")["server"]


def test_a_compute_that_falls_silent_and_the_takeover(hasty):
    server_id = hasty.create("taken-over", metadata={"minova:spawn_seconds": "30"})
    wait_until(lambda: _server(hasty, server_id)["OS-EXT-STS:task_state"] == "spawning")
    victim = _server(hasty, server_id)["OS-EXT-SRV-ATTR:host"]
    other = {"host1": "host2", "host2": "host1"}[victim]
    pid = hasty.pid({"host1": "compute-1", "host2": "compute-2"}[victim])
    os.kill(pid, signal.SIGSTOP)
    try:
        story = explain_until(hasty, server_id, lambda told: told["server"]["host"] == other)
    finally:
        os.kill(pid, signal.SIGCONT)
    kinds = [sentence["kind"] for sentence in story["past"]]
    assert "takeover" in kinds
    assert f"{victim} could not build it: {victim} is down." in texts(story)
    # What is being spawned would keep the end waiting.
    hasty.api.send("DELETE", f"/servers/{server_id}")
    explain_until(hasty, server_id, lambda told: told["server"]["deleted"])


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_on_a_database_server(tmp_path, request, kind):
    url = request.getfixturevalue(f"{kind}_url")
    with UpProcess(tmp_path / "state", "--no-page", "--hosts", "1", "--database-connection", url) as up:
        up.wait_ready().boot("there", metadata={"minova:fail": "spawn:1"})
        assert "could not build it" in " ".join(texts(explain(up, "there")))
        wait_until(lambda: up.minova("doctor").returncode == 0)
        assert f"{kind} answers" in up.minova("doctor").stdout
