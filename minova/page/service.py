# SPDX-License-Identifier: Apache-2.0
"""minova-page as a process: the thread that reads the bus, and the HTTP server."""

import contextlib
import logging

import minova.conf
from minova import exception
from minova.page import app, sources
from minova.page.bus import Bus
from minova.page.changes import Changes
from minova.page.cloud import Cloud
from minova.page.debugger import Debugger, client_maker
from minova.page.decisions import Decisions
from minova.page.errors import PageError
from minova.page.http_server import HttpServer, bind
from minova.page.listeners import Listeners
from minova.page.management import Management
from minova.page.outcomes import Outcomes
from minova.page.recording import Recording
from minova.page.services import Services
from minova.page.summaries import Summaries
from minova.page.topology import Topology
from minova.trace import events, firehose, recording
from minova.trace.store import NO_REQUEST, Store
from minova.up import settings
from minova.up.api_client import ApiClient

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_TOPICS = ("api", "conductor", "scheduler", "network", "compute")
# What may have changed with an event: a message is about servers or hosts, the debugger notes what it does to it.
_TOPICS_OF = {
    events.PUBLISHED: ("requests", "servers"),
    events.DELIVERED: ("requests", "servers"),
    events.NOTED: ("requests", "debugger"),
}
_API_SECONDS = 10
BINARY = "minova-page"
DEFAULT_TRANSPORT_URL = f"rabbit://guest:guest@127.0.0.1:{settings.DEFAULT_BROKER_PORT}/"


class PageService:
    """See launcher.launch().

    :raises InvalidOption: when it cannot listen, or the transport is none that can be traced.
    """

    def __init__(self):
        addresses = _addresses(CONF.transport_url)
        self._listener = bind()
        self._changes = Changes()
        self._store = Store(CONF.page.kept_messages, CONF.page.kept_bytes)
        self._recording = Recording(
            recording.path_in(CONF.state_path), CONF.page.recording_bytes, lambda: self._changes.tell("state")
        )
        self._bus = Bus(CONF.transport_url, self._take, lambda: self._changes.tell("state", "topology"))
        self._cloud = Cloud(ApiClient(_api_url(), _API_SECONDS))
        self._decisions = Decisions()
        summaries = Summaries(self._store)
        services, management_url = Services(CONF.state_path), _management_url(addresses[0])
        self._sources = sources.Sources(
            bus=self._bus,
            store=self._store,
            summaries=summaries,
            recording=self._recording,
            changes=self._changes,
            cloud=self._cloud,
            topology=Topology(Management(management_url, addresses[0]), self._queue_names),
            decisions=self._decisions,
            outcomes=Outcomes(self._cloud, summaries),
            services=services,
            debugger=Debugger(client_maker(services, management_url, CONF.transport_url)),
            listeners=Listeners(CONF.page.max_listeners),
        )
        self._http_server = None

    def start(self):
        # Not before: its threads are made with it, and have to inherit which signals the launcher blocks.
        self._http_server = HttpServer(app.create_app(self._sources), self._listener)
        self._bus.start()
        self._http_server.start()
        LOG.info("the page is at http://%s:%s", settings.reachable(CONF.page.listen), self._http_server.port)

    def stop(self):
        # The streams first: each holds a thread of the HTTP server.
        self._changes.close()
        self._http_server.stop()
        self._bus.stop()
        self._recording.close()
        self._decisions.close()

    def give_up(self):
        """For launcher.py: it has nothing in hand that others would take up."""

    def _take(self, event):
        if event is None:
            self._recording.flush()
            return
        self._store.add(event)
        self._recording.add(event)
        self._changes.tell(*_TOPICS_OF[event.what], request_id=event.message.request_id or NO_REQUEST)

    def _queue_names(self):
        """Of the topics, and of the services that have reported."""
        names = list(_TOPICS)
        with contextlib.suppress(PageError):
            names += self._reported_queue_names()
        return list(dict.fromkeys(names))

    def _reported_queue_names(self):
        for row in self._cloud.services():
            topic = row["binary"].removeprefix("minova-")
            yield from (topic, f"{topic}.{row['host']}")


def _addresses(transport_url):
    try:
        return firehose.broker_addresses(transport_url)
    except firehose.TraceError as error:
        raise exception.InvalidOption(reason=f"[DEFAULT] transport_url: {error}") from error


def _api_url():
    return CONF.page.api_url or f"http://{settings.reachable(CONF.api.listen)}:{CONF.api.port}"


def _management_url(address):
    if CONF.page.management_url:
        return CONF.page.management_url.removesuffix("/").removesuffix("/api")
    return f"http://{settings.reachable(address.host)}:{address.port + settings.MANAGEMENT_STEP}"
