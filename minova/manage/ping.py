# SPDX-License-Identifier: Apache-2.0
"""`minova-manage service ping`: a call to each registered service on its topic and host."""

import dataclasses
import queue
import threading
import time

import oslo_messaging as messaging

from minova import baserpc, context, exception, rpc_client
from minova.db import services
from minova.manage import bus, db, table

_HEADER = ("Binary", "Host", "Round trip")
# Each thread opens a connection for sending; more than the machine has cores would measure one another.
_THREADS = 8


def ping(args):
    """:returns: 1 when some service does not answer."""
    # A compute has no database; its health check names the one service that it is about.
    rows = [_Named(args.topic, args.host_name)] if args.topic and args.host_name else _registered(args)
    with bus.opened() as opened:
        outcomes = _Round(opened, rows, args.timeout).run()
    print(table.render(_HEADER, [(row.binary, row.host, outcomes[row.id].text) for row in rows]))
    return 0 if all(outcomes[row.id].answered for row in rows) else 1


def _registered(args):
    with db.opened() as database, database.reader() as conn:
        rows = [
            row
            for row in services.find(conn)
            if args.topic in (None, row.topic) and args.host_name in (None, row.host)
        ]
    if not rows:
        wanted = (("of topic", args.topic), ("on host", args.host_name))
        what = "".join(f"{words} {value} " for words, value in wanted if value)
        raise exception.InvalidOption(reason=f"No service {what}has reported yet.")
    return rows


@dataclasses.dataclass(frozen=True)
class _Named:
    """What a row of the services says, of a service that is not looked up."""

    topic: str
    host: str
    id: int = 0

    @property
    def binary(self):
        return f"minova-{self.topic}"


class _Outcome:
    """What became of one service's ping."""

    def __init__(self, text, answered=False):
        self.text = text
        self.answered = answered


class _Round:
    """Pings of all services, some at a time."""

    def __init__(self, opened_bus, rows, timeout_seconds):
        self._apis = {row.topic: baserpc.BaseAPI(opened_bus, row.topic) for row in rows}
        self._timeout_seconds = timeout_seconds
        self._waiting = queue.SimpleQueue()
        for row in rows:
            self._waiting.put(row)
        self._outcomes = {row.id: _Outcome(f"no answer in {timeout_seconds:g} s") for row in rows}

    def run(self):
        # Daemons with a deadline: where the broker refuses them, oslo.messaging would try for ever.
        count = min(_THREADS, len(self._outcomes))
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        rounds = 1 + len(self._outcomes) // count
        deadline = time.monotonic() + 2 * self._timeout_seconds * rounds
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))
        return self._outcomes

    def _work(self):
        while True:
            try:
                row = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                self._outcomes[row.id] = self._ask(row)
            except (messaging.MessagingTimeout, rpc_client.NobodyListens):
                pass
            except messaging.MessagingException as error:
                self._outcomes[row.id] = _Outcome(f"failed: {type(error).__name__}")

    def _ask(self, row):
        # The first call may have to open connections; only the second is a round trip.
        self._ping(row)
        started = time.perf_counter()
        self._ping(row)
        return _Outcome(f"{(time.perf_counter() - started) * 1000:.1f} ms", answered=True)

    def _ping(self, row):
        self._apis[row.topic].ping(
            context.get_admin_context(), arg="ping", server=row.host, timeout_seconds=self._timeout_seconds
        )
