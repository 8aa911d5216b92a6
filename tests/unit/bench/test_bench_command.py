# SPDX-License-Identifier: Apache-2.0
"""The command, and one short run of all its parts on real processes: nothing here is about time."""

import json

import pytest

from minova.bench import command


def test_everything_is_measured_unless_told_otherwise():
    assert command.parser().parse_args([]).only == command.MEASUREMENTS


def test_what_takes_long_is_measured_when_it_is_named():
    assert command.parser().parse_args(["--only", "reconnect,lone"]).only == ("reconnect", "lone")
    assert "reconnect" not in command.MEASUREMENTS


def test_an_unknown_measurement_is_refused(capsys):
    with pytest.raises(SystemExit):
        command.parser().parse_args(["--only", "lone,speed"])

    assert "speed: there is start, lone" in capsys.readouterr().err


def test_a_short_run_measures_lone_boots(tmp_path, capsys):
    target = tmp_path / "figures.json"
    arguments = ["--boots", "5", "--only", "lone", "--hosts", "2", "--json", str(target)]

    assert command.run(command.parser().parse_args(arguments)) == 0

    assert "lone boot, median" in capsys.readouterr().out
    found = json.loads(target.read_text())
    assert [figure["name"] for figure in found["figures"]] == ["lone", "lone_p90"]
    assert found["remarks"] == []


def test_without_a_rabbitmq_the_brokers_are_not_compared_and_no_minova_is_started(capsys):
    assert command.run(command.parser().parse_args(["--only", "broker"])) == 0

    said = capsys.readouterr()
    assert "The brokers are not compared" in said.out
    assert "minova up" not in said.err
