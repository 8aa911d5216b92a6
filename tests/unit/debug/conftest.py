# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a state path on which no minova up runs."""

from tests.unit.virt.conftest import new_driver, state_path

__all__ = ["new_driver", "state_path"]
