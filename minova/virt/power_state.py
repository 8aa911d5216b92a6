# SPDX-License-Identifier: Apache-2.0
"""Power states of a guest, with the numbers that the Compute API shows (nova/objects/fields.py)."""

NOSTATE = 0  # defined but not started: a guest that is still being spawned
RUNNING = 1
PAUSED = 3
SHUTDOWN = 4
CRASHED = 6
SUSPENDED = 7

NAMES = {
    NOSTATE: "pending",
    RUNNING: "running",
    PAUSED: "paused",
    SHUTDOWN: "shutdown",
    CRASHED: "crashed",
    SUSPENDED: "suspended",
}
