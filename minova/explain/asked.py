# SPDX-License-Identifier: Apache-2.0
"""What was asked for, and the steps that it took: sentences on actions and their events."""

from minova import objects
from minova.compute.build import Build
from minova.compute.rebuild import Rebuild
from minova.db.actions import RESCHEDULE, TAKE_OVER
from minova.explain.sentence import Sentence, duration, epoch
from minova.virt import overrides

_WISHES = {
    "create": "to boot",
    "delete": "to delete",
    "stop": "to stop",
    "start": "to start",
    "reboot": "to reboot",
    "evacuate": "to evacuate",
}
# What a conductor notes of an evacuation (conductor/records.py).
EVACUATION = "rebuild_server"
# Event to what its host did, and what it could not do.
_STEPS = {
    Build.event_name: ("built it", "could not build it"),
    Rebuild.event_name: ("made it anew", "could not make it anew"),
    "compute_start_instance": ("started its guest", "could not start its guest"),
    "compute_stop_instance": ("stopped its guest", "could not stop its guest"),
    "compute_reboot_instance": ("rebooted its guest", "could not reboot its guest"),
    "compute_terminate_instance": ("destroyed its guest", "could not destroy its guest"),
}


def sentences(case):
    for action, events in case.actions:
        yield _asked(case, action)
        yield from (_step(event) for event in events)
        if action.finish_time is not None:
            yield _end(action)


def _asked(case, action):
    details = [f"request {action.request_id}"]
    if action.action == "create":
        details = [*_wishes(case.instance), *details]
    wish = _WISHES.get(action.action, f"for {action.action} of")
    who = f"User {action.user_id} of project {action.project_id}"
    return Sentence(
        epoch(action.start_time), "asked", f"{who} asked minova-api {wish} {case.name}.", tuple(details)
    )


def _wishes(instance):
    flavor = instance.flavor
    yield (
        f"flavor {flavor['name']}: {instance.vcpus} vCPU, {instance.memory_mb} MB of memory, "
        f"{instance.root_gb} GB of disk; image {instance.image_ref}"
    )
    spec = objects.RequestSpec.obj_from_primitive(instance.request_spec) if instance.request_spec else None
    if instance.availability_zone:
        yield f"in availability zone {instance.availability_zone}"
    if spec and spec.force_host:
        yield f"on host {spec.force_host} and no other"
    if spec and spec.scheduler_hints:
        yield f"scheduler hints {spec.scheduler_hints}"
    yield ("with a network" if spec is None or spec.requested_networks is not None else "without a network")
    for key, value in overrides.select(instance.metadata).items():
        yield f"the hypervisor is told by metadata: {key}={value}"


def _step(event):
    if event.event == TAKE_OVER:
        return _takeover(event)
    time = epoch(event.finish_time or event.start_time)
    if event.event == RESCHEDULE:
        return Sentence(time, "retry", f"A conductor gave it to the next host of the list, {event.host}.")
    did, could_not = _STEPS.get(event.event, (f"ended {event.event}", f"failed in {event.event}"))
    if event.event == EVACUATION:
        return _evacuation(time, event)
    if event.result == "Error":
        kind = "retry" if event.event in (Build.event_name, Rebuild.event_name) else "step"
        return Sentence(time, kind, f"{event.host} {could_not}: {event.details}.".replace("..", "."))
    took = f", in {duration(time - epoch(event.start_time))}" if event.finish_time else ""
    return Sentence(time, "step", f"{event.host} {did}{took}.")


def _evacuation(time, event):
    if event.result == "Error":
        return Sentence(
            time, "step", f"The conductor on {event.host} found no other host for it: {event.details}"
        )
    return Sentence(time, "retry", f"The conductor on {event.host} gave it to another host.")


def _takeover(event):
    text = f"Nobody had worked on it until its deadline: the conductor on {event.host} took it over"
    return Sentence(epoch(event.start_time), "takeover", f"{text}, {event.details}.")


def _end(action):
    time, took = epoch(action.finish_time), duration(epoch(action.finish_time) - epoch(action.start_time))
    if action.message is None:
        return Sentence(time, "end", f"The {_noun(action)} was done, {took} after it was asked for.")
    if action.message.startswith("Taken over by "):
        other = action.message.removeprefix("Taken over by ").rstrip(".")
        return Sentence(time, "end", f"The {_noun(action)} was given up for a {other}.")
    return Sentence(time, "end", f"The {_noun(action)} failed after {took}: {action.message}")


def _noun(action):
    return {"create": "boot", "evacuate": "evacuation"}.get(action.action, action.action)
