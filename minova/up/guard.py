# SPDX-License-Identifier: Apache-2.0
"""A small process that stops the services when `minova up` itself is killed and cannot do it.

It is forked from `minova up` before anything else runs, and reads from a pipe which process groups there are.
The pipe ends when `minova up` ends, however it ends: any system that has fork and pipe can do that.
"""

import contextlib
import os
import signal
import time

from minova.up import processes

GRACE_SECONDS = 10


class Guard:
    """The side of `minova up`."""

    def __init__(self, on_loss=lambda groups: None):
        """:param on_loss: called in the guard with the groups that it has stopped."""
        reader, self._writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._writer)
            _guard(reader, on_loss)
        os.close(reader)

    def add(self, group, turn):
        """:param turn: groups of a lower one are stopped before."""
        self._tell(f"{group} {turn}\n")

    def remove(self, group):
        self._tell(f"{group}\n")

    def dismiss(self):
        """Everything was stopped in good order: end the guard."""
        os.close(self._writer)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _tell(self, line):
        # Without its guard `minova up` goes on: it is a second line of defence.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writer, line.encode())


def stop_groups(turns, grace_seconds=GRACE_SECONDS):
    """Stop process groups turn by turn: SIGTERM, and SIGKILL once `grace_seconds` are over for all.

    :param turns: group to its turn.
    """
    deadline = time.monotonic() + grace_seconds
    for turn in sorted(set(turns.values())):
        _stop_together({group for group in turns if turns[group] == turn}, deadline)


def _stop_together(groups, deadline):
    _signal(groups, signal.SIGTERM)
    # A paused one could not hear it.
    _signal(groups, signal.SIGCONT)
    while groups and time.monotonic() < deadline:
        groups = {group for group in groups if processes.group_exists(group)}
        time.sleep(0.05 if groups else 0)
    _signal(groups, signal.SIGKILL)


def _guard(reader, on_loss):
    """The forked process; never returns."""
    try:
        # A session of its own: a signal to the terminal's processes or to the group of `minova up` misses it.
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _leave_terminal()
        turns = _watch(reader)
        if turns:
            stop_groups(turns)
            on_loss(turns)
    finally:
        # No clean-up of what belongs to the parent, whose copy this process is.
        os._exit(0)


def _leave_terminal():
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _watch(reader):
    """The process groups that exist when the pipe ends, with their turns."""
    turns = {}
    with os.fdopen(reader, encoding="ascii") as lines:
        for line in lines:
            group, *turn = map(int, line.split())
            if turn:
                turns[group] = turn[0]
            else:
                turns.pop(group, None)
    return turns


def _signal(groups, number):
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
