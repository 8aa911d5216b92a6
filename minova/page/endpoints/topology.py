# SPDX-License-Identifier: Apache-2.0
"""/api/topology: what is on the broker now."""

import flask

from minova.page import sources

bp = flask.Blueprint("topology", __name__)


@bp.get("/api/topology")
def show():
    """200:

    {"source": "management" | "amqp" | null,    amqp: without a management API; only queues, and of them only those that
                                                minova's services use; null: the broker cannot be asked at all
     "reason": null | "... type, as root: rabbitmq-plugins enable ...",    what is missing, and what to do
     "exchanges": [{"name": "minova", "type": "topic", "durable": false, "auto_delete": false, "internal": false}, ...],
                                                    the default exchange is ""
     "queues": [{"name": "conductor", "messages": 0, "ready": 0, "unacknowledged": 0, "consumers": 1,
                 "type": "classic", "durable": false, "exclusive": false, "auto_delete": false, "arguments": {},
                 "state": "running"}, ...],          of source amqp: name, messages, ready, consumers
     "bindings": [{"source": "minova", "destination": "conductor", "destination_type": "queue" | "exchange",
                   "routing_key": "conductor"}, ...],
     "connections": [{"name": "127.0.0.1:1 -> 127.0.0.1:2", "client": "minova-conductor:123:...", "user": "guest",
                      "state": "running", "channels": 1, "connected_at": 1900000000000, "peer_host": "127.0.0.1",
                      "peer_port": 1}, ...],         connected_at: milliseconds since the epoch
     "consumers": [{"queue": "conductor", "connection": "<name of the connection>", "tag": "2", "ack_required": true,
                    "prefetch": 16}, ...]}
    """
    return sources.current().topology.read()
