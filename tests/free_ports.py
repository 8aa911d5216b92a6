# SPDX-License-Identifier: Apache-2.0
"""Ports for the processes of tests, each given to one of them only; other runs of tests and `minova up` know of it."""

from minova.up import ports

_FREE_PORTS = ports.FreePorts()  # held until this process ends


def free_port():
    """A port of the loopback that nobody listens on."""
    return _FREE_PORTS.find("127.0.0.1")
