# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL and MariaDB that are stopped, killed and cut off in the middle of boots: nothing is lost or done twice."""

import concurrent.futures
import contextlib
import threading
import time

import pytest

from tests.killable import FAST, NETWORKS, KillableCloud

_BOOTS = 12
_RECOVERED_SECONDS = 120
_OPTIONS = {
    **FAST,
    "DEFAULT": {**FAST["DEFAULT"], "database_patience": 5},
    "task": {"deadline_seconds": 4, "sweep_interval": 0.3, "max_takeovers": 20},
    "conductor": {"rpc_timeout": 10},
    "network": {"rpc_timeout": 10, "release_interval": 1},
    "api": {"database_timeout": 1},
}


@pytest.fixture(scope="module")
def cloud(server, tmp_path_factory):
    path = tmp_path_factory.mktemp("cloud")
    with KillableCloud(path, options=_OPTIONS, database_url=server.url) as cloud:
        cloud.start_all("--hosts", "3")
        cloud.wait_until_up(7)
        yield cloud


class Clients:
    """Creates servers one after the other until told to stop; remembers every answer."""

    def __init__(self, cloud):
        image = cloud.image()
        self._body = {
            "server": {
                "name": "bar",
                "flavorRef": "1",
                "imageRef": image,
                "networks": NETWORKS,
                "metadata": {"minova:spawn_seconds": "0.3"},
            }
        }
        self._cloud = cloud
        self._stopping = threading.Event()
        self.accepted = []
        self.refusals = []
        self.surprises = []

    def run(self):
        while not self._stopping.is_set():
            status, answer = self._cloud.request("POST", "/v2.1/servers", self._body)
            if status == 202:
                self.accepted.append(answer["server"]["id"])
            elif status == 503:
                self.refusals.append(answer["serviceUnavailable"]["message"])
            else:
                self.surprises.append((status, answer))

    @contextlib.contextmanager
    def at_work(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            running = pool.submit(self.run)
            try:
                yield
            finally:
                self._stopping.set()
            running.result()


def _disturb_boots(cloud, disturb):
    """Boot without a pause while ``disturb`` works; all that was accepted has to become ACTIVE, and be true."""
    clients = Clients(cloud)
    with clients.at_work():
        cloud.wait_for(lambda: len(clients.accepted) >= _BOOTS, "the first boots", 90)
        disturb(clients)
        enough = len(clients.accepted) + _BOOTS
        cloud.wait_for(lambda: len(clients.accepted) >= enough, "boots after it", _RECOVERED_SECONDS)

    assert clients.surprises == []
    for uuid in clients.accepted:
        cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_until_well(_RECOVERED_SECONDS)
    for server in cloud.request("GET", "/v2.1/servers?limit=1000")[1]["servers"]:
        assert cloud.request("DELETE", f"/v2.1/servers/{server['id']}")[0] == 204
    cloud.wait_until_well(_RECOVERED_SECONDS)
    return clients


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_database_that_is_restarted_in_the_middle_of_boots(cloud, server, end):
    def restart(clients):
        getattr(server, end)()
        cloud.wait_for(lambda: clients.refusals, "a request to be refused", 90)
        began = time.monotonic()
        status, answer = cloud.request("GET", "/v2.1/servers")
        assert (status, time.monotonic() - began < 10) == (503, True), answer
        server.start()

    clients = _disturb_boots(cloud, restart)

    assert set(clients.refusals) == {"The database does not answer."}


def test_connections_that_are_cut_in_the_middle_of_boots(cloud, server):
    def cut(clients):
        for _ in range(5):
            server.cut_connections()
            count = len(clients.accepted) + len(clients.refusals)
            cloud.wait_for(lambda c=count: len(clients.accepted) + len(clients.refusals) > c, "an answer", 90)

    clients = _disturb_boots(cloud, cut)

    # What is in the middle of its transaction cannot go on.
    assert set(clients.refusals) <= {"The database does not answer."}
