# SPDX-License-Identifier: Apache-2.0
"""The page of a real `minova up`: what it shows, what it survives, and how it ends."""

import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.parse

import pytest

from minova.trace import recording
from minova.up.api_client import ApiClient, ApiError
from tests import broker_process, real_servers
from tests.up_process import UpProcess, wait_until

TIMEOUT_SECONDS = 30
BOOT_MESSAGES = 8


class Page:
    """Asks the page of an UpProcess."""

    def __init__(self, url):
        self.url = url
        self._client = ApiClient(url, TIMEOUT_SECONDS)

    def get(self, path):
        return self._client.get(path)

    def post(self, path, body):
        return self._client.send("POST", path, body)[1]

    def delete(self, path):
        return self._client.send("DELETE", path)[1]

    def boot(self, name):
        """Id of a new server, as the page's form would have made it, once it is built."""
        choices = self.get("/api/choices")
        flavor, image = choices["flavors"][0]["id"], choices["images"][0]["id"]
        server_id = self.post("/api/servers", {"name": name, "flavor": flavor, "image": image})["id"]
        wait_until(lambda: self.server(server_id)["status"] in ("ACTIVE", "ERROR"))
        return server_id

    def server(self, server_id):
        return next(each for each in self.get("/api/servers")["servers"] if each["id"] == server_id)

    def boot_messages(self, server_id):
        """Methods and kinds of all messages of a boot, once all have come."""
        wait_until(lambda: self._count(server_id) >= BOOT_MESSAGES)
        messages = self.get(f"/api/requests/{server_id}")["messages"]
        return [(message["kind"], message["method"]) for message in messages]

    def _count(self, server_id):
        requests = self.get(f"/api/requests?server={server_id}")["requests"]
        return sum(request["messages"] for request in requests)

    def is_following(self):
        try:
            bus = self.get("/api/state")["bus"]
        except ApiError:
            return False
        return (bus["state"], bus["tracing"]) == ("connected", True)

    def listen(self):
        """An open event stream, as lines."""
        connection = http.client.HTTPConnection(
            urllib.parse.urlsplit(self.url).netloc, timeout=TIMEOUT_SECONDS
        )
        connection.request("GET", "/api/events")
        return connection.getresponse()


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """One that all tests share which leave it as it is."""
    running = UpProcess(tmp_path_factory.mktemp("page") / "state")
    yield running.wait_ready()
    running.stop()


@pytest.fixture
def page(up):
    page = Page(up.page_url)
    wait_until(page.is_following)
    return page


@pytest.fixture
def start(tmp_path):
    """Starts a `minova up` of the test's own with one host."""
    started = []

    def start(*arguments):
        started.append(UpProcess(tmp_path / "state", "--hosts", "1", *arguments))
        return started[-1].wait_ready()

    yield start
    for running in started:
        running.stop()


BOOT = [
    ("cast", "build_instances"),
    ("call", "select_destinations"),
    ("reply", "select_destinations"),
    ("cast", "build_and_run_instance"),
    ("call", "instance_update"),
    ("reply", "instance_update"),
    ("call", "instance_update"),
    ("reply", "instance_update"),
]


def test_a_server_is_booted_and_its_messages_are_shown(page):
    server_id = page.boot("shown")
    assert page.boot_messages(server_id) == BOOT
    shown = page.get(f"/api/requests/{server_id}")
    assert shown["request"]["title"] == "boot of shown"
    assert {span["kind"] for span in shown["timeline"]} == {"queue", "work", "reply"}
    assert shown["svg"].count('class="message ') == BOOT_MESSAGES
    message = page.get(f"/api/messages/{shown['messages'][3]['unique_id']}")
    assert "instance" in message["message"]["body"]["args"]
    assert all(field["explanation"] for field in message["fields"])


def test_where_a_server_landed_and_why_is_shown(page):
    server_id = page.boot("placed")
    host = page.server(server_id)["host"]
    (decision,) = page.get(f"/api/decisions/{server_id}")["decisions"]
    assert decision["host"] == host
    assert {row["host"] for row in decision["hosts"]} == {"host1", "host2", "host3"}
    assert {row["host"]: row["state"] for row in page.get("/api/hosts")["hosts"]}[host] == "up"


def test_the_topology_has_the_queues_of_all_services_and_who_consumes(page):
    topology = page.get("/api/topology")
    assert (topology["source"], topology["reason"]) == ("management", None)
    consumers = {queue["name"]: queue["consumers"] for queue in topology["queues"]}
    for name in ("conductor", "scheduler", "compute.host1", "compute.host3"):
        assert consumers[name] >= 1
    assert "minova" in {exchange["name"] for exchange in topology["exchanges"]}
    clients = {connection["name"] for connection in topology["connections"]}
    assert {consumer["connection"] for consumer in topology["consumers"]} <= clients


def test_what_the_page_heard_is_recorded(up, page):
    server_id = page.boot("recorded")
    path = recording.path_in(str(up.state_path))

    def recorded():
        messages = [event.message for event in recording.read(path) if event.what == "published"]
        return [m.method for m in messages if server_id in m.instances]

    wait_until(lambda: "build_and_run_instance" in recorded())
    assert recorded()[0] == "build_instances"


def test_a_listener_is_told_of_a_request(page):
    stream = page.listen()
    assert stream.getheader("Content-Type").startswith("text/event-stream")
    server_id = page.boot("heard")
    request_id = wait_until(lambda: page.get(f"/api/requests?server={server_id}")["requests"])[0]["id"]
    lines = iter(lambda: stream.readline().decode(), "")
    news = (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))
    assert next(one for one in news if request_id in (one["requests"] or ()))["what"]
    stream.close()
    # Its place is free again once the page has tried to tell it something.
    wait_until(lambda: page.get("/api/state")["listeners"]["now"] == 0)


def test_a_held_message_waits_until_it_is_let_go(page):
    page.post("/api/debug/holds", {"method": "reboot_instance"})
    server_id = page.boot("held")
    page.post(f"/api/servers/{server_id}/reboot", {})
    (held,) = wait_until(lambda: page.get("/api/debug")["held"])
    assert held["method"] == "reboot_instance"
    wait_until(lambda: "held" in notes(page, held["unique_id"]))
    page.post("/api/debug/step", {})
    wait_until(lambda: notes(page, held["unique_id"]) == ["held", "released"])
    wait_until(lambda: page.server(server_id)["task_state"] is None)
    page.delete("/api/debug/holds")
    assert page.get("/api/debug")["holds"] == []


def notes(page, unique_id):
    """Nothing where the page has not heard of the message yet: the broker's copies come a moment later."""
    try:
        return [note["what"] for note in page.get(f"/api/messages/{unique_id}")["message"]["notes"]]
    except ApiError as error:
        if error.status != 404:
            raise
        return []


def test_a_killed_broker_is_survived(start):
    up = start()
    page, before = Page(up.page_url), dict(up.record()["processes"])
    stream = page.listen()
    assert "SIGKILL" in page.post("/api/services/broker/kill", {})["done"]
    wait_until(lambda: up.record()["restarts"].get("broker") == 1)
    wait_until(page.is_following)
    server_id = page.boot("after")
    assert page.server(server_id)["status"] == "ACTIVE"
    # What found no queue, while services came back, may have been sent again.
    wait_until(lambda: set(BOOT) <= set(page.boot_messages(server_id)))
    assert up.record()["processes"]["page"] == before["page"]
    # The listener stayed, and hears of it.
    lines = iter(lambda: stream.readline().decode(), "")
    assert any(
        '"state"' in line for line in lines if line.startswith("data: ") and '"requests": null' not in line
    )
    assert up.stop() == 0


def test_a_killed_page_comes_back_on_its_port(start):
    up = start()
    page = Page(up.page_url)
    os.kill(up.record()["processes"]["page"], signal.SIGKILL)
    wait_until(lambda: up.record()["restarts"] == {"page": 1})
    wait_until(page.is_following)
    assert page.server(page.boot("again"))["status"] == "ACTIVE"


def test_a_stop_ends_open_streams_and_leaves_nothing(start):
    up = start()
    page = Page(up.page_url)
    streams = [page.listen() for _ in range(4)]
    assert up.stop() == 0
    for stream in streams:
        # To the end, which comes by the stop.
        stream.read()
    with pytest.raises(ApiError, match="refused"):
        page.get("/api/state")
    table = subprocess.run(["ps", "-axwwo", "state=,args="], capture_output=True, text=True).stdout
    assert [row for row in table.splitlines() if str(up.state_path) in row and not row.startswith("Z")] == []


def test_a_port_and_no_page_contradict_each_other():
    command = [sys.executable, "-m", "minova.cmd.cli", "up", "--no-page", "--page-port", "0"]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "not allowed with argument" in refused.stderr


@pytest.fixture
def alone(tmp_path):
    """`minova-page` by itself on a broker of its own: (the page, its process, the broker)."""
    broker = broker_process.start_broker(tmp_path)
    log = tmp_path / "page.log"
    environment = {
        **os.environ,
        "OS_DEFAULT__TRANSPORT_URL": broker.url,
        "OS_DEFAULT__STATE_PATH": str(tmp_path / "state"),
        "OS_PAGE__PORT": "0",
        "OS_PAGE__API_URL": "http://127.0.0.1:1",
    }
    script = os.path.join(os.path.dirname(sys.executable), "minova-page")
    with log.open("w") as stream:
        process = subprocess.Popen([script], env=environment, stdout=stream, stderr=subprocess.STDOUT)
    wait_until(lambda: "the page is at " in log.read_text() or process.poll() is not None)
    assert process.poll() is None, log.read_text()
    yield Page(log.read_text().partition("the page is at ")[2].split()[0]), process, broker
    process.kill()
    process.wait()
    broker.stop()


def test_by_itself_it_says_what_it_cannot_do(alone):
    page, process, broker = alone
    wait_until(page.is_following)
    services = page.get("/api/services")
    assert (services["managed"], services["services"]) == (False, [])
    with pytest.raises(ApiError, match="The Compute API does not help"):
        page.get("/api/servers")
    broker.stop()
    wait_until(lambda: page.get("/api/state")["bus"]["state"] == "connecting")
    # At first it tells that the connection has ended, then that there is none to be had.
    wait_until(lambda: "No broker lets us in" in page.get("/api/state")["bus"]["reason"])
    assert page.get("/api/topology")["source"] is None
    process.terminate()
    assert process.wait(timeout=TIMEOUT_SECONDS) == 0


def test_on_rabbitmq_it_says_what_to_type_and_then_follows(start, rabbitmq_url):
    up = start("--transport-url", rabbitmq_url)
    page, virtual_host = Page(up.page_url), urllib.parse.urlsplit(rabbitmq_url).path[1:]
    wait_until(lambda: page.get("/api/state")["bus"]["tracing"] is False)
    assert f"rabbitmqctl trace_on -p {virtual_host}" in page.get("/api/state")["bus"]["hint"]
    queues = {queue["name"]: queue["consumers"] for queue in page.get("/api/topology")["queues"]}
    assert queues["conductor"] >= 1
    assert page.get("/api/debug")["available"] is False
    real_servers.rabbitmqctl("trace_on", "-p", virtual_host)
    wait_until(page.is_following)
    assert sorted(page.boot_messages(page.boot("on-rabbitmq"))) == sorted(BOOT)
    real_servers.rabbitmqctl("trace_off", "-p", virtual_host)
