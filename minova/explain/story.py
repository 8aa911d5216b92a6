# SPDX-License-Identifier: Apache-2.0
"""Puts together what the records, the recording and the broker say of one server."""

import dataclasses

from minova.api import statuses
from minova.compute import task_states
from minova.explain import asked, choice, faults, network, present
from minova.explain.case import some
from minova.explain.sentence import count


@dataclasses.dataclass(frozen=True)
class Story:
    """``head`` in one line; ``past`` are Sentences, the oldest first; ``present`` and ``sources`` are texts."""

    server: dict
    head: str
    past: list
    present: list
    faults: list
    sources: list


def tell(case, bus, said, lives=()):
    """:param bus: a BusView.
    :param lives: sentences on the processes of `minova up` that do not run.
    :param said: what a recording holds of the server, a messages.Said.
    """
    past = [
        *asked.sentences(case),
        *choice.sentences(case),
        *network.sentences(case),
        *said.sentences,
    ]
    return Story(
        server=_server(case),
        head=_head(case),
        past=sorted(past, key=lambda sentence: sentence.time),
        present=present.sentences(case, bus, lives),
        faults=faults.explained(case),
        sources=[said.source, *_further_sources(case)],
    )


def _server(case):
    row = case.instance
    return {
        "id": row.uuid,
        "name": row.display_name,
        "status": statuses.status_of(row.vm_state, row.task_state),
        "vm_state": row.vm_state,
        "task_state": row.task_state,
        "host": row.host,
        "attempt": row.attempt,
        "project_id": row.project_id,
        "deleted": row.deleted,
    }


def _head(case):
    server = _server(case)
    where = f" on {server['host']}" if server["host"] else ""
    tries = f", after {count(server['attempt'], 'attempt')}" if server["attempt"] > 1 else ""
    return f"{server['name']} ({server['id']}) is {server['status']}{where}{tries}."


def _further_sources(case):
    if not case.decisions and case.instance.task_state not in task_states.BUILD_STATES:
        yield "The scheduler has made no decision about it that is still kept ([scheduler] decisions_kept)."
    if case.namesakes:
        others = count(len(case.namesakes), "deleted server")
        yield f"{others} had this name, too: {some(case.namesakes)}. Give the uuid to have one explained."
