# SPDX-License-Identifier: Apache-2.0
"""Reads docker-compose.yml as far as the checks need it; see check_image.py and tests/unit/test_compose.py."""

import pathlib
import re

import yaml

PATH = pathlib.Path(__file__).parents[1] / "docker-compose.yml"


def read_services():
    """{name: specification}, where variables have their defaults."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", PATH.read_text())
    return yaml.safe_load(text)["services"]


def seconds(duration):
    """The seconds in `35s` or `1m30s`."""
    return sum(
        int(number) * {"s": 1, "m": 60, "h": 3600}[unit]
        for number, unit in re.findall(r"(\d+)([smh])", duration)
    )
