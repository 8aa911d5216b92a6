# SPDX-License-Identifier: Apache-2.0
"""Every service of a cloud is told to stop and started anew, one after the other, while users are at work."""

import concurrent.futures
import contextlib
import http.client
import threading

from tests.killable import NETWORKS

# Deadlines as by default: on a busy machine a service takes many seconds to come back, and nothing is lost by that.
OPTIONS = {
    "DEFAULT": {"report_interval": 1, "service_down_time": 60, "graceful_shutdown_timeout": 40},
    "task": {"deadline_seconds": 60, "sweep_interval": 0.5},
    "compute": {"reconcile_interval": 1},
    "network": {"release_interval": 1},
}
SETTLED_SECONDS = 120
_PAUSE_SECONDS = 0.1
_SERVICE_SECONDS = 120


def restart_every_service_under_load(cloud):
    """Nothing is lost, nobody gets an odd answer, and nothing is found by its deadline alone."""
    services = cloud.start_all("--host", "host1")
    services["other compute"] = cloud.start("compute", "--host", "host2")
    cloud.wait_until_up(6)
    users = Users(cloud)

    with users.at_work(3):
        for name in ("conductor", "scheduler", "network", "compute", "other compute", "api"):
            users.wait_for_load(f"load before {name}")
            assert services[name].stop() == 0
            services[name].start()
            is_back = lambda n=name: services[n].log().count("serves topic") == 2  # noqa: E731
            cloud.wait_for(is_back, f"{name} back", _SERVICE_SECONDS)
        users.wait_for_load("load after all")

    assert users.odd == [], users.odd
    for uuid in users.kept:
        cloud.wait_for_status(uuid, "ACTIVE", SETTLED_SECONDS)
    for uuid in users.deleted:
        cloud.wait_until_gone(uuid, SETTLED_SECONDS)
    cloud.wait_until_well(SETTLED_SECONDS)
    # All went on by itself: nothing had to be found again after its deadline, or was handed back.
    assert "taking over task" not in services["conductor"].log()


class Users:
    """Each creates a server and waits for it, keeps it or deletes it, and creates the next, until told to stop.

    What is neither done nor refused is an odd answer. Who waited for nothing would have, on a busy machine, more in
    hand than the services have threads.
    """

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

    def wait_for_load(self, what):
        """Wait until some more servers were created, and left alone."""
        count = len(self.kept) + 3
        self._cloud.wait_for(lambda: len(self.kept) >= count, what, _SERVICE_SECONDS)

    def _work(self):
        while not self._stopping.wait(_PAUSE_SECONDS):
            if uuid := self._create():
                self._wait_until_built(uuid)
                if len(self.kept) > len(self.deleted):
                    self._delete(uuid)
                else:
                    self.kept.append(uuid)

    def _create(self):
        status, answer = self._ask("POST", "/v2.1/servers", {"server": self._body})
        if status == 202:
            return answer["server"]["id"]
        self._note_odd(status, answer)
        return None

    def _wait_until_built(self, uuid):
        while not self._stopping.wait(_PAUSE_SECONDS):
            status, answer = self._ask("GET", f"/v2.1/servers/{uuid}")
            if status == 200 and answer["server"]["status"] != "BUILD":
                return

    def _delete(self, uuid):
        while not self._stopping.wait(_PAUSE_SECONDS):
            status, answer = self._ask("DELETE", f"/v2.1/servers/{uuid}")
            if status in (204, 404):
                self.deleted.append(uuid)
                return
            self._note_odd(status, answer)
        self.kept.append(uuid)

    def _note_odd(self, status, answer):
        if status not in (None, 503):
            self.odd.append((status, answer))

    def _ask(self, method, path, body=None):
        """(None, None) while nobody listens."""
        try:
            return self._cloud.request(method, path, body)
        except ConnectionRefusedError:
            pass
        except (http.client.HTTPException, OSError) as error:
            # A request that was begun gets its answer before the API ends.
            self.odd.append((method, error))
        return None, None
