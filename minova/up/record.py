# SPDX-License-Identifier: Apache-2.0
"""What a running `minova up` leaves in its state path for `status`, `down`, `trace` and the next `up`."""

import contextlib
import dataclasses
import fcntl
import json
import os
import time

from minova.up import errors, processes

# After a `minova up` was killed its guard still holds the lock while it stops the services.
LOCK_WAIT_SECONDS = 20


@dataclasses.dataclass
class Record:
    """One running deployment."""

    pid: int
    # Seconds since the epoch.
    started: float
    state_path: str
    api_url: str
    transport_url: str
    embedded_broker: bool
    hosts: int
    # None without a page.
    page_url: str | None = None
    # Of the embedded broker's HTTP API; "" for a broker that was there before.
    management_url: str = ""
    # Service to URL, where the API has several processes.
    api_urls: dict = dataclasses.field(default_factory=dict)
    # "" when it was not given on the command line.
    database_connection: str = ""
    ready: bool = False
    # Service to process id, which is also the process group of its workers.
    processes: dict = dataclasses.field(default_factory=dict)
    # Service to the number of times that it was started again.
    restarts: dict = dataclasses.field(default_factory=dict)
    # Service that ended to {"outcome": how, "restart_at": seconds since the epoch, or None for never,
    # "by_user": whether it was told to stop}.
    ended: dict = dataclasses.field(default_factory=dict)
    # What its services read, in this order.
    config_files: list = dataclasses.field(default_factory=list)
    # Path of the socket on which it takes orders, once it does.
    control: str = ""

    @property
    def alive(self):
        """Whether that `minova up` still runs; its process id may by now be another program's."""
        return processes.alive(self.pid) and " up" in processes.command_line(self.pid)


def load(state_path):
    """The record of this state path, or None."""
    try:
        with open(_path(state_path), encoding="utf-8") as text:
            return Record(**json.load(text))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as err:
        raise errors.UpError(f"{_path(state_path)} cannot be read: {err}. Remove it.") from err


def running(state_path):
    """The record of the `minova up` that runs on this state path, or None."""
    record = load(state_path)
    return record if record and record.alive else None


def save(record):
    """Write in one step, so that a reader never sees half a record. It may hold a password."""
    path = _path(record.state_path)
    descriptor = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as text:
        json.dump(dataclasses.asdict(record), text, indent=1)
    os.replace(f"{path}.new", path)


def remove(state_path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path(state_path))


def lock(state_path, say, wait_seconds=LOCK_WAIT_SECONDS):
    """Take the state path for this process; the returned file holds the lock until it is closed.

    :raises errors.UpError: when another `minova up` has it.
    """
    _make(state_path)
    handle = open(os.path.join(state_path, "up.lock"), "w")  # noqa: SIM115 - stays open as long as `up` runs
    deadline = time.monotonic() + wait_seconds
    told = False
    while not _try_lock(handle):
        holder = running(state_path)
        if holder or time.monotonic() > deadline:
            raise errors.UpError(_occupied(state_path, holder))
        if not told:
            say("A minova up that was killed is being cleaned up; waiting for that.")
            told = True
        time.sleep(0.1)
    return handle


def _path(state_path):
    return os.path.join(state_path, "up.json")


def _make(state_path):
    try:
        os.makedirs(os.path.join(state_path, "log"), exist_ok=True)
    except OSError as err:
        raise errors.UpError(
            f"The state path {state_path} cannot be made: {err.strerror}. Choose another with --state-path."
        ) from err


def _try_lock(handle):
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _occupied(state_path, holder):
    who = f"A minova up (pid {holder.pid}) already runs" if holder else "Another process works"
    return (
        f"{who} on the state path {state_path}. Stop it with `minova down --state-path {state_path}`, "
        "or choose another with --state-path."
    )
