# SPDX-License-Identifier: Apache-2.0

import argparse

import pytest

from minova.debug import options


@pytest.mark.parametrize(
    ("text", "seconds"), [("2", 2), ("2s", 2), ("500ms", 0.5), ("1.5m", 90), ("1h", 3600), (".5", 0.5)]
)
def test_duration_has_a_unit_or_is_seconds(text, seconds):
    assert options.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "2 s", "2d", "nan", "1e3", "1.2.3"])
def test_what_is_no_duration_is_told(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a duration such as 2s"):
        options.seconds(text)


def test_only_given_patterns_make_a_rule():
    parser = argparse.ArgumentParser()
    options.add_match(parser)

    assert options.match_of(parser.parse_args([])) == {}
    given = parser.parse_args(["--method", "m", "--routing-key", "k", "--kind", "call,reply"])
    assert options.match_of(given) == {"method": "m", "routing_key": "k", "kinds": ["call", "reply"]}
