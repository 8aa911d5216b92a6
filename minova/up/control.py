# SPDX-License-Identifier: Apache-2.0
"""The socket on which a running `minova up` takes orders: one JSON line in, one out, then it closes.

Its owner alone may connect. The server lives in the loop of the supervisor, so nothing in it ever waits.
"""

import contextlib
import json
import os
import shutil
import socket
import tempfile
import time

from minova.up import errors

SOCKET_NAME = "control.sock"
# A path of a Unix socket has 104 bytes at macOS and 108 at Linux.
LONGEST_PATH_BYTES = 100
LONGEST_LINE_BYTES = 4096
MOST_CLIENTS = 32
# From a connection to its whole line.
CLIENT_SECONDS = 5
ANSWER_SECONDS = 10


class ControlError(errors.UpError):
    """An order that was refused, or that nobody took."""


class ControlServer:
    """Listens; ``read()`` accepts one client when the supervisor sees it.

    :param watcher: the supervisor, with ``watch()`` and ``unwatch()``.
    :param answer: called with a decoded line, returns what is sent back.
    """

    def __init__(self, state_path, watcher, answer, clock=time.monotonic):
        self._watcher = watcher
        self._answer = answer
        self._clock = clock
        self._clients = []
        self._own_directory = None
        self.path = self._free_path(state_path)
        self._listener = _listen(self.path)
        watcher.watch(self._listener, self)

    def read(self):
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            if len(self._clients) < MOST_CLIENTS:
                self._add(connection)
            else:
                connection.close()
        return True

    def look(self):
        """Drop clients that take too long."""
        for client in [c for c in self._clients if c.deadline <= self._clock()]:
            self._drop(client)

    def close(self):
        for client in list(self._clients):
            self._drop(client)
        self._watcher.unwatch(self._listener)
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        if self._own_directory:
            shutil.rmtree(self._own_directory, ignore_errors=True)

    def _free_path(self, state_path):
        path = os.path.join(state_path, SOCKET_NAME)
        if len(os.fsencode(path)) > LONGEST_PATH_BYTES:
            self._own_directory = tempfile.mkdtemp(prefix="minova-")
            return os.path.join(self._own_directory, SOCKET_NAME)
        with contextlib.suppress(FileNotFoundError):
            # Of a run that was killed: the lock of the state path is this run's.
            os.unlink(path)
        return path

    def _add(self, connection):
        connection.setblocking(False)
        client = _Client(connection, self._clock() + CLIENT_SECONDS, self._serve, self._drop)
        self._clients.append(client)
        self._watcher.watch(connection, client)

    def _serve(self, client, line):
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        reply = json.dumps(self._answer(request)).encode() + b"\n"
        with contextlib.suppress(OSError):
            # Far less than the buffer of a new socket holds.
            client.connection.send(reply)
        self._drop(client)

    def _drop(self, client):
        self._clients.remove(client)
        self._watcher.unwatch(client.connection)
        client.connection.close()


class _Client:
    """One connection, until its line is complete."""

    def __init__(self, connection, deadline, serve, drop):
        self.connection = connection
        self.deadline = deadline
        self._serve = serve
        self._drop = drop
        self._received = b""

    def read(self):
        try:
            chunk = self.connection.recv(LONGEST_LINE_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            chunk = b""
        self._received += chunk
        line, newline, _ = self._received.partition(b"\n")
        if newline:
            self._serve(self, line)
        elif not chunk or len(self._received) > LONGEST_LINE_BYTES:
            self._drop(self)
        # Who is done has ended the watching by itself.
        return True


class ControlClient:
    """Sends orders to a running `minova up`.

    :param found: its record.
    """

    def __init__(self, found):
        self._path = found.control

    def send(self, action, service=None):
        """The answer to an order: ``services`` holds a row for each that it was about, with a ``text``.

        :raises ControlError: when it is refused, or `minova up` does not answer.
        """
        if not self._path:
            raise ControlError("minova up is still starting; try again when it is ready.")
        answer = self._exchange({"action": action, "service": service})
        if not answer.get("ok"):
            raise ControlError(answer.get("error", "minova up gave no reason."))
        return answer

    def _exchange(self, order):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ANSWER_SECONDS)
                connection.connect(self._path)
                connection.sendall(json.dumps(order).encode() + b"\n")
                with connection.makefile("rb") as answers:
                    return json.loads(answers.readline())
        except (OSError, ValueError) as err:
            raise ControlError(f"minova up does not answer on {self._path}: {err}.") from err


def _listen(path):
    listener = socket.socket(socket.AF_UNIX)
    old = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(old)
    listener.listen(MOST_CLIENTS)
    listener.setblocking(False)
    return listener
