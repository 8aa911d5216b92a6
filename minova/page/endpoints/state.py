# SPDX-License-Identifier: Apache-2.0
"""/api/state: whether everything that the page shows can be seen, and what to do where not."""

import importlib.metadata
import time

import flask

import minova.conf
from minova.page import sources

CONF = minova.conf.CONF
bp = flask.Blueprint("state", __name__)


@bp.get("/api/state")
def show():
    """200:

    {"time": 1900000000.0,                    seconds since the epoch, by the clock of this machine
     "minova": {"version": "0.1.0", "started": 1899999000.0 | null, "hosts": 3 | null,
                "state_path": "/x/state", "managed": true},     managed: started by `minova up`
     "bus": {"state": "connected" | "connecting", "tracing": true | false | null,
             "reason": "No broker ..." | null,   why there is no connection
             "hint": "On RabbitMQ ... type" | null,   several lines: what to type so that messages come
             "url": "rabbit://guest:***@127.0.0.1:5673/", "virtual_host": "/",
             "lost_copies": 0,      copies that the broker threw away since the page was too slow: at least so many
             "lost_at": null | 1900000000.0,      when that was last noticed
             "embedded": true | null},
     "trace": {"requests": 12, "messages": 140,        messages: seen since the start of the page
               "recording": {"path": "/x/state/trace/recording.jsonl", "max_bytes": 67108864,
                             "reason": null | "why nothing is recorded"}},
     "api": {"url": "http://127.0.0.1:8774"},
     "management": {"url": "http://127.0.0.1:15673"},
     "listeners": {"now": 1, "most": 16}}
    """
    current = sources.current()
    record = current.services.record()
    return {
        "time": time.time(),
        "minova": {
            "version": importlib.metadata.version("minova"),
            "started": record.started if record else None,
            "hosts": record.hosts if record else None,
            "state_path": CONF.state_path,
            "managed": record is not None,
        },
        "bus": {**current.bus.describe(), "embedded": record.embedded_broker if record else None},
        "trace": {
            "requests": len(current.store.requests()),
            "messages": current.bus.messages,
            "recording": current.recording.describe(),
        },
        "api": {"url": current.cloud.url},
        "management": {"url": current.topology.url},
        "listeners": {"now": current.listeners.now, "most": current.listeners.most},
    }
