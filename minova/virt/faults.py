# SPDX-License-Identifier: Apache-2.0
"""Fault rules: what the simulated hypervisors are told to do badly, from any process, while they run.

A rule stands in the store, so each hypervisor of the state path obeys it from its next operation on, and
it outlives them all. A rule is used by its turn: an operation that matches counts as a hit; the first
``skip`` hits pass; of the others each is struck with ``probability``; after ``maximum`` strikes, or at
``expires_at``, the rule is spent.
"""

import fnmatch
import time
from dataclasses import astuple, dataclass, fields, replace

from minova import exception
from minova.virt import delays
from minova.virt.operation import Operation
from minova.virt.store import opened

METHODS = (
    "spawn",
    "destroy",
    "power_on",
    "power_off",
    "reboot",
    "get_power_state",
    "get_console_output",
    "get_diagnostics",
    "get_available_resource",
    "list_guests",
    "init_host",
)


@dataclass(frozen=True)
class FaultRule:
    """One rule; the last three fields are the store's."""

    method: str  # one of METHODS, or "*" for all
    # INSTANCE, @HOST or INSTANCE@HOST, where INSTANCE is a name or uuid; * and ? are wildcards in each.
    object: str = "*"
    probability: float = 1.0
    delay: str = "0"  # a duration of delays.py, on top of the operation's own
    error: str | None = "a fault rule says so"  # what a struck operation fails with; None: it is only delayed
    skip: int = 0
    maximum: int | None = None  # None: no end
    expires_at: float | None = None  # seconds since the epoch; None: never
    id: int | None = None
    hits: int = 0
    strikes: int = 0

    def matches(self, operation: Operation) -> bool:
        """Tell whether the operation is one that the rule is for (not whether it is struck)."""
        if self.method not in ("*", operation.method):
            return False
        instance, at, host = self.object.rpartition("@")
        if not at:
            instance, host = self.object, "*"
        return fnmatch.fnmatchcase(operation.host, host) and (
            instance in ("", "*")
            or fnmatch.fnmatchcase(operation.name, instance)
            or fnmatch.fnmatchcase(operation.uuid, instance)
        )


_COLUMNS = ", ".join(field.name for field in fields(FaultRule))
_MARKS = ", ".join("?" for _ in fields(FaultRule))


def add_fault(state_path: str, rule: FaultRule) -> FaultRule:
    """Put a rule into force on all hypervisors of the state path.

    :returns: the rule with its id
    :raises Invalid: saying what is wrong with the rule
    """
    _check(rule)
    fresh = replace(rule, id=None, hits=0, strikes=0)
    with opened(state_path) as store, store.write() as connection:
        cursor = connection.execute(f"INSERT INTO fault ({_COLUMNS}) VALUES ({_MARKS})", astuple(fresh))
        return replace(fresh, id=cursor.lastrowid)


def list_faults(state_path: str) -> list[FaultRule]:
    """Return all rules, spent ones too, oldest first."""
    with opened(state_path) as store, store.read() as connection:
        return [FaultRule(*row) for row in connection.execute(f"SELECT {_COLUMNS} FROM fault ORDER BY id")]


def clear_faults(state_path: str, rule_id: int | None = None) -> int:
    """Take one rule away, or all.

    :returns: how many there were
    """
    with opened(state_path) as store, store.write() as connection:
        return connection.execute("DELETE FROM fault WHERE ? IN (id, 0)", (rule_id or 0,)).rowcount


def matching(connection, operation: Operation) -> list[FaultRule]:
    """Return the rules for the operation that are not spent.

    The rules are read at each operation: that takes 5 microseconds where there are none, and nothing can
    be stale.
    """
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM fault WHERE method IN (?, '*') AND (maximum IS NULL OR strikes < maximum)"
        " AND (expires_at IS NULL OR expires_at > ?) ORDER BY id",
        (operation.method, time.time()),
    ).fetchall()
    return [rule for rule in (FaultRule(*row) for row in rows) if rule.matches(operation)]


def strike(connection, rule: FaultRule, draw) -> bool:
    """Count the operation as a hit, and tell whether the rule strikes it.

    :param draw: chance.Draw of the operation
    """
    struck = rule.hits >= rule.skip and draw.happens(f"fault {rule.id}", rule.probability)
    connection.execute(
        "UPDATE fault SET hits = hits + 1, strikes = strikes + ? WHERE id = ?", (int(struck), rule.id)
    )
    return struck


def _check(rule):
    if rule.method not in (*METHODS, "*"):
        raise exception.Invalid(reason=f"method is '{rule.method}', not '*' or one of {', '.join(METHODS)}")
    if not 0 <= rule.probability <= 1:
        raise exception.Invalid(reason=f"probability is {rule.probability}, not from 0 to 1")
    if rule.skip < 0 or (rule.maximum is not None and rule.maximum < 1):
        raise exception.Invalid(reason="skip is at least 0, maximum at least 1")
    try:
        delay = delays.parse(rule.delay)
    except ValueError as err:
        raise exception.Invalid(reason=f"delay: {err}") from err
    if rule.error is None and delay == delays.NONE:
        raise exception.Invalid(reason="a rule without error and delay does nothing")
