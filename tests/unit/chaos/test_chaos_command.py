# SPDX-License-Identifier: Apache-2.0
"""What is asked of a storm on its command line."""

import pytest

from minova.chaos import command
from minova.chaos.storm import SERVICES, Settings


def settings(**values):
    return Settings(1, 60, 1.0, 12, 4.0, "/nowhere", **values)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--minutes", "0"], "0 is not more than 0"),
        (["--rate", "-1"], "-1 is not more than 0"),
        (["--rate", "inf"], "inf is not more than 0"),
        (["--minutes", "soon"], "invalid"),
        (["--hosts", "0"], "0 is not 1 or more"),
        (["--spare", "api-1,api-9"], "api-9: there is api-1, api-2, conductor-1,"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys, arguments, complaint):
    with pytest.raises(SystemExit) as ended:
        command.parser().parse_args(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_all_services_are_hit_but_those_that_are_spared():
    assert settings().services() == list(SERVICES)
    assert settings(spared=("api-1", "broker")).services() == [
        s for s in SERVICES if s not in ("api-1", "broker")
    ]


def test_a_broker_that_is_not_ours_is_none_of_the_services():
    assert "broker" not in settings(transport_url="rabbit://127.0.0.1/").services()
