# SPDX-License-Identifier: Apache-2.0
"""The guests in the store: what there is, what becomes of it.

Functions take the store's connection, those that write within a transaction. A guest that was to stop or
crash by itself has done so as soon as its time has come, whether or not anybody looked: reading applies
it.
"""

import json
import time
from dataclasses import dataclass, fields, replace

from minova import exception
from minova.virt import power_state
from minova.virt.driver import Guest, Owner

# A guest that is rebooted all day must not fill the disk: what its console tells reaches back so many events.
HISTORY_LENGTH = 12

_ENDED = {"stopped": power_state.SHUTDOWN, "crashed": power_state.CRASHED}
_COLUMNS = (
    "host, uuid, name, task_id, attempt, power_state, vcpus, memory_mb, disk_gb, created_at, started_at, "
    "ends_at, transition, rebooted_by, metadata, network_info, history"
)
_MARKS = ", ".join("?" for _ in _COLUMNS.split(","))
_SELECT = f"SELECT {_COLUMNS} FROM guest"
_ONE = "WHERE host = ? AND uuid = ?"


@dataclass(frozen=True)
class StoredGuest(Guest):
    """A guest with what only the hypervisor knows of it."""

    ends_at: float | None = None  # when it will stop or crash by itself, or has, until that is reported
    transition: str | None = None  # "stopped" or "crashed": which of them
    rebooted_by: str | None = None  # task of the last reboot
    metadata: str = "{}"  # JSON: the items for the hypervisor
    network_info: str = "[]"  # JSON
    history: tuple = ()  # what the console tells: (seconds since the epoch, event of console.py)

    @property
    def is_half_made(self):
        return self.power_state == power_state.NOSTATE


def find(connection, host: str, uuid: str) -> StoredGuest | None:
    row = connection.execute(f"{_SELECT} {_ONE}", (host, uuid)).fetchone()
    return _from_row(row, time.time()) if row else None


def get(connection, host: str, uuid: str) -> StoredGuest:
    """Like ``find``.

    :raises GuestNotFound: there is none
    """
    guest = find(connection, host, uuid)
    if guest is None:
        raise exception.GuestNotFound(host=host, instance_id=uuid)
    return guest


def uuids(connection, host: str) -> list[str]:
    rows = connection.execute("SELECT uuid FROM guest WHERE host = ? ORDER BY uuid", (host,))
    return [uuid for (uuid,) in rows]


def of_host(connection, host: str) -> list[Guest]:
    now = time.time()
    rows = connection.execute(f"{_SELECT} WHERE host = ? ORDER BY uuid", (host,))
    return [_plain(_from_row(row, now)) for row in rows]


def everywhere(connection) -> list[Guest]:
    """Describe the guests of all hosts."""
    now = time.time()
    return [_plain(_from_row(row, now)) for row in connection.execute(f"{_SELECT} ORDER BY host, uuid")]


def usage(connection, host: str) -> tuple[int, int, int, int]:
    """Return the number of the host's guests and the sums of their vcpus, memory_mb and disk_gb."""
    return connection.execute(
        "SELECT COUNT(*), TOTAL(vcpus), TOTAL(memory_mb), TOTAL(disk_gb) FROM guest WHERE host = ?", (host,)
    ).fetchone()


def define(connection, wanted: StoredGuest) -> StoredGuest:
    """Write a half-made guest, unless its owner's guest is there already.

    :returns: the owner's guest, new or as it was found
    :raises HypervisorError: the guest of a later attempt of the same task is there
    """
    found = find(connection, wanted.host, wanted.uuid)
    if found and found.owner == wanted.owner:
        return found
    if found and found.owner.task_id == wanted.owner.task_id and found.owner.attempt > wanted.owner.attempt:
        raise exception.HypervisorError(
            operation=f"spawn {wanted.uuid}",
            reason=f"attempt {found.owner.attempt} has its guest on {wanted.host}, and this is "
            f"attempt {wanted.owner.attempt}",
        )
    save(connection, wanted)
    return wanted


def save(connection, guest: StoredGuest) -> None:
    """Write a guest over what is there of the same host and uuid."""
    connection.execute(
        f"INSERT OR REPLACE INTO guest ({_COLUMNS}) VALUES ({_MARKS})",
        (
            *(guest.host, guest.uuid, guest.name, *guest.owner, guest.power_state),
            *(guest.vcpus, guest.memory_mb, guest.disk_gb, guest.created_at, guest.started_at),
            *(guest.ends_at, guest.transition, guest.rebooted_by, guest.metadata, guest.network_info),
            json.dumps(guest.history),
        ),
    )


def started(guest: StoredGuest, end: tuple[float, str] | None) -> StoredGuest:
    """Return the guest after it booted now.

    :param end: in how many seconds it will stop or crash by itself, and which; None for never
    """
    now = time.time()
    return replace(
        guest,
        power_state=power_state.RUNNING,
        started_at=now,
        ends_at=now + end[0] if end else None,
        transition=end[1] if end else None,
        history=_extended(guest, now, "booted"),
    )


def stopped(guest: StoredGuest) -> StoredGuest:
    """Return the guest after it was told to shut down and did so now."""
    was_running = guest.power_state == power_state.RUNNING
    return replace(
        guest,
        power_state=power_state.SHUTDOWN,
        ends_at=None,
        transition=None,
        history=_extended(guest, time.time(), "stopped") if was_running else guest.history,
    )


def remove(connection, guest: Guest) -> bool:
    """Remove the guest if it is still there, of the same owner."""
    return bool(
        connection.execute(
            f"DELETE FROM guest {_ONE} AND task_id IS ? AND attempt = ?",
            (guest.host, guest.uuid, *guest.owner),
        ).rowcount
    )


def ended(connection) -> list[StoredGuest]:
    """Return the guests of all hosts that stopped or crashed by themselves, those not settled yet, oldest
    first."""
    now = time.time()
    rows = connection.execute(f"{_SELECT} WHERE ends_at <= ? ORDER BY ends_at", (now,))
    return [_from_row(row, now) for row in rows]


def settle(connection, guest: StoredGuest) -> None:
    """Take an end as reported, unless the guest was started again or removed meanwhile."""
    connection.execute(
        f"UPDATE guest SET power_state = ?, history = ?, ends_at = NULL {_ONE} AND ends_at = ?",
        (guest.power_state, json.dumps(guest.history), guest.host, guest.uuid, guest.ends_at),
    )


def _from_row(row, now):
    host, uuid, name, task_id, attempt, *plain, history = row
    events = tuple(map(tuple, json.loads(history)))
    guest = StoredGuest(host, uuid, name, Owner(task_id, attempt), *plain, events)
    if guest.ends_at is None or guest.ends_at > now:
        return guest
    return replace(
        guest,
        power_state=_ENDED[guest.transition],
        history=_extended(guest, guest.ends_at, guest.transition),
    )


def _extended(guest, at, event):
    return (*guest.history, (at, event))[-HISTORY_LENGTH:]


def _plain(guest):
    return Guest(**{field.name: getattr(guest, field.name) for field in fields(Guest)})
