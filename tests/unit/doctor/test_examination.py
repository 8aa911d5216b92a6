# SPDX-License-Identifier: Apache-2.0
"""Checks run beside one another, and none holds up the others."""

import threading
import time

import pytest

from minova.doctor.examination import Check, examine
from minova.doctor.finding import ok
from minova.trace.firehose import TraceError
from minova.up import errors


def test_findings_come_in_the_order_of_the_checks():
    checks = [
        Check("first", lambda patient: ok(f"{patient} one"), 20),
        Check("second", lambda patient: [ok("two"), ok("three")], 20),
    ]
    found = examine("patient", checks)
    assert [(name, [one.text for one in findings]) for name, findings in found] == [
        ("first", ["patient one"]),
        ("second", ["two", "three"]),
    ]


def test_a_check_that_hangs_is_told_and_holds_up_nobody():
    released = threading.Event()
    checks = [
        Check("hangs", lambda patient: released.wait(60), 0.2),
        Check("hangs too", lambda patient: released.wait(60), 0.2),
        Check("answers", lambda patient: ok("fine"), 20),
    ]
    begin = time.monotonic()
    found = dict(examine(None, checks))
    assert time.monotonic() - begin < 20
    released.set()
    assert [one.level for one in found["hangs"]] == ["error"]
    assert "No result within 0.2 s" in found["hangs too"][0].text
    assert found["answers"] == [ok("fine")]


def test_a_check_that_fails_is_a_finding():
    def fail(_patient):
        raise ValueError("no\nsecond line")

    ((_, (finding,)),) = examine(None, [Check("fails", fail, 20)])
    assert (finding.level, finding.text) == ("error", "This could not be looked at: ValueError: no")


@pytest.mark.parametrize("sentence", [errors.UpError("There is no database."), TraceError("It is no URL.")])
def test_a_check_that_fails_with_a_sentence_says_that_alone(sentence):
    def fail(_patient):
        raise sentence

    ((_, (finding,)),) = examine(None, [Check("fails", fail, 20)])
    assert finding.text == f"This could not be looked at: {sentence}"
