# SPDX-License-Identifier: Apache-2.0
"""A terminal that a chapter is typed into: one bash, whose output is collected."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time

from tests.tutorial import guard

_END = "--- end of command:"
_QUIT_SECONDS = 30


class Terminal:
    """One shell. What it says is read by a thread; ``lines`` are those that nobody has taken yet."""

    def __init__(self, directory, environment, preparation):
        self.lines = []
        self.exit_code = None
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=directory,
            env=environment,
            # Its own session, so that it can be told what belongs to it.
            start_new_session=True,
        )
        self._guard = subprocess.Popen(
            [sys.executable, guard.__file__, str(self._process.pid)],
            stdin=subprocess.PIPE,
            # Ctrl-C is not for it.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        # Job control gives each command a process group of its own, which is what a Ctrl-C is for. Without the trap
        # the shell ends with a command that dies of it.
        self._write(f"set -m\ntrap : INT\n{preparation}\n")

    def type(self, command):
        """Run a command; the terminal is ``busy`` until it ends."""
        self.exit_code = None
        # Its input is not the shell's own, in which the next commands stand. After a Ctrl-C the shell goes on with the
        # next line.
        self._write(f"eval {shlex.quote(command)} </dev/null\nprintf '\\n%s %s\\n' '{_END}' $?\n")

    @property
    def busy(self):
        return self.exit_code is None

    def interrupt(self):
        """What Ctrl-C does, once there is a process for it."""
        deadline = time.monotonic() + _QUIT_SECONDS
        while self.busy and time.monotonic() < deadline:
            if groups := self._groups():
                for group in groups:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(group, signal.SIGINT)
                return
            time.sleep(0.02)

    def wait(self, condition, timeout_seconds):
        """Whether ``condition()`` came true, which is looked at whenever something was said."""
        with self._news:
            return self._news.wait_for(condition, timeout_seconds)

    def take(self, count=None):
        """Take the first ``count`` lines, or all."""
        with self._news:
            taken = self.lines[:count]
            del self.lines[: len(taken)]
        return taken

    def close(self):
        """Interrupt what runs, as a reader does who closes the window, and leave nothing behind."""
        deadline = time.monotonic() + _QUIT_SECONDS
        self.interrupt()
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(deadline - time.monotonic())
        self._guard.communicate()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def _write(self, text):
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def _read(self):
        for line in self._process.stdout:
            with self._news:
                self._add(line.rstrip("\n"))
                self._news.notify_all()

    def _add(self, line):
        if not line.startswith(_END):
            self.lines.append(line.rstrip())
            return
        # The newline before it ends a last line without a newline; after any other it makes an empty one.
        if self.lines and not self.lines[-1]:
            self.lines.pop()
        self.exit_code = int(line.removeprefix(_END))

    def _groups(self):
        """Process groups of what the shell itself started."""
        return [
            pid for pid, parent, group, _ in guard.processes() if parent == self._process.pid and pid == group
        ]
