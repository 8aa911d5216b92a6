# SPDX-License-Identifier: Apache-2.0
"""One client process: does one task as fast as the API lets it, and prints what it saw; see clients.py.

The task is JSON in the first argument. The process prints `ready`, waits for a line, works, and prints JSON.
"""

import json
import os
import sys
import threading
import time

from minova.bench import connection

# How a client waits for a server: soon at first, then more seldom, as a patient user would.
FIRST_POLL_SECONDS = 0.01
POLL_GROWTH = 1.5
LONGEST_POLL_SECONDS = 0.2
GIVE_UP_SECONDS = 120


class Client:
    """One connection and what is done with it."""

    def __init__(self, host, port):
        self.connection = connection.Connection(host, port)
        self.polls = 0

    def boot(self, body, poll_seconds=None):
        """Boot one server and watch it: (id, seconds from POST to ACTIVE, or None where it failed).

        :param poll_seconds: fixed time between two looks; None looks ever more seldom.
        """
        begin = time.perf_counter()
        uuid = self.create(body)
        status = self._wait(uuid, lambda code, text: settled(text), poll_seconds)
        return uuid, time.perf_counter() - begin if status == "ACTIVE" else None

    def create(self, body):
        """Ask for servers; the id of the first."""
        return self.connection.post_json("/servers", body)["server"]["id"]

    def delete(self, uuid):
        """Delete one server and wait until it is gone; seconds, or None where it stays."""
        begin = time.perf_counter()
        status, text = self.connection.request("DELETE", f"/servers/{uuid}")
        connection.expect(status, 204, text)
        gone = self._wait(uuid, lambda code, text: code == 404)
        return time.perf_counter() - begin if gone else None

    def _wait(self, uuid, wanted, poll_seconds=None):
        """What ``wanted(status, body)`` gave first that is true, or None after a long time."""
        pause_seconds = poll_seconds or FIRST_POLL_SECONDS
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            time.sleep(pause_seconds)
            self.polls += 1
            if result := wanted(*self.connection.request("GET", f"/servers/{uuid}")):
                return result
            if poll_seconds is None:
                pause_seconds = min(pause_seconds * POLL_GROWTH, LONGEST_POLL_SECONDS)
        return None


def settled(text):
    """ACTIVE or ERROR of the body of GET /servers/{id}, or None while it is neither."""
    status = json.loads(text)["server"]["status"]
    return status if status in ("ACTIVE", "ERROR") else None


def boot_many(client, task):
    """Boots, one after the other, as long as there is a ticket for one."""
    booted = [client.boot(task["body"], task.get("poll_seconds")) for _ in tickets(task["tickets"])]
    return {"uuids": [uuid for uuid, _ in booted], "seconds": [seconds for _, seconds in booted]}


def tickets(descriptor):
    """One for each byte of a pipe that all clients of a task read: a fast one does more, and all end together."""
    while os.read(descriptor, 1):
        yield


def delete_many(client, task):
    """The servers `uuids`, one after the other."""
    return {"seconds": [client.delete(uuid) for uuid in task["uuids"]]}


def get_many(client, task):
    """Ask for `path` again and again for `for_seconds`; each answer has to be a 200."""
    count = 0
    end = time.perf_counter() + task["for_seconds"]
    while time.perf_counter() < end:
        connection.expect(*_status_first(client.connection.request("GET", task["path"])))
        count += 1
    return {"count": count}


def post_at_once(client, task):
    """`count` creates at the same moment, each on a connection of its own."""
    uuids, failures = [], []
    barrier = threading.Barrier(task["count"])

    def post():
        own = Client(task["host"], task["port"])
        barrier.wait()
        try:
            uuids.append(own.create(task["body"]))
        except (OSError, connection.HttpError) as error:
            failures.append(str(error))
        own.connection.close()

    threads = [threading.Thread(target=post) for _ in range(task["count"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"uuids": uuids, "failures": failures}


WORK = {"boot": boot_many, "delete": delete_many, "get": get_many, "post": post_at_once}


def main():
    task = json.loads(sys.argv[1])
    client = Client(task["host"], task["port"])
    # Connect before the clock starts.
    client.connection.get_json("/")
    print("ready", flush=True)
    sys.stdin.readline()
    cpu_seconds, begin = time.process_time(), time.time()
    result = WORK[task["work"]](client, task)
    result |= {"cpu_seconds": time.process_time() - cpu_seconds, "begin": begin, "end": time.time()}
    print(json.dumps({**result, "polls": client.polls}), flush=True)


def _status_first(answer):
    status, body = answer
    return status, 200, body


if __name__ == "__main__":
    main()
