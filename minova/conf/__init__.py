# SPDX-License-Identifier: Apache-2.0
"""All options of minova, one module per group, registered on oslo.config's global CONF."""

from oslo_config import cfg

from minova.conf import (
    api,
    base,
    broker,
    compute,
    conductor,
    fake_driver,
    neighbours,
    network,
    page,
    quota,
    rpc,
    scheduler,
    task,
    upgrade_levels,
)

CONF = cfg.CONF

_MODULES = (
    base,
    api,
    broker,
    compute,
    conductor,
    fake_driver,
    network,
    page,
    quota,
    rpc,
    scheduler,
    task,
    upgrade_levels,
)

for _module in _MODULES:
    _module.register_opts(CONF)


def list_opts():
    """Entry point of oslo.config's sample generator: every (group, options) pair, neighbours included."""
    return [pair for module in (*_MODULES, neighbours) for pair in module.list_opts()]
