# SPDX-License-Identifier: Apache-2.0
"""Filters and weighers by name."""

import os
import subprocess
import sys

import pytest

import minova.conf
from minova import exception
from minova.scheduler import extensions

CONF = minova.conf.CONF


def test_filters_come_in_the_order_of_the_option(conf):
    conf.config(group="scheduler", enabled_filters=["RamFilter", "ComputeFilter"])

    assert [a_filter.name for a_filter in extensions.load_filters()] == ["RamFilter", "ComputeFilter"]


def test_all_defaults_exist(conf):
    assert [each.name for each in extensions.load_filters()] == CONF.scheduler.enabled_filters
    assert [each.name for each in extensions.load_weighers()] == CONF.scheduler.enabled_weighers


def test_an_unknown_name_is_told_with_the_known_ones(conf):
    conf.config(group="scheduler", enabled_filters=["RamFilter", "NoFilter"])

    with pytest.raises(exception.InvalidOption) as raised:
        extensions.load_filters()

    assert raised.value.message.startswith(
        "[scheduler] enabled_filters: NoFilter is unknown. Known: AvailabilityZoneFilter, "
    )


def test_an_unknown_weigher_is_told(conf):
    conf.config(group="scheduler", enabled_weighers=["HeavyWeigher"])

    with pytest.raises(exception.InvalidOption, match="enabled_weighers: HeavyWeigher is unknown"):
        extensions.load_weighers()


@pytest.fixture
def load_filters(tmp_path):
    """Loads filters in a process in which another package is installed, as an installer leaves it."""
    (tmp_path / "minova_rack.py").write_text(
        "from minova.scheduler import filters\n"
        "class RackFilter(filters.BaseHostFilter):\n"
        "    def host_passes(self, host, request_spec):\n"
        "        return host.host.startswith('rack1')\n"
    )
    about = tmp_path / "minova_rack-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: minova-rack\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[minova.scheduler.filters]\nRackFilter = minova_rack:RackFilter\nBrokenFilter = minova_rack:Missing\n"
    )

    def run(name):
        program = (
            "from minova import exception\nfrom minova.scheduler import extensions\n"
            f"extensions.CONF.set_override('enabled_filters', ['{name}'], 'scheduler')\n"
            "try:\n    print([a_filter.name for a_filter in extensions.load_filters()])\n"
            "except exception.InvalidOption as error:\n    print(error.message)\n"
        )
        # XDG_CACHE_HOME: stevedore remembers the entry points of each Python path there.
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def test_a_filter_of_another_package_is_loaded(load_filters):
    assert load_filters("RackFilter") == "['RackFilter']"


def test_a_filter_that_cannot_be_loaded_is_told(load_filters):
    problem = load_filters("BrokenFilter")

    assert problem.startswith("[scheduler] enabled_filters: BrokenFilter cannot be loaded: ")
    assert "RackFilter" in problem
