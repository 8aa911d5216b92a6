# SPDX-License-Identifier: Apache-2.0
"""What one server wants of the hypervisor, told by its metadata: the items whose key begins with ``minova:``.

====================================  ===========================================================
``minova:METHOD_seconds``             how long METHOD takes, a duration of delays.py
``minova:METHOD_failure_rate``        share of its METHODs that fail, 0 to 1
``minova:crash_after_seconds``        the guest crashes so long after each start
``minova:stop_after_seconds``         the guest shuts down by itself so long after each start
``minova:fail``                       clauses ``METHOD[@HOST][:COUNT]``, separated by commas: that
                                      METHOD fails, on that host only (``*`` and ``?`` are
                                      wildcards), the first COUNT times only
====================================  ===========================================================

METHOD is spawn, destroy, power_on, power_off or reboot, in ``minova:fail`` also get_console_output or
get_diagnostics. ``spawn:2`` means the first two attempts to build the instance, on whatever hosts.
"""

import json
import re
from dataclasses import dataclass, field

from minova import exception
from minova.conf.fake_driver import WORK
from minova.virt import delays

PREFIX = "minova:"

_CAN_FAIL = (*WORK, "get_console_output", "get_diagnostics")
_CLAUSE = re.compile(r"(?P<method>\w+)(@(?P<host>[^\s:@,]+))?(:(?P<count>[1-9]\d{0,5}))?", re.ASCII)


@dataclass(frozen=True)
class FailClause:
    """One clause of ``minova:fail``."""

    method: str
    host: str = "*"
    count: int | None = None  # None: always


@dataclass(frozen=True)
class Overrides:
    """The metadata of one server, read; ``parse`` makes one."""

    durations: dict[str, delays.Delay] = field(default_factory=dict)
    failure_rates: dict[str, float] = field(default_factory=dict)
    fail: tuple[FailClause, ...] = ()
    crash_after: delays.Delay | None = None
    stop_after: delays.Delay | None = None


NONE = Overrides()


def validate_metadata(metadata: dict[str, str]) -> None:
    """Check the items that are for the hypervisor; others are the user's own and not looked at.

    :raises InvalidMetadata: naming the item and what would be right
    """
    parse(metadata)


def parse(metadata: dict[str, str]) -> Overrides:
    """Read the items that are for the hypervisor.

    :raises InvalidMetadata: naming the item and what would be right
    """
    wishes = select(metadata)
    if not wishes:
        return NONE
    found: dict = {"durations": {}, "failure_rates": {}}
    for key, value in wishes.items():
        try:
            _read_item(key.removeprefix(PREFIX), value, found)
        except ValueError as err:
            raise exception.InvalidMetadata(reason=f"{key}: {err}") from err
    return Overrides(**found)


def select(metadata: dict[str, str]) -> dict[str, str]:
    """Return the items that are for the hypervisor."""
    return {key: value for key, value in (metadata or {}).items() if key.startswith(PREFIX)}


def load(text: str) -> Overrides:
    """Read what ``json.dumps(select(metadata))`` wrote."""
    return NONE if text == "{}" else parse(json.loads(text))


def _read_item(key, value, found):
    method = key.removesuffix("_seconds")
    if key in ("crash_after_seconds", "stop_after_seconds"):
        found[method] = delays.parse(value)
    elif key == "fail":
        found["fail"] = tuple(_read_clause(clause.strip()) for clause in value.split(","))
    elif method != key and method in WORK:
        found["durations"][method] = delays.parse(value)
    elif key.endswith("_failure_rate") and key.removesuffix("_failure_rate") in WORK:
        found["failure_rates"][key.removesuffix("_failure_rate")] = _read_rate(value)
    else:
        raise ValueError(
            f"there is no such override; there are {PREFIX}METHOD_seconds and {PREFIX}METHOD_failure_rate "
            f"for {', '.join(WORK)}; {PREFIX}fail; {PREFIX}crash_after_seconds; {PREFIX}stop_after_seconds"
        )


def _read_clause(text):
    match = _CLAUSE.fullmatch(text)
    if not match or match["method"] not in _CAN_FAIL:
        raise ValueError(
            f"'{text}' is not METHOD[@HOST][:COUNT], where METHOD is one of {', '.join(_CAN_FAIL)} "
            "and COUNT is 1 to 999999"
        )
    count = int(match["count"]) if match["count"] else None
    return FailClause(match["method"], match["host"] or "*", count)


def _read_rate(text):
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise ValueError(f"'{text}' is not a rate from 0 to 1")
    return rate
