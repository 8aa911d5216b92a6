# SPDX-License-Identifier: Apache-2.0
"""The launcher, in processes of its own: how a service ends."""

import subprocess
import sys

# A compute that was told to stop in the middle of its start stayed for ever: threads that it had started already
# kept the interpreter.
_TOLD_TO_STOP_WHILE_IT_STARTS = """
import os, signal, threading, time
from minova import launcher

class HalfStarted:
    def start(self):
        threading.Thread(target=threading.Event().wait).start()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

launcher.launch(HalfStarted())
"""

_TOLD_TO_STOP_WHILE_IT_SERVES = """
import os, signal, threading
from minova import launcher

class Serving:
    def start(self):
        threading.Thread(target=threading.Event().wait).start()
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()

    def stop(self):
        print("stopped", flush=True)

launcher.launch(Serving())
"""


def _run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_a_service_told_to_stop_while_it_starts_leaves_at_once():
    assert _run(_TOLD_TO_STOP_WHILE_IT_STARTS).returncode == 0


def test_a_service_told_to_stop_is_stopped_and_leaves():
    done = _run(_TOLD_TO_STOP_WHILE_IT_SERVES)

    assert (done.returncode, done.stdout) == (0, "stopped\n")


# The order to stop came in the instant between the start and the wait for that order; the handler then waited for a
# lock that the main thread itself held, and a compute stayed for ever. Each child is told in another such instant.
_TOLD_TO_STOP_AT_ANY_INSTANT = """
import os, signal, time
from minova import launcher

reader, writer = os.pipe()

class Instant:
    def start(self):
        os.write(writer, b".")

    def stop(self):
        pass

for attempt in range(300):
    child = os.fork()
    if not child:
        signal.alarm(60)
        launcher.launch(Instant())
    os.read(reader, 1)
    due = time.perf_counter() + attempt % 20 * 1e-6
    while time.perf_counter() < due:
        pass
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"attempt {attempt} ended with status {status}"
"""


def test_a_service_told_to_stop_at_any_instant_leaves():
    done = _run(_TOLD_TO_STOP_AT_ANY_INSTANT)

    assert done.returncode == 0, done.stderr


_STOP_THAT_TAKES_TOO_LONG = """
import os, signal, threading, time
import minova.conf
from minova import launcher

class Busy:
    def start(self):
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()

    def stop(self):
        time.sleep(60)

    def give_up(self):
        print("handed back", flush=True)

minova.conf.CONF([], project="minova", default_config_files=[])
minova.conf.CONF.set_override("graceful_shutdown_timeout", 1)
launcher.launch(Busy())
"""


def test_a_service_that_cannot_stop_in_time_hands_back_and_leaves():
    done = _run(_STOP_THAT_TAKES_TOO_LONG)

    assert (done.returncode, done.stdout) == (0, "handed back\n")
