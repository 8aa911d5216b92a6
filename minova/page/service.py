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
from minova.page.decisions import Decisions
from minova.page.errors import PageError
from minova.page.http_server import HttpServer, bind
from minova.page.listeners import Listeners
from minova.page.management import Management
from minova.page.recent import Store
from minova.page.services import Services
from minova.page.topology import Topology
from minova.trace import firehose
from minova.up import settings

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_TOPICS = ("api", "conductor", "scheduler", "network", "compute")
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
        self._store = Store(CONF.page.kept_requests)
        self._bus = Bus(CONF.transport_url, self._take, lambda: self._changes.tell("state"))
        self._cloud = Cloud(_api_url())
        self._decisions = Decisions()
        everything = sources.Sources(
            bus=self._bus,
            store=self._store,
            changes=self._changes,
            cloud=self._cloud,
            topology=Topology(Management(_management_url(addresses[0]), addresses[0]), self._queue_names),
            decisions=self._decisions,
            services=Services(CONF.state_path),
            listeners=Listeners(CONF.page.max_listeners),
        )
        self._http_server = HttpServer(app.create_app(everything), self._listener)

    def start(self):
        self._bus.start()
        self._http_server.start()
        LOG.info("the page is at http://%s:%s", settings.reachable(CONF.page.listen), self._http_server.port)

    def stop(self):
        # The streams first: each holds a thread of the HTTP server.
        self._changes.close()
        self._http_server.stop()
        self._bus.stop()
        self._decisions.close()

    def _take(self, message):
        self._store.add(message)
        topics = ("requests", "servers") if message.instances else ("requests",)
        self._changes.tell(*topics, request_id=message.request_id)

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
