# SPDX-License-Identifier: Apache-2.0
"""`minova down`: stop the `minova up` of a state path, from another terminal."""

import argparse
import contextlib
import os
import signal
import sys
import time

from minova.up import errors, processes, record, settings
from minova.up.up import clean_up_after_crash

# `minova up` has its own deadlines, after which it kills; this is for when it does not come to that.
WAIT_SECONDS = 90


def parser():
    down = argparse.ArgumentParser(prog="minova down", description="Stop what `minova up` started.")
    settings.add_state_path(down)
    return down


def run(args):
    """Exit code: 0 when nothing runs any more, 1 when it could not be stopped."""
    try:
        return _stop(settings.state_path(args.state_path))
    except errors.UpError as err:
        print(f"minova down: {err}", file=sys.stderr)
        return 1


def _stop(state_path):
    found = record.load(state_path)
    if found is None:
        print(f"No minova up runs on the state path {state_path}.")
        return 0
    if not found.alive:
        clean_up_after_crash(state_path, print)
        return 0
    return _terminate(found)


def _terminate(found):
    begin = time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        os.kill(found.pid, signal.SIGTERM)
    while processes.alive(found.pid):
        if time.monotonic() > begin + WAIT_SECONDS:
            print(
                f"minova up (pid {found.pid}) still runs after {WAIT_SECONDS} s. Try: kill -9 {found.pid}",
                file=sys.stderr,
            )
            return 1
        time.sleep(0.05)
    print(f"Stopped minova up (pid {found.pid}) and its services in {time.monotonic() - begin:.1f} s.")
    return 0
