# SPDX-License-Identifier: Apache-2.0
"""Results of client libraries' tests: read from pytest's file, counted and compared."""

from tests.client_suites import outcomes

_JUNIT = """<testsuites><testsuite>
<testcase classname="t.A" name="one"/>
<testcase classname="t.A" name="two"><failure message="no">trace</failure></testcase>
<testcase classname="t.A" name="three"><skipped message="no"/></testcase>
<testcase classname="t.A" name="four"/>
<testcase classname="t.A" name="four"><error message="teardown"/></testcase>
</testsuite></testsuites>"""


def test_a_test_with_an_error_in_its_teardown_has_failed():
    assert outcomes.read(_JUNIT) == {
        "t.A.one": "passed",
        "t.A.two": "failed",
        "t.A.three": "skipped",
        "t.A.four": "failed",
    }


def test_counts_are_passed_failed_and_skipped():
    assert outcomes.count(outcomes.read(_JUNIT)) == "1/2/1"


def test_differences_name_a_test_that_ran_on_one_broker_only():
    assert outcomes.differences({"a": "passed", "b": "passed"}, {"a": "passed", "c": "failed"}) == [
        ("b", "passed", "-"),
        ("c", "-", "failed"),
    ]


def test_worse_is_only_what_passes_there():
    here = {"a": "failed", "b": "failed", "c": "passed", "d": "skipped"}
    there = {"a": "passed", "b": "failed", "c": "failed", "d": "passed", "e": "passed"}

    assert outcomes.worse_here(here, there) == ["a", "d", "e"]
