# SPDX-License-Identifier: Apache-2.0
"""What the page takes its answers from, made by hand."""

import dataclasses

from minova.debug.client import DebugError
from minova.page import sources
from minova.page.changes import Changes
from minova.page.cloud import Cloud
from minova.page.debugger import Debugger
from minova.page.decisions import Decisions
from minova.page.listeners import Listeners
from minova.page.management import ManagementError
from minova.page.outcomes import Outcomes
from minova.page.services import Services
from minova.page.summaries import Summaries
from minova.page.topology import Topology
from minova.trace import firehose
from minova.up.api_client import ApiError
from minova.up.control import ControlError
from tests.unit.trace import wire

ADDRESS = firehose.BrokerAddress("127.0.0.1", 1, "guest", "guest", "/")


class FakeBus:
    messages = 6

    def __init__(self):
        self.state = {"state": "connected", "tracing": True, "reason": None, "hint": None}

    def describe(self):
        return {**self.state, "url": "rabbit://127.0.0.1/", "virtual_host": "/"}


class FakeRecording:
    def describe(self):
        return {"path": "/nowhere", "max_bytes": 1, "reason": None}


class FakeApi:
    """Answers by (method, path) up to the query; an ApiError is raised."""

    url = "http://127.0.0.1:1"

    def __init__(self):
        self.sent = []
        self.answers = {}

    def send(self, method, path, body=None):
        self.sent.append((method, path, body))
        answer = self.answers.get((method, path.partition("?")[0]), ApiError("it is away"))
        if isinstance(answer, Exception):
            raise answer
        return {"x-openstack-request-id": "req-1"}, answer


class FakeManagement:
    """The management API; an `error` is raised by everything."""

    url = "http://127.0.0.1:15672"
    address = ADDRESS

    def __init__(self):
        self.error = None
        self.asked = 0
        self.rows = dict.fromkeys(("exchanges", "queues", "bindings", "connections", "consumers"), ())

    def __getattr__(self, noun):
        return lambda: self._answer(noun)

    def refuse(self, status):
        self.error = ManagementError(f"{self.url} answers {status}", status)

    def _answer(self, noun):
        self.asked += 1
        if self.error:
            raise self.error
        return self.rows[noun]


class FakeControl:
    """What `minova up` says on its socket."""

    def __init__(self):
        self.orders = []
        self.error = None
        self.rows = []

    def send(self, action, service=None):
        self.orders.append((action, service))
        if self.error:
            raise ControlError(self.error)
        if action == "list":
            return {"services": self.rows}
        return {"services": [{"service": service, "text": f"{service}: {action}."}]}


class FakeDebugClient:
    def __init__(self):
        self.orders = []
        self.error = None

    def __call__(self):
        """Makes a client: itself."""
        if self.error:
            raise self.error
        return self

    def holds(self):
        return [{"id": 1}]

    def held(self):
        return []

    def faults(self):
        return []

    def add_hold(self, **match):
        return self._note("add_hold", match)

    def add_fault(self, **fields):
        return self._note("add_fault", fields)

    def clear_holds(self, number):
        return self._note("clear_holds", number)

    def step(self, number):
        if number == 99:
            raise DebugError("There is no held message 99.", 404)
        return self._note("step", number)

    def _note(self, order, argument):
        self.orders.append((order, argument))
        return {"id": 1}


class FakePage:
    """All sources of an application: real ones as far as they need nobody, and behind the others fakes."""

    def __init__(self):
        self.wire = wire.boot(wire.Wire())
        self.api, self.management = FakeApi(), FakeManagement()
        self.control, self.debug_client = FakeControl(), FakeDebugClient()
        self.bus, self.changes = FakeBus(), Changes()
        self.listeners = Listeners(2)
        self.clock = Clock()

    def sources(self, state_path):
        cloud, summaries = Cloud(self.api), Summaries(self.wire.store)
        return sources.Sources(
            bus=self.bus,
            store=self.wire.store,
            summaries=summaries,
            recording=FakeRecording(),
            changes=self.changes,
            cloud=cloud,
            topology=Topology(self.management, list),
            decisions=Decisions(),
            outcomes=Outcomes(cloud, summaries, self.clock),
            services=Services(str(state_path), lambda found: self.control),
            debugger=Debugger(self.debug_client),
            listeners=self.listeners,
        )


@dataclasses.dataclass
class Clock:
    now: float = 100.0

    def __call__(self):
        return self.now
