# SPDX-License-Identifier: Apache-2.0
"""A service dies, by kill -9, at each point where something can be lost, and comes back: nothing is lost.

docs/recovery.md has the table of these points. One cloud serves them all: each test leaves it well.
"""

import contextlib
import dataclasses

import pytest

from tests.injection import Point
from tests.killable import NETWORKS, KillableCloud

_RECOVERED_SECONDS = 120


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with KillableCloud(tmp_path_factory.mktemp("cloud")) as cloud:
        cloud.services = cloud.start_all("--hosts", "2")
        cloud.wait_until_up(6)
        yield cloud


@dataclasses.dataclass(frozen=True)
class Case:
    """While a server is built (``action`` "boot"), or something is done to one, ``service`` dies at ``point``."""

    what: str
    service: str
    point: Point
    metadata: dict = dataclasses.field(default_factory=dict)

    def __str__(self):
        return f"{self.service} {self.what}".replace(" ", "-")


_QUERY = "minova.scheduler.client.query:SchedulerQueryClient.select_destinations"
_REPLY_WAITER = "oslo_messaging._drivers.amqpdriver:ReplyWaiter.wait"
_BUILD = "minova.compute.build:Build"
_RECORDS = "minova.conductor.records:Records"
_BUILDS = "minova.conductor.tasks.build:BuildInstances"
_DRIVER = "minova.virt.fake:FakeDriver"
_WHILE_IT_WORKS = Point("minova.virt.fake:_pass_time", "before")
_SLOW = {f"minova:{work}_seconds": "0.1" for work in ("spawn", "destroy", "power_on", "power_off", "reboot")}
_FAILING = {"minova:fail": "spawn:1"}

_BOOTS = [
    Case("between its commit and its cast", "api", Point("minova.compute.api:API._cast", "before")),
    Case("after its cast", "api", Point("minova.compute.api:API._cast", "after")),
    Case("before it looks at the build", "conductor", Point(f"{_BUILDS}.build", "before")),
    Case("before it asks the scheduler", "conductor", Point(_QUERY, "before")),
    Case("while it asks the scheduler", "conductor", Point(_REPLY_WAITER, "before")),
    Case("after the scheduler's answer", "conductor", Point(_QUERY, "after")),
    Case("between the record and its cast", "conductor", Point(f"{_RECORDS}.assign", "after")),
    Case(
        "after its cast",
        "conductor",
        Point("minova.compute.rpcapi:ComputeAPI.build_and_run_instance", "after"),
    ),
    Case("before it writes a report", "conductor", Point(f"{_RECORDS}.update", "before")),
    Case("before it answers a report", "conductor", Point(f"{_RECORDS}.update", "after")),
    Case("before it answers the last report", "conductor", Point(f"{_RECORDS}.update", "after", nth=2)),
    Case("before it hands on", "conductor", Point(f"{_BUILDS}.reschedule", "before"), _FAILING),
    Case("while it hands on", "conductor", Point(f"{_RECORDS}.claim_and_assign", "after"), _FAILING),
    Case("before it claims", "scheduler", Point("minova.scheduler.destinations:_claim", "before")),
    Case("while it claims", "scheduler", Point("minova.scheduler.destinations:_claim", "after")),
    Case(
        "between its claim and its answer",
        "scheduler",
        Point("minova.scheduler.destinations:Destinations.select", "after"),
    ),
    Case("before it does anything", "compute", Point(f"{_BUILD}.run", "before")),
    Case("after it got addresses", "compute", Point(f"{_BUILD}._allocate_network", "after")),
    Case("before it spawns", "compute", Point(f"{_DRIVER}.spawn", "before")),
    Case("while it spawns", "compute", _WHILE_IT_WORKS, _SLOW),
    Case("between its spawn and its report", "compute", Point(f"{_DRIVER}.spawn", "after")),
    Case("after its report", "compute", Point(f"{_BUILD}._report_done", "after")),
    Case("before it hands on", "compute", Point(f"{_BUILD}._deallocate_network", "after"), _FAILING),
    Case(
        "before it allocates", "network", Point("minova.network.manager:NetworkManager._allocate", "before")
    ),
    Case("while it allocates", "network", Point("minova.db.networks:take_address", "after")),
    Case(
        "between its allocation and its answer",
        "network",
        Point("minova.network.manager:NetworkManager._allocate", "after"),
    ),
]


# What is done to a server: the status from which, the request, and the status to which (None: gone).
_ACTIONS = {
    "stop": ("ACTIVE", {"os-stop": None}, "SHUTOFF"),
    "start": ("SHUTOFF", {"os-start": None}, "ACTIVE"),
    "soft reboot": ("ACTIVE", {"reboot": {"type": "SOFT"}}, "ACTIVE"),
    "hard reboot": ("ACTIVE", {"reboot": {"type": "HARD"}}, "ACTIVE"),
    "delete": ("ACTIVE", None, None),
}
_COMPUTE_API = "minova.compute.api:API"
_CONDUCTOR_RPCAPI = "minova.conductor.rpcapi:ConductorAPI"


_METHODS = {
    "stop": "stop",
    "start": "start",
    "soft reboot": "reboot",
    "hard reboot": "reboot",
    "delete": "terminate",
}


def _points_of(action):
    """The points at which an action can be lost."""
    report, record = ("instance_destroy", "destroy") if action == "delete" else ("instance_update", "update")
    yield Case("between its commit and its cast", "api", Point(f"{_COMPUTE_API}._cast", "before"))
    yield Case("while it works", "compute", _WHILE_IT_WORKS)
    yield Case("before its report", "compute", Point(f"{_CONDUCTOR_RPCAPI}.{report}", "before"))
    if action in ("stop", "delete"):
        yield Case(
            "before it does anything",
            "compute",
            Point(f"minova.compute.actions:Actions.{_METHODS[action]}", "before"),
        )
        yield Case("before it writes the report", "conductor", Point(f"{_RECORDS}.{record}", "before"))
        yield Case("before it answers the report", "conductor", Point(f"{_RECORDS}.{record}", "after"))


_EVACUATIONS = [
    Case("between its commit and its cast", "api", Point(f"{_COMPUTE_API}._cast", "before")),
    Case("before it asks the scheduler", "conductor", Point(_QUERY, "before")),
    Case("after the scheduler's answer", "conductor", Point(_QUERY, "after")),
    Case("between the record and its cast", "conductor", Point(f"{_RECORDS}.move", "after")),
    Case("before it answers the last report", "conductor", Point(f"{_RECORDS}.update", "after", nth=2)),
    Case("while it claims", "scheduler", Point("minova.scheduler.destinations:_claim", "after")),
    Case("before it does anything", "compute", Point("minova.compute.rebuild:Rebuild.run", "before")),
    Case("while it spawns", "compute", _WHILE_IT_WORKS),
    Case("between its spawn and its report", "compute", Point(f"{_DRIVER}.spawn", "after")),
]


@pytest.mark.parametrize("case", _BOOTS, ids=str)
def test_a_boot_survives_the_death_of(cloud, case):
    name = str(case)
    cloud.arm(case.point, cloud.services[case.service])

    with _unanswered_by(case.service):
        cloud.boot(name, networks=NETWORKS, metadata=case.metadata)
    cloud.revive(cloud.wait_until_fired())

    uuid = cloud.wait_for(lambda: cloud.find(name), "the API", 90)
    cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_until_well()


@pytest.mark.parametrize(
    ("action", "case"),
    [pytest.param(action, case, id=f"{action}-{case}") for action in _ACTIONS for case in _points_of(action)],
)
def test_an_action_survives_the_death_of(cloud, action, case):
    before, request, after = _ACTIONS[action]
    uuid = _ready_server(cloud, before)
    cloud.arm(case.point, cloud.services[case.service])

    with _unanswered_by(case.service):
        if request:
            cloud.request("POST", f"/v2.1/servers/{uuid}/action", request)
        else:
            cloud.request("DELETE", f"/v2.1/servers/{uuid}")
    cloud.revive(cloud.wait_until_fired())

    cloud.wait_for(lambda: cloud.answers(), "the API", 90)
    if after:
        cloud.wait_for_status(uuid, after, _RECOVERED_SECONDS)
    else:
        cloud.wait_until_gone(uuid, _RECOVERED_SECONDS)
    cloud.wait_until_well()


@pytest.mark.parametrize("case", _EVACUATIONS, ids=str)
def test_an_evacuation_survives_the_death_of(cloud, case):
    # The process that serves both hosts dies, so it is on record that one of them is down.
    uuid = _ready_server(cloud, "ACTIVE")
    before = cloud.server(uuid)
    left = before["OS-EXT-SRV-ATTR:host"]
    cloud.force_down(left)
    cloud.arm(case.point, cloud.services[case.service])

    with _unanswered_by(case.service):
        cloud.evacuate(uuid)
    cloud.revive(cloud.wait_until_fired())

    cloud.wait_for(lambda: cloud.answers(), "the API", 90)
    after = cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.force_down(left, False)
    assert after["OS-EXT-SRV-ATTR:host"] != left
    assert after["addresses"] == before["addresses"]
    cloud.wait_until_well()


def test_a_request_for_many_survives_a_fault_in_its_middle(cloud):
    cloud.arm(
        Point("minova.compute.rpcapi:ComputeAPI.build_and_run_instance", "after", nth=3),
        cloud.services["conductor"],
    )

    cloud.boot("many", networks=NETWORKS, min_count=6, max_count=6)
    cloud.revive(cloud.wait_until_fired())

    for number in range(1, 7):
        cloud.wait_for_status(cloud.find(f"many-{number}"), "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_until_well()


def test_a_takeover_survives_the_death_of_who_took_over(cloud):
    conductor = cloud.services["conductor"]
    cloud.arm(Point(f"{_BUILDS}.build", "before"), conductor)
    uuid = cloud.boot("twice", networks=NETWORKS)
    cloud.revive(cloud.wait_until_fired())
    cloud.arm(Point("minova.conductor.tasks.recover:Recovery._recover", "before"), conductor)
    cloud.revive(cloud.wait_until_fired())

    cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_until_well()


@pytest.mark.parametrize("messages", ["empty", "with messages in it"])
def test_a_broker_is_killed_and_started_again(cloud, messages):
    compute = cloud.services["compute"]
    uuid = None
    if messages != "empty":
        compute.kill()
        uuid = cloud.boot("in-the-queue", networks=NETWORKS)
        cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-SRV-ATTR:host"], "a host", 90)

    cloud.broker.kill()
    cloud.broker.start()

    if messages != "empty":
        compute.start()
    uuid = uuid or cloud.wait_for(lambda: _try_to_boot(cloud), "the API to accept", 90)
    cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_until_well()


def test_a_broker_is_killed_with_an_evacuation_in_its_queue(cloud):
    compute = cloud.services["compute"]
    uuid = _ready_server(cloud, "ACTIVE")
    left = cloud.server(uuid)["OS-EXT-SRV-ATTR:host"]
    cloud.force_down(left)
    compute.kill()
    cloud.evacuate(uuid)
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-SRV-ATTR:host"] != left, "another host", 90)

    cloud.broker.kill()
    cloud.broker.start()
    compute.start()

    cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.force_down(left, False)
    cloud.wait_until_well()


def _unanswered_by(service):
    """Only who asked an API that died gets no answer."""
    return contextlib.suppress(OSError) if service == "api" else contextlib.nullcontext()


def _ready_server(cloud, status):
    uuid = cloud.boot(networks=NETWORKS, metadata=_SLOW)
    cloud.wait_for_status(uuid, "ACTIVE")
    if status == "SHUTOFF":
        cloud.act(uuid, "os-stop")
        cloud.wait_for_status(uuid, "SHUTOFF")
    return uuid


def _try_to_boot(cloud):
    """The id of a new server, or None where the API says that the bus is away."""
    server = {"name": "afterwards", "flavorRef": "1", "imageRef": cloud.image(), "networks": NETWORKS}
    status, answer = cloud.request("POST", "/v2.1/servers", {"server": server})
    assert status in (202, 503), answer
    return answer["server"]["id"] if status == 202 else None
