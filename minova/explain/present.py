# SPDX-License-Identifier: Apache-2.0
"""What is going on with a server at this moment: what it waits for, until when, and what happens then."""

import minova.conf
from minova import servicegroup
from minova.compute import task_states, vm_states
from minova.explain.sentence import duration

CONF = minova.conf.CONF


def sentences(case, bus, lives=()):
    """:param bus: a BusView.
    :param lives: sentences on the processes of `minova up` that do not run, by kind of service.
    """
    instance = case.instance
    if instance.deleted:
        return ["It is deleted. Nothing is going on."]
    if instance.task_state is None:
        return list(_at_rest(case))
    return [*_task(case), *_path(case, bus), *_hosts(case), *lives, *_deadline(case)]


def _at_rest(case):
    instance = case.instance
    if instance.vm_state == vm_states.ERROR:
        yield "It is in ERROR, and nothing is going on: the fault below says why and what to do."
    else:
        yield f"It is {instance.vm_state} on {instance.host}. Nothing is going on."
    yield from _hosts(case)


def _task(case):
    instance = case.instance
    attempt = f", attempt {instance.attempt}" if instance.attempt and _is_build(instance) else ""
    where = f" on {instance.host}" if instance.host else ", on no host yet"
    yield f"It is {instance.vm_state}, and its task is in state {instance.task_state}{attempt}{where}."


def _path(case, bus):
    """The queues in which its message may be."""
    instance = case.instance
    if bus.problem:
        yield f"The queues cannot be looked at: {bus.problem}."
        return
    if instance.host and instance.task_state != task_states.REBUILDING:
        queues = [(f"compute.{instance.host}", "minova-compute")]
    else:
        queues = [("conductor", "minova-conductor"), ("scheduler", "minova-scheduler")]
    yield from (bus.sentence(*queue) for queue in queues)


def _hosts(case):
    """Of the services that it depends on, those that are silent."""
    instance = case.instance
    if instance.host:
        yield from _silent(case, "minova-compute", host=instance.host)
    elif instance.task_state:
        yield from _silent(case, "minova-scheduler")
    if instance.task_state:
        yield from _silent(case, "minova-conductor")


def _silent(case, binary, host=None):
    """One sentence when no such service is up, or the only one is late."""
    rows = [row for row in case.services if row.binary == binary and host in (None, row.host)]
    where = f" on {host}" if host else ""
    if not rows:
        yield f"No {binary}{where} has ever reported."
        return
    latest = min(rows, key=lambda row: row.seconds_since_report)
    ago = duration(latest.seconds_since_report)
    if latest.forced_down:
        yield f"{binary} on {latest.host} is forced down."
    elif not servicegroup.is_up(latest):
        yield f"{binary} on {latest.host} counts as down: it last reported {ago} ago."
    elif latest.seconds_since_report > 2 * CONF.report_interval:
        left = duration(CONF.service_down_time - latest.seconds_since_report)
        yield (
            f"{binary} on {latest.host} last reported {ago} ago and should every {CONF.report_interval:g} s; it counts "
            f"as down in {left}."
        )


def _deadline(case):
    left_seconds = case.instance.deadline_epoch - case.now
    will = _what_a_conductor_does(case)
    if left_seconds >= 0:
        yield f"Its deadline is in {duration(left_seconds)}; whoever works on it moves that. When it passes, {will}"
    else:
        yield f"Its deadline passed {duration(-left_seconds)} ago, and no conductor has taken it over yet; then {will}"


def _what_a_conductor_does(case):
    """In words what conductor/tasks/recover.py does."""
    instance = case.instance
    if instance.takeovers >= CONF.task.max_takeovers:
        return f"a conductor gives it up: it was taken over {instance.takeovers} times, and comes no further."
    times = f" (takeover {instance.takeovers + 1} of {CONF.task.max_takeovers})"
    row = case.service(instance.host, "minova-compute")
    is_up = row is not None and servicegroup.is_up(row)
    if _is_build(instance):
        if instance.host is None:
            return f"a conductor asks the scheduler again{times}."
        if is_up:
            return f"a conductor sends the build to {instance.host} again{times}."
        return f"a conductor gives it to another host{times}."
    if instance.task_state == task_states.REBUILDING:
        return f"a conductor asks the scheduler again{times}."
    if instance.task_state == task_states.REBUILD_SPAWNING and not is_up:
        return f"a conductor has it made anew on another host{times}."
    if instance.task_state == task_states.DELETING:
        if is_up:
            return f"a conductor sends the delete to {instance.host} again{times}."
        return f"a conductor deletes it without its host{times}."
    if is_up:
        return f"a conductor sends it to {instance.host} again{times}."
    return f"a conductor gives it up, because {instance.host} is down: ERROR."


def _is_build(instance):
    return instance.task_state in task_states.BUILD_STATES
