# SPDX-License-Identifier: Apache-2.0
"""The processes of the running `minova up` that do not run: dead, stopped or paused."""

from minova.up import plan, processes

# They have no part in what becomes of a server.
_BYSTANDERS = ("db sync", "page")


def sentences(found):
    """:param found: the record of `minova up`, or None."""
    services = found.processes.items() if found else ()
    return [
        sentence
        for service, pid in services
        if plan.kind_of(service) not in _BYSTANDERS and (sentence := _sentence(found, service, pid))
    ]


def _sentence(found, service, pid):
    if processes.is_paused(pid):
        return f"{service} (pid {pid}) is paused: minova service resume {service}."
    end = found.ended.get(service)
    if end is None:
        return None if processes.alive(pid) else f"{service} (pid {pid}) has just ended."
    if end.get("by_user"):
        return f"{service} was stopped by you: minova service start {service}."
    if end["restart_at"] is None:
        return f"{service} ended with {end['outcome']} and stays dead: minova service start {service}."
    return f"{service} ended with {end['outcome']}; minova up starts it again in a moment."
