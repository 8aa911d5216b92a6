# SPDX-License-Identifier: Apache-2.0
"""One storm on a minova of its own: customers and faults, then rest, verdict, deletion of all, verdict again."""

import dataclasses
import itertools
import os
import threading
import time

from minova.bench.deployment import Deployment
from minova.chaos import bus, configuration, door, foreign, levels, lives, plan, verdict
from minova.chaos.injector import Injector
from minova.chaos.ledger import Ledger
from minova.up import example
from minova.up import settings as up_settings
from minova.up.api_client import ApiClient

_SAMPLE_SECONDS = 5
_SAMPLES_A_BUS_SAMPLE = 12
_LOOK_SECONDS = 1
_PROCESSES = {"api": 2, "conductor": 2, "scheduler": 2, "network": 2, "compute": 3}
# Of a minova that is told of no other.
_DATABASE_FILE = "minova.sqlite3"
SERVICES = (*(f"{kind}-{n}" for kind, count in _PROCESSES.items() for n in range(1, count + 1)), "broker")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is asked of one storm."""

    seed: int
    storm_seconds: float
    # Servers that are asked for in a second.
    rate: float
    hosts: int
    fault_interval_seconds: float
    state_path: str
    transport_url: str | None = None
    database_connection: str | None = None
    # Services that are left alone, to see over a long storm whether they stay level.
    spared: tuple = ()

    def services(self):
        """Those that are killed, stopped and restarted."""
        running = [name for name in SERVICES if name != "broker" or not self.transport_url]
        return [name for name in running if name not in self.spared]

    @property
    def bus(self):
        """What tells how much the broker holds; None where nothing does."""
        return self.broker_server if self.transport_url else bus.EmbeddedBroker(self.state_path)

    @property
    def database_server(self):
        """Whose connections may be cut; None for SQLite."""
        url = self.database_connection
        return foreign.Database(url) if url and not url.startswith("sqlite") else None

    @property
    def database_file(self):
        """The SQLite file that may be locked; None for a database server."""
        url = self.database_connection or f"sqlite:///{os.path.join(self.state_path, _DATABASE_FILE)}"
        return foreign.SQLite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    @property
    def broker_server(self):
        """Whose connections may be cut, where that is allowed to us."""
        server = foreign.RabbitMQ(self.transport_url) if self.transport_url else None
        return server if server and server.usable() else None


class Storm:
    """``run`` it, then read what it found.

    :param interrupted: an event; once it is set all ends soon.
    """

    def __init__(self, settings, say, interrupted=None):
        self.settings = settings
        self.ledger = Ledger()
        self.levels = levels.Levels(settings.state_path, settings.bus)
        possible = (settings.broker_server, settings.database_server, settings.database_file)
        self.foreign = [each for each in possible if each]
        self.faults = plan.faults(
            settings.seed,
            settings.storm_seconds,
            settings.services(),
            settings.fault_interval_seconds,
            [(each.name, each.kind) for each in self.foreign],
        )
        self.injector = Injector(settings.state_path, self.faults, self.ledger, say, self.foreign)
        self.interrupted = interrupted or threading.Event()
        self.settle_seconds = None
        self.restarts = {}
        self._say = say
        self._config_path = os.path.join(os.path.dirname(settings.state_path), "chaos.conf")

    def run(self):
        """:raises DeploymentError: when minova does not start or does not stop."""
        with open(self._config_path, "w", encoding="utf-8") as config:
            config.write(configuration.text())
        with self._deployment() as deployment:
            up_config = os.path.join(self.settings.state_path, up_settings.GENERATED_CONFIG)
            with verdict.Records((self._config_path, up_config)) as records:
                self._blow(deployment, self._server_body(deployment, records))
                if not self.interrupted.is_set():
                    self._judge(deployment, records)
            self.restarts = deployment.read_record().restarts

    def _deployment(self):
        settings = self.settings
        options = ["--config-file", self._config_path]
        for kind, count in _PROCESSES.items():
            options += ["--processes", f"{kind}={count}"]
        urls = settings.transport_url, settings.database_connection
        return Deployment(
            settings.state_path, settings.hosts, *urls, options=options, environment=configuration.ENVIRONMENT
        )

    def _server_body(self, deployment, records):
        """What is asked for each time, but for the name: the smallest flavor, with an address."""
        body = example.server_body(ApiClient(deployment.record.api_url, 10))["server"]
        return {**body, "networks": [{"uuid": network_id} for network_id in records.network_ids()]}

    def _blow(self, deployment, body):
        apis = deployment.record.api_urls
        customers = lives.Customers(self.settings.seed, self.settings.rate, apis, body, self.ledger)
        sampler = threading.Thread(target=self._sample, daemon=True)
        self._calm = threading.Event()
        sampler.start()
        customers.start()
        try:
            self.injector.run(self.settings.storm_seconds, self.interrupted)
        finally:
            customers.stop()
        self._say("The storm is over; waiting for rest.")
        self._over = time.monotonic()
        self.injector.wait(self.interrupted)
        self._calm.set()
        sampler.join()

    def _sample(self):
        for number in itertools.count():
            self.levels.sample()
            if number % _SAMPLES_A_BUS_SAMPLE == 0:
                self.levels.sample_bus()
            if self._calm.wait(_SAMPLE_SECONDS):
                return

    def _judge(self, deployment, records):
        self.ledger.judge_unanswered()
        if self._wait_for_rest(records):
            self.settle_seconds = time.monotonic() - self._over
        broken = verdict.broken_promises(self.ledger.servers, records.living(), self._database_was_cut)
        for sentence, uuid in broken:
            self.ledger.blame(sentence, uuid)
        self._delete_all(deployment, records)
        self._blame_rest(records)
        self._judge_levels()

    def _database_was_cut(self, answer):
        server = self.settings.database_server
        return server is not None and self.ledger.was_hit(server.name, answer)

    def _wait_for_rest(self, records):
        """Whether all was true within the deadline; else what is not true is noted."""
        deadline = time.monotonic() + configuration.SETTLE_SECONDS
        while found := records.violations():
            if time.monotonic() > deadline or self.interrupted.wait(_LOOK_SECONDS):
                self._blame(found, f"{configuration.SETTLE_SECONDS} s after the storm")
                return False
        return True

    def _delete_all(self, deployment, records):
        """What is left has to be deletable: every answer a 204."""
        self._say(f"Deleting the {len(records.living())} servers that are left.")
        service, url = next(iter(deployment.record.api_urls.items()))
        for row in records.living().values():
            answer = door.ask(service, url, "DELETE", f"/servers/{row.uuid}")
            self.ledger.note(answer, "delete at the end", (204, 404))
        deadline = time.monotonic() + configuration.SETTLE_SECONDS
        while any(records.counts().values()) and time.monotonic() < deadline:
            if self.interrupted.wait(_LOOK_SECONDS):
                return

    def _blame_rest(self, records):
        self._blame(records.violations(), "after all was deleted")
        for what, count in records.counts().items():
            if count:
                self.ledger.blame(f"After all servers were deleted there are {count} {what}.")

    def _judge_levels(self):
        """The queues of processes that died expire; then there are as many as at first, and none holds anything."""
        deadline = time.monotonic() + 3 * configuration.QUEUE_EXPIRY_SECONDS
        self.levels.sample()
        self.levels.sample_bus()
        while found := self._bus_violations():
            if time.monotonic() > deadline or self.interrupted.wait(_SAMPLE_SECONDS):
                break
            self.levels.sample_bus()
        for sentence in (*found, *self.levels.violations()):
            self.ledger.blame(sentence)

    def _bus_violations(self):
        found = []
        # A process makes its queue of replies when it first calls.
        queues, messages = (self.levels.of_bus.get(what) for what in ("queues", "messages"))
        if queues and queues.end > queues.start + len(SERVICES):
            found.append(f"The broker has {queues.end} queues, and had {queues.start} at first.")
        if messages and messages.end:
            found.append(f"{messages.end} messages are left in the broker's queues.")
        return found

    def _blame(self, sentences, when):
        for sentence in sentences:
            self.ledger.blame(f"{sentence} ({when})", *_uuids(sentence))


def _uuids(sentence):
    return [word.strip("(),.:;") for word in sentence.split() if len(word.strip("(),.:;")) == 36]
