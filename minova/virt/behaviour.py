# SPDX-License-Identifier: Apache-2.0
"""Decides how each operation goes: how long it takes and whether it fails, and how long a guest lives.

A server's metadata goes before the options of [fake_driver]; fault rules come on top of both.
"""

import fnmatch
import math
from dataclasses import dataclass

from minova import exception
from minova.conf.fake_driver import WORK
from minova.virt import chance, delays, faults, store
from minova.virt.operation import Operation
from minova.virt.overrides import Overrides

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Plan:
    """How an operation will go: ``failure`` is why it fails after the delay, None when it succeeds."""

    delay_seconds: float = 0.0
    failure: str | None = None

    @property
    def is_smooth(self):
        return not self.delay_seconds and self.failure is None


class Behaviour:
    """The options of [fake_driver] that say how operations go, read once.

    :raises InvalidOption: an option that is not understood
    """

    def __init__(self, options):
        self._delays = {method: _delay_option(options, method) for method in WORK}
        self._failure_rates = {method: options[f"{method}_failure_rate"] for method in WORK}
        self._jitter = options.delay_jitter
        self._crash_after = _lifetime(options.guest_crash_rate)
        self._stop_after = _lifetime(options.guest_stop_rate)
        self._chance = chance.Chance(options.seed)

    def plan(self, connection, operation: Operation, overrides: Overrides) -> Plan:
        """Decide how the operation goes, within a write transaction of the store."""
        draw = self._chance.draw(connection, operation.method, operation.name or operation.host)
        delay_seconds = self._own_delay(operation.method, overrides, draw)
        failures = [_told_to_fail(connection, operation, overrides)]
        for rule in faults.matching(connection, operation):
            if faults.strike(connection, rule, draw):
                delay_seconds += delays.parse(rule.delay).sample(draw.stream(f"fault {rule.id} delay"))
                failures.append(rule.error)
        failures.append(self._bad_luck(operation.method, overrides, draw))
        return Plan(delay_seconds, next((failure for failure in failures if failure is not None), None))

    def own_end(self, connection, name: str, overrides: Overrides) -> tuple[float, str] | None:
        """Decide in how many seconds a guest that starts now will stop or crash by itself, and which;
        None: never."""
        ends = (
            (overrides.crash_after or self._crash_after, "crashed"),
            (overrides.stop_after or self._stop_after, "stopped"),
        )
        draw = self._chance.draw(connection, "boot", name)
        times = [(delay.sample(draw.stream(end), math.inf), end) for delay, end in ends if delay is not None]
        return min(times, default=None)

    def _own_delay(self, method, overrides, draw):
        wished = overrides.durations.get(method)
        delay = wished or self._delays.get(method, delays.NONE)
        seconds = delay.sample(draw.stream("delay")) if delay.is_random else delay.parameters[0]
        if wished is None and self._jitter and seconds:
            seconds *= 1 + self._jitter * draw.stream("jitter").uniform(-1, 1)
        return seconds

    def _bad_luck(self, method, overrides, draw):
        rate = overrides.failure_rates.get(method, self._failure_rates.get(method, 0.0))
        return f"{rate:.0%} of them fail" if draw.happens("failure", rate) else None


def _told_to_fail(connection, operation, overrides):
    for clause in overrides.fail:
        on_host = clause.method == operation.method and fnmatch.fnmatchcase(operation.host, clause.host)
        if on_host and (clause.count is None or _times(connection, operation) <= clause.count):
            return "the server's metadata minova:fail says so"
    return None


def _times(connection, operation):
    # Attempts to spawn go to several hosts, which may not share a store: the instance carries their number.
    if operation.method == "spawn":
        return operation.attempt
    return store.next_count(connection, operation.uuid, f"fail {operation.method}")


def _lifetime(rate_per_hour):
    return delays.Delay("exponential", (SECONDS_PER_HOUR / rate_per_hour,)) if rate_per_hour else None


def _delay_option(options, method):
    name = f"{method}_seconds"
    try:
        return delays.parse(options[name])
    except ValueError as err:
        raise exception.InvalidOption(reason=f"[fake_driver] {name}: {err}") from err
