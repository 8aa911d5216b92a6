# SPDX-License-Identifier: Apache-2.0
"""Runs a suite on a broker, and compares what came out on two of them."""

import collections
import contextlib
import os
import signal
import subprocess
import xml.etree.ElementTree

from tests.client_suites import sources

TEST_SECONDS = 60
SUITE_SECONDS = 1800
# Of a test that failed: it may have been for lack of time.
RERUNS = 1
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
_WORST_FIRST = (FAILED, SKIPPED, PASSED)


class RunError(Exception):
    """A suite came to no result; the message has its last words."""


def run(suite, programs, copy, address):
    """Return {test: outcome} of a suite on the broker at that address.

    :param programs: the directory of the environment's programs.
    :raises RunError: when no test ran, or they do not end
    """
    results = copy / "results.xml"
    command = [str(programs / "python"), "-m", "pytest", *_pytest_options(suite, results), *suite.tests]
    said = _run(command, copy, _environment(suite, programs, address))
    found = read(results.read_text()) if results.exists() else {}
    if not found:
        raise RunError(f"{suite.name}: no test ran\n{said[-4000:]}")
    return found


def read(junit_xml):
    """Return {test: outcome} of what pytest's --junitxml wrote; a test with an error in its teardown has failed."""
    found = {}
    for case in xml.etree.ElementTree.fromstring(junit_xml).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        outcome = _outcome({child.tag for child in case})
        found[name] = min(found.get(name, outcome), outcome, key=_WORST_FIRST.index)
    return found


def count(found):
    """Return "passed/failed/skipped" as a text."""
    numbers = collections.Counter(found.values())
    return f"{numbers[PASSED]}/{numbers[FAILED]}/{numbers[SKIPPED]}"


def differences(here, there):
    """Return [(test, outcome here, outcome there)] where they differ; "-" for a test that did not run."""
    names = sorted(here.keys() | there.keys())
    pairs = [(name, here.get(name, "-"), there.get(name, "-")) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def worse_here(here, there):
    """Return the names of tests that pass there and not here."""
    return [name for name, ours, theirs in differences(here, there) if theirs == PASSED and ours != PASSED]


def _run(command, directory, environment):
    """Return what it prints; whatever it started ends with it."""
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=SUITE_SECONDS)[0]
    except subprocess.TimeoutExpired as err:
        raise RunError(f"the tests in {directory.name} did not end in {SUITE_SECONDS} s") from err
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(suite, programs, address):
    # Tests may start programs of the environment.
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    own = {name: sources.fill(text, address) for name, text in suite.environment.items()}
    return os.environ | {"PATH": path} | own


def _pytest_options(suite, results):
    # The libraries' own configuration asks for plugins; these are the parts of it that find the tests.
    options = ["-q", "-c", os.devnull, "--rootdir", ".", "-o", "python_classes=test_* Test*"]
    options += ["-p", "no:cacheprovider", "-p", "no:asyncio", "-W", "ignore", "--junitxml", str(results)]
    options += ["--timeout", str(TEST_SECONDS), "--reruns", str(RERUNS)]
    return options + (["-k", f"not ({suite.deselect})"] if suite.deselect else [])


def _outcome(tags):
    if tags & {"failure", "error"}:
        return FAILED
    return SKIPPED if "skipped" in tags else PASSED
