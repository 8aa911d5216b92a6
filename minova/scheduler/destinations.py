# SPDX-License-Identifier: Apache-2.0
"""From a request to claimed hosts: the choice is made in memory, the claim in one transaction.

All that concerns the records happens in that transaction: the instances of the request are locked, those that
lost their task drop out, the hosts are claimed, the decisions are written. So a request is placed as a whole or
not at all, whatever dies in between, and a deleted instance never gets a claim.

The hosts are read before it and without locks, since schedulers seldom want the last slot of the same host at
once. A choice that lost this race is made again with the hosts locked, and then its claims cannot fail.
"""

import dataclasses
import logging

import minova.conf
from minova import exception, objects
from minova.db import allocations, decisions, engine

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_ALL_OR_NOTHING = "no host was left for another instance of the request"


class Destinations:
    """Finds destinations for requests, on records that other schedulers share."""

    def __init__(self, database, host_manager, chooser):
        self._database = database
        self._host_manager = host_manager
        self._chooser = chooser

    def select(self, context, request_spec):
        """See rpcapi.SchedulerAPI.select_destinations."""
        try:
            placed = self._place(context, request_spec)
        except _LostRaceError as lost:
            LOG.debug("%s was taken by another request: choosing again with the hosts locked", lost.host)
            placed = self._place_with_hosts_locked(context, request_spec)
        for uuid, selections in zip(request_spec.instance_uuids, placed.selections, strict=True):
            LOG.debug("[instance: %s] hosts: %s", uuid, [selection.host for selection in selections])
        if placed.problem:
            raise exception.NoValidHost(reason=placed.problem)
        return placed.selections

    @engine.retry_on_deadlock
    def _place(self, context, request_spec):
        with self._database.reader() as conn:
            hosts = self._host_manager.get_hosts(conn, request_spec)
        # One choice too many for each instance that drops out below does no harm: none is claimed yet.
        choices = self._chooser.choose(hosts, request_spec, len(request_spec.instance_uuids))
        with self._database.writer() as conn:
            return self._place_in(conn, context, request_spec, _Held(conn, request_spec), choices)

    @engine.retry_on_deadlock
    def _place_with_hosts_locked(self, context, request_spec):
        with self._database.writer() as conn:
            held = _Held(conn, request_spec)
            hosts = self._host_manager.get_hosts(conn, request_spec, lock=True)
            choices = self._chooser.choose(hosts, request_spec, len(request_spec.instance_uuids))
            return self._place_in(conn, context, request_spec, held, choices)

    def _place_in(self, conn, context, request_spec, held, choices):
        choice_by_uuid = dict(zip(held.pending, choices, strict=False))
        problem = _problem(list(choice_by_uuid.values()))
        if not problem:
            _claim(conn, request_spec, held, choice_by_uuid)
        decisions.insert(conn, _decision_rows(context, request_spec, choice_by_uuid, problem))
        selections = []
        for uuid, choice in zip(request_spec.instance_uuids, choices, strict=True):
            if uuid in held.claimed:
                selections.append(_repeat(held.claimed[uuid], choice.selections))
            else:
                selections.append(choice_by_uuid[uuid].selections if uuid in choice_by_uuid else [])
        return _Placed(selections, problem)


class _Held:
    """Which instances of the request are still its own: locked, so that this stays true.

    ``pending`` are to be claimed for, in order. ``claimed`` has the host of those for which an earlier call
    did so, whose answer was lost. The others were deleted or taken over.
    """

    def __init__(self, conn, request_spec):
        living = allocations.lock_instances(conn, request_spec.instance_uuids)
        pairs = zip(request_spec.instance_uuids, request_spec.task_ids, strict=True)
        held = [uuid for uuid, task_id in pairs if _holds(living.get(uuid), task_id, request_spec.attempt)]
        # On MariaDB a plain read sees what was committed before the transaction's first plain read: this one.
        claims = allocations.find_by_instances(conn, held)
        self.claimed = {row.instance_uuid: row.host for row in claims if row.attempt == request_spec.attempt}
        self.claimed_before = {(row.instance_uuid, row.host) for row in claims}
        self.pending = [uuid for uuid in held if uuid not in self.claimed]


@dataclasses.dataclass(frozen=True)
class _Placed:
    selections: list
    problem: str | None


class _LostRaceError(Exception):
    """Ends, and so rolls back, a transaction in which a claim found no room; never leaves this module."""

    def __init__(self, host):
        super().__init__(host)
        self.host = host


def _holds(row, task_id, attempt):
    return row is not None and row.task_id == task_id and row.attempt == attempt


def _claim(conn, request_spec, held, choice_by_uuid):
    host_by_uuid = {uuid: choice.host for uuid, choice in choice_by_uuid.items()}
    for uuid, host in sorted(held.claimed_before.intersection(host_by_uuid.items())):
        # An earlier attempt's claim on the same host that nobody released: this attempt's takes its place.
        allocations.release(conn, uuid, host)
    full_host = allocations.claim_all(
        conn,
        host_by_uuid,
        request_spec.attempt,
        request_spec.vcpus,
        request_spec.memory_mb,
        request_spec.local_gb,
    )
    if full_host is not None:
        raise _LostRaceError(full_host)


def _repeat(claimed_host, selections):
    """The answer for an instance that has its claim: alternates are not claimed, so they may be new ones."""
    alternates = [selection for selection in selections if selection.host != claimed_host]
    claimed = objects.Selection(host=claimed_host, weight=0.0)
    return [claimed, *alternates[: CONF.scheduler.max_attempts - 1]]


def _problem(choices):
    """Why the request cannot be placed, in the words of NoValidHost; None when it can."""
    failed = [number for number, choice in enumerate(choices, start=1) if choice.host is None]
    if not failed:
        return None
    decision = choices[failed[0] - 1].decision
    if not decision["hosts"]:
        return "0 hosts: no compute service has reported yet."
    taken = [f"{each['name']} took {each['removed']}" for each in decision["filters"] if each["removed"]]
    problem = f"{_count(decision['hosts'])}: {', '.join(taken)}, 0 left."
    if len(choices) > 1:
        problem += (
            f" This was instance {failed[0]} of {len(choices)}; a request is placed as a whole or not at all."
        )
    return problem


def _count(hosts):
    return "1 host" if hosts == 1 else f"{hosts} hosts"


def _decision_rows(context, request_spec, choice_by_uuid, problem):
    return [
        {
            "instance_uuid": uuid,
            "request_id": context.request_id,
            "attempt": request_spec.attempt,
            "host": None if problem else choice.host,
            "decision": _undone(choice.decision) if problem and choice.host else choice.decision,
        }
        for uuid, choice in choice_by_uuid.items()
    ]


def _undone(decision):
    return {**decision, "undone": _ALL_OR_NOTHING}
