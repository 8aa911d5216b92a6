# SPDX-License-Identifier: Apache-2.0
"""The command, and one short run of all its parts on real processes: nothing here is about time."""

import json

import pytest

from minova.bench import command


def test_everything_is_measured_unless_told_otherwise():
    assert command.parser().parse_args([]).only == command.MEASUREMENTS


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
