# SPDX-License-Identifier: Apache-2.0
"""What became of requests as the records say: a conductor that gives one up writes so, and may send no message."""

import threading
import time

from minova.page.errors import PageError

FAILED, UNFINISHED, RECOVERED = "failed", "unfinished", "recovered"
# Several open pages are one reader.
_FRESH_SECONDS = 2
# What a request has to do for its servers to be in its task. Others, such as one for a console, are over with a reply.
_TASKS = ("boot", "delete", "start", "stop", "reboot", "evacuation")
# Servers that are asked about at a time; the others have their turn the next time.
_ASKED_AT_ONCE = 50


class Outcomes:
    """Asks the Compute API, but only while there are requests whose messages have ended and whose outcome is not known.

    :param cloud: a cloud.Cloud
    :param summaries: a summaries.Summaries
    """

    def __init__(self, cloud, summaries, clock=time.monotonic):
        self._cloud = cloud
        self._summaries = summaries
        self._clock = clock
        self._lock = threading.Lock()
        # Request id to its outcome for good; None where there is no more to say than the bus does.
        self._settled = {}
        self._unfinished = {}
        # Of servers that no message names.
        self._names = {}
        self._fresh_until = float("-inf")

    def all(self):
        """({request id: outcome}, {uuid: name}), at most a few seconds old; see endpoints/outcomes.py.

        :raises PageError: when the Compute API does not say.
        """
        with self._lock:
            if self._clock() >= self._fresh_until:
                self._refresh([each for each in self._summaries.all() if each["servers"]])
                self._fresh_until = self._clock() + _FRESH_SECONDS
            settled = {number: outcome for number, outcome in self._settled.items() if outcome}
            return {**settled, **self._unfinished}, {uuid: name for uuid, name in self._names.items() if name}

    def _refresh(self, requests):
        nameless = {uuid for each in requests for uuid, name in each["servers"].items() if not name}
        self._settled = _only(self._settled, {each["id"] for each in requests})
        self._names = _only(self._names, nameless)
        self._unfinished = {}
        tasks = [each for each in requests if each["action"] in _TASKS]
        ended = [each for each in tasks if not each["running"] and each["id"] not in self._settled]
        if ended or nameless - set(self._names):
            servers = {server["id"]: server for server in self._cloud.servers()}
            self._names |= {uuid: servers[uuid]["name"] if uuid in servers else "" for uuid in nameless}
            self._settle(ended, servers, _newest_by_server(tasks))

    def _settle(self, ended, servers, newest):
        reasons = _Reasons(self._cloud)
        # The newest first: those are looked at.
        for request in reversed(ended):
            task = _task_in_hand(request, servers, newest)
            if task:
                self._unfinished[request["id"]] = {"outcome": UNFINISHED, "reason": task}
            elif reasons.asked < _ASKED_AT_ONCE:
                self._settled[request["id"]] = _outcome(request, servers, reasons)


class _Reasons:
    """Why requests failed, by their servers, each of which is asked about once."""

    def __init__(self, cloud):
        self._cloud = cloud
        self._known = {}

    @property
    def asked(self):
        """Of how many servers."""
        return len(self._known)

    def of(self, server_id):
        """{request id: why it failed} of a server; None when there is no such server any more."""
        if server_id not in self._known:
            self._known[server_id] = self._ask(server_id)
        return self._known[server_id]

    def _ask(self, server_id):
        try:
            return self._cloud.failed_requests(server_id)
        except PageError as error:
            if error.code == 404:
                return None
            raise


def _task_in_hand(request, servers, newest):
    """The task state that a request has put a server in, when it is still in it."""
    own = [servers[uuid] for uuid in request["servers"] if uuid in servers and newest[uuid] == request["id"]]
    return next((server["task_state"] for server in own if server["task_state"]), None)


def _outcome(request, servers, reasons):
    told = [reasons.of(uuid) for uuid in request["servers"] if _is_in_question(request, servers.get(uuid))]
    why = next((each[request["id"]] for each in told if each and request["id"] in each), None)
    if why:
        return {"outcome": FAILED, "reason": why}
    is_gone = None in told
    if request["failed"] and (not is_gone or request["action"] == "delete"):
        return {"outcome": RECOVERED, "reason": None}
    return None


def _is_in_question(request, server):
    """Whether the records may say otherwise than the bus: a boot or delete that fails leaves its server in ERROR."""
    if request["failed"] or (server and server["status"] == "ERROR"):
        return True
    return request["action"] not in ("boot", "delete")


def _newest_by_server(requests):
    """{uuid: id of the newest request about that server}"""
    return {uuid: request["id"] for request in requests for uuid in request["servers"]}


def _only(mapping, keys):
    return {key: value for key, value in mapping.items() if key in keys}
