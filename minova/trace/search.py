# SPDX-License-Identifier: Apache-2.0
"""Finds requests in a recording, which may be larger than memory should be: only what is asked for is kept."""

import json
import os
import time

from minova.trace import recording, store

# A recorder that runs has by then written what was said before.
_SETTLE_SECONDS = 2 * recording.FLUSH_SECONDS
_PAUSE_SECONDS = 0.2
_NO_LIMIT = float("inf")


def find(path, wanted, patience_seconds=0):
    """The Request of this id, or what was said about the server of this uuid or name; None when there is none.

    :param patience_seconds: for so long it is looked for again, where something still records.
    """
    deadline = time.monotonic() + patience_seconds
    if patience_seconds:
        time.sleep(_SETTLE_SECONDS)
    while True:
        found = _find(path, wanted)
        if found is not None or time.monotonic() > deadline:
            return found
        time.sleep(_PAUSE_SECONDS)


def recent(path, last_bytes=8 * 1024 * 1024):
    """The requests of the end of a recording, the newest last."""
    return _load(path, lambda line: True, last_bytes).requests()


def _find(path, wanted):
    found = _load(path, _mentions(wanted))
    if request := found.request(wanted):
        return request
    uuid = store.uuid_of(found.requests(), wanted)
    if uuid is None:
        return None
    about = _load(path, _mentions(uuid))
    ids = [request.id for request in about.requests() if uuid in request.servers]
    return _load(path, _mentions(*ids)).find(uuid)


def _load(path, wants, last_bytes=_NO_LIMIT):
    found = store.Store(_NO_LIMIT, _NO_LIMIT)
    recorded = recording.read(path)
    for event in recorded.select(wants, max(0, os.path.getsize(path) - last_bytes)):
        found.add(event)
    return found


def _mentions(*texts):
    needles = [json.dumps(text)[1:-1].encode() for text in texts]
    return lambda line: any(needle in line for needle in needles)
