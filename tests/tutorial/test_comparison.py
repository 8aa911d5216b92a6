# SPDX-License-Identifier: Apache-2.0
"""What may differ between a chapter and a real run, and what may not."""

import pytest

from tests.tutorial import comparison

UUID = "f4e56550-aeec-4e00-a8c2-72eec6ed70fd"


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ("ready", "ready"),
        ("id 00000000-aeec-4e00-a8c2-72eec6ed70fd", f"id {UUID}"),
        ("reply_b4ac7169a1bc4efba2242f80dd9d5c37", "reply_00007169a1bc4efba2242f80dd9d5c37"),
        ("2026-11-29 04:57:06.663 32053 INFO stopping", "2027-01-01 00:00:00.000 7 INFO stopping"),
        ("after   29 ms: None", "after 1029 ms: None"),
        ("ready after 1.8 s", "ready after 21 s"),
        ("   0.036 cast api -> conductor", "  12.900 cast api -> conductor"),
        ("name      host", "name host"),
        ("2.3 KB", "2.5 KB"),
        ("203 B", "231 B"),
        ("server...", "server1 is here"),
        ("a ... c", "a b c"),
    ],
)
def test_what_varies_is_as_shown(shown, real):
    assert comparison.is_shown([shown], [real])


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ("ready", "Ready"),
        ("ready", "ready now"),
        (f"id {UUID}", "id none"),
        ("status BUILD", "status ACTIVE"),
        ("weighs 1.000", "weighs 0.000"),
        ("3 hosts", "4 hosts"),
        ("2.3 KB", "4.3 KB"),
        ("203 B", "303 B"),
        ("a ... c", "a b d"),
    ],
)
def test_what_has_changed_is_not_as_shown(shown, real):
    assert not comparison.is_shown([shown], [real])


def test_a_drawing_may_have_other_pauses():
    assert comparison.is_shown(["8 messages", "a"], ["still running, 8 messages", " ⋮ 1.0 s │ │", "a"])


@pytest.mark.parametrize(
    ("shown", "real", "same"),
    [
        ("", "", True),
        ("", "a", False),
        ("a", "", False),
        ("a", "a b", False),
        ("a b", "a", False),
        ("...", "", True),
        ("...", "a b", True),
        ("a ...", "a b c", True),
        ("... c", "a b c", True),
        ("... a c", "a b c", False),
        ("a ... c", "a b c c", True),
        ("a ... c", "a", False),
        ("a ... a", "a", False),
        ("a ... b ... c", "a b c", True),
        ("a ... b ... c", "a c b", False),
    ],
)
def test_three_dots_stand_for_any_lines(shown, real, same):
    assert comparison.is_shown(shown.split(), real.split()) == same


@pytest.mark.parametrize(
    ("shown", "real", "end"),
    [
        ("", "a b", 0),
        ("a", "a b", 1),
        ("a b", "a", None),
        ("b", "a b", None),
        ("... b", "a b c b", 2),
        ("a ...", "a b", 1),
    ],
)
def test_what_goes_on_is_read_as_far_as_it_is_shown(shown, real, end):
    assert comparison.end_of_shown(shown.split(), real.split()) == end
