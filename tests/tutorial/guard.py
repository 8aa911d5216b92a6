# SPDX-License-Identifier: Apache-2.0
"""A process beside a shell that kills what is left of its session, as soon as it is left alone itself.

    python guard.py SESSION

Its input ends with whoever started it, however that ends. A `minova up` that is killed has a guard of its own.
"""

import contextlib
import os
import signal
import subprocess
import sys


def main():
    sys.stdin.read()
    for pid in session(int(sys.argv[1])):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def session(leader):
    """Ids of the processes of a session."""
    return [pid for pid, _, _, leader_of_its in processes() if leader_of_its == leader]


def processes():
    """(process id, parent, process group, session) of all that run."""
    table = subprocess.run(["ps", "-axo", "pid=,ppid=,pgid=,sess="], capture_output=True, text=True).stdout
    return [tuple(map(int, row.split())) for row in table.splitlines()]


if __name__ == "__main__":
    main()
