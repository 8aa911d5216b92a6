# SPDX-License-Identifier: Apache-2.0
"""Whether the state path can be written, and has room."""

import os
import shutil
import tempfile

from minova.doctor.finding import error, ok, warning

_LITTLE_BYTES = 500_000_000
_TOO_LITTLE_BYTES = 20_000_000


def look(patient, usage=shutil.disk_usage):
    path = min(os.path.relpath(patient.state_path), patient.state_path, key=len)
    if not os.path.isdir(path):
        return warning(
            f"The state path {path} is not there.", "Name the one of the services with --state-path."
        )
    try:
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(b"x" * 4096)
    except OSError as err:
        return error(
            f"The state path {path} cannot be written: {err.strerror}.",
            "Make room, or give its owner the right to write.",
        )
    free = usage(path).free
    text = f"The state path {path} has {free / 1e6:,.0f} MB of disk left"
    if free < _TOO_LITTLE_BYTES:
        return error(f"{text}.", "Make room: SQLite, guests and logs cannot grow any more.")
    if free < _LITTLE_BYTES:
        return warning(f"{text}.", "Make room before SQLite, guests and logs cannot grow any more.")
    return ok(f"{text}, and can be written.")
