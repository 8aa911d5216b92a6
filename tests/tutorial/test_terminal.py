# SPDX-License-Identifier: Apache-2.0
"""What a terminal leaves behind: nothing."""

import signal
import subprocess
import sys

from tests.tutorial import guard, reader
from tests.waiting import wait_until

_KILLED = """
import os, signal, sys
from tests.tutorial.terminal import Terminal

terminal = Terminal(sys.argv[1], os.environ, "")
terminal.type("echo $$; sleep 1000 & sleep 1000")
terminal.wait(lambda: terminal.lines, 60)
print(*terminal.take(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_shell_ends_with_who_types_in_it_however_that_ends(tmp_path):
    # After a killed pytest each shell, and the `minova up` in it, ran on for ever.
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, tmp_path], stdout=subprocess.PIPE, text=True, cwd=reader.ROOT
    )
    assert killed.returncode == -signal.SIGKILL
    shell = int(killed.stdout)
    wait_until(lambda: not guard.session(shell))
