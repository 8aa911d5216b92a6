# SPDX-License-Identifier: Apache-2.0
"""Services that are told to stop, and started anew, while there is work: nothing is lost, nobody gets an odd answer."""

import base64
import concurrent.futures
import contextlib
import http.client
import json
import threading
import time
import urllib.error
import urllib.request

import pytest

from tests import broker_process
from tests.cloud import free_port
from tests.killable import NETWORKS, KillableCloud

_OPTIONS = {
    "DEFAULT": {"report_interval": 1, "service_down_time": 20, "graceful_shutdown_timeout": 20},
    "task": {"deadline_seconds": 10, "sweep_interval": 0.5},
    "compute": {"reconcile_interval": 1},
    "network": {"release_interval": 1},
}
_SETTLED_SECONDS = 120


@pytest.fixture
def make_cloud(tmp_path):
    with contextlib.ExitStack() as stack:

        def make(deadline_seconds=10, **default_options):
            options = {
                **_OPTIONS,
                "DEFAULT": {**_OPTIONS["DEFAULT"], **default_options},
                "task": {**_OPTIONS["task"], "deadline_seconds": deadline_seconds},
            }
            return stack.enter_context(KillableCloud(tmp_path, options=options))

        yield make


class Users:
    """Create and delete servers until told to stop; what is neither done nor refused is an odd answer."""

    def __init__(self, cloud):
        self._cloud = cloud
        self._body = {
            "name": "bar",
            "flavorRef": "1",
            "imageRef": cloud.image(),
            "networks": NETWORKS,
            "metadata": {"minova:spawn_seconds": "0.5"},
        }
        self._stopping = threading.Event()
        self.kept, self.deleted, self.odd = [], [], []

    @contextlib.contextmanager
    def at_work(self, count):
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            running = [pool.submit(self._work) for _ in range(count)]
            try:
                yield
            finally:
                self._stopping.set()
            for each in running:
                each.result()

    def _work(self):
        while not self._stopping.is_set():
            uuid = self._create()
            if uuid and len(self.kept) > len(self.deleted):
                self._delete(uuid)
            elif uuid:
                self.kept.append(uuid)
            # A steady load, not a flood.
            self._stopping.wait(0.1)

    def _create(self):
        status, answer = self._ask("POST", "/v2.1/servers", {"server": self._body})
        if status == 202:
            return answer["server"]["id"]
        if status not in (None, 503):
            self.odd.append((status, answer))
        return None

    def _delete(self, uuid):
        while not self._stopping.is_set():
            status, answer = self._ask("DELETE", f"/v2.1/servers/{uuid}")
            if status in (204, 404):
                self.deleted.append(uuid)
                return
            if status not in (None, 503):
                self.odd.append((status, answer))
        self.kept.append(uuid)

    def _ask(self, method, path, body=None):
        """(None, None) while nobody listens."""
        try:
            return self._cloud.request(method, path, body)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                self.odd.append((method, error))
        except (http.client.HTTPException, OSError) as error:
            # A request that was begun gets its answer before the API ends.
            self.odd.append((method, error))
        return None, None


def test_every_service_is_restarted_under_load_and_nothing_is_lost(make_cloud):
    cloud = make_cloud()
    services = cloud.start_all("--host", "host1")
    services["other compute"] = cloud.start("compute", "--host", "host2")
    cloud.wait_until_up(6)
    users = Users(cloud)

    with users.at_work(2):
        for name in ("conductor", "scheduler", "network", "compute", "other compute", "api"):
            count = len(users.kept)
            cloud.wait_for(lambda c=count: len(users.kept) >= c + 3, f"load before {name}", 60)
            assert services[name].stop() == 0
            services[name].start()
            cloud.wait_for(lambda n=name: services[n].log().count("serves topic") == 2, f"{name} back", 60)
        count = len(users.kept)
        cloud.wait_for(lambda: len(users.kept) >= count + 3, "load after all", 60)

    assert users.odd == []
    for uuid in users.kept:
        cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)
    for uuid in users.deleted:
        cloud.wait_until_gone(uuid, _SETTLED_SECONDS)
    cloud.wait_until_well(_SETTLED_SECONDS)
    # All went on by itself: nothing had to be found again after its deadline.
    assert "taking over task" not in services["conductor"].log()


def test_stops_leave_the_queues_of_topics_and_hosts_and_no_others(tmp_path):
    # What is sent to these waits for the return; nobody would ever read the others.
    management_port = free_port()
    broker = broker_process.start_broker(tmp_path, management_port=management_port)
    with contextlib.ExitStack() as stack:
        stack.callback(broker.stop)
        cloud = stack.enter_context(KillableCloud(tmp_path, options=_OPTIONS, transport_url=broker.url))
        services = cloud.start_all("--host", "host1")
        cloud.wait_for_status(cloud.boot(networks=NETWORKS), "ACTIVE", _SETTLED_SECONDS)

        for name in ("api", "compute", "network", "scheduler", "conductor"):
            assert services[name].stop() == 0

        assert _queue_names(management_port) == {
            *(topic for topic in ("api", "compute", "conductor", "network", "scheduler")),
            *(f"{topic}.controller" for topic in ("api", "conductor", "network", "scheduler")),
            "compute.host1",
        }


def _queue_names(management_port):
    credentials = base64.b64encode(b"guest:guest").decode()
    url = f"http://127.0.0.1:{management_port}/api/queues"
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {credentials}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return {queue["name"] for queue in json.load(answer)}


def _stop_within_a_spawn(cloud):
    """Stop the only host within a spawn that takes longer than a graceful stop may: (services, server)."""
    services = cloud.start_all("--host", "host1")
    uuid = cloud.boot(metadata={"minova:spawn_seconds": "8"})
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-STS:task_state"] == "spawning", "spawning", 30)
    began = time.monotonic()
    assert services["compute"].stop() == 0
    assert time.monotonic() - began < 8
    return services, uuid


def test_a_spawn_that_a_graceful_stop_cannot_wait_for_is_built_elsewhere(make_cloud):
    cloud = make_cloud(graceful_shutdown_timeout=1, service_down_time=4)
    _, uuid = _stop_within_a_spawn(cloud)

    cloud.start("compute", "--host", "host2")

    assert cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)["OS-EXT-SRV-ATTR:host"] == "host2"


def test_a_spawn_that_a_graceful_stop_cannot_wait_for_is_taken_up_at_the_return(make_cloud):
    # It was taken up after its deadline, which is so late here that the compute has to have handed it back.
    cloud = make_cloud(deadline_seconds=600, graceful_shutdown_timeout=1)
    services, uuid = _stop_within_a_spawn(cloud)
    cloud.wait_for(
        lambda: "taking over task" in services["conductor"].log(), "a task that is handed back", 20
    )

    services["compute"].start()

    assert cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)["OS-EXT-SRV-ATTR:host"] == "host1"
    cloud.wait_until_well(_SETTLED_SECONDS)


def test_a_host_that_said_goodbye_gets_no_new_server_while_it_finishes_another(make_cloud):
    cloud = make_cloud()
    services = cloud.start_all("--host", "host1")
    first = cloud.boot(metadata={"minova:spawn_seconds": "5"})
    cloud.wait_for(lambda: cloud.server(first)["OS-EXT-STS:task_state"] == "spawning", "spawning", 30)
    services["compute"].ask_to_stop()
    cloud.start("compute", "--host", "host2")
    cloud.wait_until_up(6)

    later = [cloud.boot(f"later-{number}") for number in range(4)]

    hosts = {cloud.wait_for_status(uuid, "ACTIVE", 60)["OS-EXT-SRV-ATTR:host"] for uuid in later}
    assert hosts == {"host2"}
    assert cloud.wait_for_status(first, "ACTIVE", 60)["OS-EXT-SRV-ATTR:host"] == "host1"
