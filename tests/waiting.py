# SPDX-License-Identifier: Apache-2.0
"""Waits for what comes true by itself."""

import time

# Far more than anything takes: the machine may be busy.
WAIT_SECONDS = 120


def wait_until(condition, timeout_seconds=WAIT_SECONDS):
    """What ``condition()`` returns as soon as that is true.

    :raises AssertionError: when it does not come true in time.
    """
    deadline = time.monotonic() + timeout_seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"this did not come true in {timeout_seconds} s"
        time.sleep(0.02)
    return result
