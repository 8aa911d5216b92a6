# SPDX-License-Identifier: Apache-2.0
"""The server or the client of a broker that is measured; see brokers.py.

Stock oslo.messaging on purpose, as the brokers are compared by what it asks of them. Both processes end when their
standard input does.
"""

import json
import sys
import threading
import time

import oslo_messaging as messaging
from oslo_config import cfg

# Of one argument; the envelope of oslo.messaging comes on top.
PAYLOAD_BYTES = 500
_CALL_SECONDS = 30
# Until the casts that were sent have arrived.
_ARRIVAL_SECONDS = 60
# Of the client's call that waits for them.
_PATIENCE_SECONDS = _ARRIVAL_SECONDS + 10


class Server:
    """Answers calls with what they brought, and counts casts."""

    def __init__(self):
        self._casts = 0
        self._came = threading.Condition()

    def echo(self, context, payload):
        return payload

    def take(self, context, payload):
        with self._came:
            self._casts += 1
            self._came.notify_all()

    def wait_for_casts(self, context, count):
        """How many casts have come since the start, once it is ``count``, or after a deadline."""
        with self._came:
            self._came.wait_for(lambda: self._casts >= count, _ARRIVAL_SECONDS)
            return self._casts


class Client:
    """Sends from several threads for some seconds; what it returns is JSON for the parent."""

    def __init__(self, transport, topic, threads):
        target = messaging.Target(topic=topic)
        self._client = messaging.get_rpc_client(transport, target, timeout=_CALL_SECONDS)
        self._threads = threads
        self._sent = 0

    def call(self, for_seconds):
        """Calls, each after the answer to the one before."""
        return self._together(lambda payload: self._client.call({}, "echo", payload=payload), for_seconds)

    def cast(self, for_seconds):
        """Casts, each after the broker's confirm of the one before; over when the last has arrived."""
        begin = time.perf_counter()
        done = self._together(lambda payload: self._client.cast({}, "take", payload=payload), for_seconds)
        self._sent += done["count"]
        patient = self._client.prepare(timeout=_PATIENCE_SECONDS)
        arrived = patient.call({}, "wait_for_casts", count=self._sent)
        if arrived != self._sent:
            raise RuntimeError(f"of {self._sent} casts {arrived} arrived")
        return {**done, "seconds": time.perf_counter() - begin}

    def _together(self, send, for_seconds):
        begin = time.perf_counter()
        counts = [0] * self._threads
        failures = []

        def work(number):
            payload = "x" * PAYLOAD_BYTES
            try:
                while time.perf_counter() < begin + for_seconds:
                    send(payload)
                    counts[number] += 1
            except messaging.MessagingException as err:
                failures.append(err)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(self._threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return {"count": sum(counts), "seconds": time.perf_counter() - begin}


def main():
    setting = json.loads(sys.argv[1])
    messaging.set_transport_defaults(control_exchange=setting["exchange"])
    transport = messaging.get_rpc_transport(cfg.CONF, url=setting["transport_url"])
    for name, value in setting["rabbit_options"].items():
        cfg.CONF.set_override(name, value, group="oslo_messaging_rabbit")
    role = _serve if setting["role"] == "server" else _drive
    role(setting, transport)
    transport.cleanup()


def _serve(setting, transport):
    """Answer until the input ends; stopping in good order takes the fanout queue away."""
    target = messaging.Target(topic=setting["topic"], server=setting["server"])
    server = messaging.get_rpc_server(transport, target, [Server()])
    server.start()
    print("ready", flush=True)
    sys.stdin.read()
    server.stop()
    server.wait()


def _drive(setting, transport):
    """Print the name of the reply queue, then for each `call SECONDS` or `cast SECONDS` that is read what was done."""
    # Its name is random, and nobody but the driver knows it.
    print(transport._driver._get_reply_q(), flush=True)
    client = Client(transport, setting["topic"], setting["threads"])
    for line in sys.stdin:
        work, for_seconds = line.split()
        send = {"call": client.call, "cast": client.cast}[work]
        print(json.dumps(send(float(for_seconds))), flush=True)


if __name__ == "__main__":
    main()
