# SPDX-License-Identifier: Apache-2.0
"""One of the four processes of the floor: they pass on the messages of a boot and do nothing else; see floor.py.

Stock oslo.messaging on purpose: what minova adds to it is what the floor is compared with. The messages are
minova's: cast api -> conductor, call conductor -> scheduler, cast conductor -> compute, two calls compute ->
conductor; eight in all. The second of these calls ends a boot, as it makes a server ACTIVE in minova.
"""

import json
import socket
import sys
import threading
import time

import oslo_messaging as messaging
from oslo_config import cfg

EXCHANGE = "minova_bench"
HOST = "host1"
_CALL_SECONDS = 30
_BOOT_SECONDS = 60


class Conductor:
    """Also tells the api-like process, beside the bus, that a boot has ended."""

    def __init__(self, names, transport, notice_port):
        self._scheduler = messaging.get_rpc_client(
            transport, messaging.Target(topic=names["scheduler"]), timeout=_CALL_SECONDS
        )
        self._compute = messaging.get_rpc_client(
            transport, messaging.Target(topic=names["compute"], server=HOST)
        )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._notice = ("127.0.0.1", notice_port)

    def build(self, context, number):
        host = self._scheduler.call({}, "select", number=number)
        self._compute.cast({}, "run", number=number, host=host)

    def update(self, context, number, last):
        if last:
            self._socket.sendto(str(number).encode(), self._notice)


class Scheduler:
    def select(self, context, number):
        return HOST


class Compute:
    def __init__(self, names, transport):
        target = messaging.Target(topic=names["conductor"])
        self._conductor = messaging.get_rpc_client(transport, target, timeout=_CALL_SECONDS)

    def run(self, context, number, host):
        self._conductor.call({}, "update", number=number, last=False)
        self._conductor.call({}, "update", number=number, last=True)


class Api:
    """Asks for boots, `concurrency` at a time, and waits for each."""

    def __init__(self, names, transport, notices, concurrency):
        self._conductor = messaging.get_rpc_client(transport, messaging.Target(topic=names["conductor"]))
        self._notices = notices
        self._concurrency = concurrency
        self._ended = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def run(self, count):
        """Seconds that ``count`` boots took."""
        numbers = iter(range(count))
        lock = threading.Lock()

        def client():
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                self._boot(number)

        threads = [threading.Thread(target=client) for _ in range(self._concurrency)]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - begin

    def _boot(self, number):
        ended = self._ended[number] = threading.Event()
        self._conductor.cast({}, "build", number=number)
        if not ended.wait(_BOOT_SECONDS):
            raise TimeoutError(f"boot {number} of the floor did not end in {_BOOT_SECONDS} s")
        del self._ended[number]

    def _listen(self):
        while True:
            self._ended[int(self._notices.recv(64))].set()


def main():
    setting = json.loads(sys.argv[1])
    messaging.set_transport_defaults(control_exchange=EXCHANGE)
    transport = messaging.get_rpc_transport(cfg.CONF, url=setting["transport_url"])
    if setting["role"] == "api":
        _drive(setting, transport)
    else:
        _serve(setting, transport)


def _serve(setting, transport):
    """Answer until the process is terminated."""
    role, names = setting["role"], setting["names"]
    endpoint = {
        "conductor": lambda: Conductor(names, transport, setting["notice_port"]),
        "scheduler": lambda: Scheduler(),
        "compute": lambda: Compute(names, transport),
    }[role]()
    target = messaging.Target(topic=names[role], server=HOST)
    messaging.get_rpc_server(transport, target, [endpoint]).start()
    print("ready", flush=True)
    threading.Event().wait()


def _drive(setting, transport):
    """Print the port of the notices; for each number of boots that is read, print the seconds they took."""
    notices = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    notices.bind(("127.0.0.1", 0))
    print(notices.getsockname()[1], flush=True)
    api = Api(setting["names"], transport, notices, setting["concurrency"])
    for line in sys.stdin:
        print(api.run(int(line)), flush=True)


if __name__ == "__main__":
    main()
