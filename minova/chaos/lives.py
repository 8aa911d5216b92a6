# SPDX-License-Identifier: Apache-2.0
"""The customers of a storm: each server has a life that the seed wrote, asked for by honest requests.

Honest: each request has a deadline and is counted with its answer, no answer is taken for another, and 503 is
believed when it says when to come again.
"""

import heapq
import itertools
import random
import threading
import time

from minova.chaos import door
from minova.chaos.ledger import Server

_CUSTOMERS = 24
_LOOK_SECONDS = 1.0
# Shares of the servers: never deleted during the storm; deleted at once, while they are built.
_KEPT, _DELETED_AT_ONCE = 0.05, 0.15
_ACTIONS = {
    "stop": {"os-stop": None},
    "start": {"os-start": None},
    "soft reboot": {"reboot": {"type": "SOFT"}},
    "hard reboot": {"reboot": {"type": "HARD"}},
}
_SETTLED = ("ACTIVE", "SHUTOFF", "ERROR")


def scripts(seed):
    """For ever: (what one customer does with a server, seconds until the next customer comes at a rate of 1)."""
    chance = random.Random(f"lives of {seed}")
    while True:
        draw = chance.random()
        if draw < _DELETED_AT_ONCE:
            script = [("delete", chance.uniform(0, 2))]
        else:
            names = chance.choices(tuple(_ACTIONS), k=chance.choice((0, 0, 1, 2, 3)))
            script = [(name, chance.uniform(0, 4)) for name in names]
            if draw < 1 - _KEPT:
                script.append(("delete", chance.uniform(0, 8)))
        yield script, chance.expovariate(1)


class Life:
    """One server, from the request for it to its end; ``step`` is called by one thread at a time."""

    def __init__(self, server, script, body, apis, ledger, chance):
        self._server = server
        self._script = list(script)
        self._body = body
        self._apis = apis
        self._ledger = ledger
        self._chance = chance
        self._next = self._create

    def step(self):
        """Do the next thing; seconds until there is more to do, or None at the end."""
        return self._next()

    def _create(self):
        server = self._server
        answer = self._ask("POST", "/servers", "create", (202,), self._body)
        server.created = answer
        if answer.status != 202:
            return None
        server.uuid = answer.body["server"]["id"]
        if self._script and self._script[0][0] == "delete":
            return self._after_pause(self._act)
        self._next = self._look
        return _LOOK_SECONDS

    def _look(self):
        """Wait until the server rests, or is gone."""
        server = self._server
        allowed = (200, 404) if server.delete_sent else (200,)
        answer = self._ask("GET", f"/servers/{server.uuid}", "show", allowed)
        if answer.status == 404:
            server.status = "gone"
            return None
        found = answer.body.get("server", {}) if answer.status == 200 else {}
        if found.get("status") not in _SETTLED or found.get("OS-EXT-STS:task_state"):
            return _LOOK_SECONDS
        server.status = found["status"]
        if server.built_seconds is None:
            server.built_seconds = time.monotonic() - server.created.began
        if server.delete_accepted:
            # A delete that was accepted and given up leaves an ERROR: ask again.
            self._script = [("delete", 1.0)]
        return self._after_pause(self._act) if self._script else None

    def _after_pause(self, what):
        self._next = what
        return self._script[0][1]

    def _act(self):
        name = self._script[0][0]
        if name == "delete":
            return self._delete()
        self._script.pop(0)
        path = f"/servers/{self._server.uuid}/action"
        # 409: it is stopped already, or does something else.
        self._ask("POST", path, name, (202, 409), _ACTIONS[name])
        self._next = self._look
        return _LOOK_SECONDS

    def _delete(self):
        server = self._server
        server.delete_sent = True
        answer = self._ask("DELETE", f"/servers/{server.uuid}", "delete", (204, 404))
        if answer.ok or answer.status == 404:
            server.delete_accepted = True
            self._script = []
            self._next = self._look
        # Not answered, or told to come again.
        return float(answer.retry_after or _LOOK_SECONDS)

    def _ask(self, method, path, kind, allowed, body=None):
        api, url = self._chance.choice(self._apis)
        answer = door.ask(api, url, method, path, body)
        self._ledger.note(answer, kind, allowed, self._server)
        return answer


class Customers:
    """Threads that let lives go on; new ones come at a rate until ``stop``."""

    def __init__(self, seed, rate, apis, body, ledger):
        self._seed = seed
        self._scripts = scripts(seed)
        self._rate = rate
        self._apis = list(apis.items())
        self._body = body
        self._ledger = ledger
        self._numbers = itertools.count(1)
        self._agenda = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_CUSTOMERS)]

    def start(self):
        self._put(time.monotonic(), self._newcomer)
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Ask for nothing new; the requests under way are waited for."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(2 * door.TIMEOUT_SECONDS)

    def _work(self):
        while (step := self._take()) is not None:
            pause_seconds = step()
            if pause_seconds is not None:
                self._put(time.monotonic() + pause_seconds, step)

    def _newcomer(self):
        """Begin one life; seconds until the next."""
        number = next(self._numbers)
        script, gap = next(self._scripts)
        server = Server(f"chaos-{self._seed}-{number}")
        self._ledger.add(server)
        chance = random.Random(f"life {number} of {self._seed}")
        body = {"server": {**self._body, "name": server.name}}
        life = Life(server, script, body, self._apis, self._ledger, chance)
        self._put(time.monotonic(), life.step)
        return gap / self._rate

    def _put(self, moment, step):
        with self._changed:
            heapq.heappush(self._agenda, (moment, next(self._order), step))
            self._changed.notify()

    def _take(self):
        """The next step, when its time has come; None when all is over."""
        with self._changed:
            while not self._stopped:
                wait_seconds = self._agenda[0][0] - time.monotonic() if self._agenda else None
                if wait_seconds is not None and wait_seconds <= 0:
                    return heapq.heappop(self._agenda)[2]
                self._changed.wait(wait_seconds)
            return None
