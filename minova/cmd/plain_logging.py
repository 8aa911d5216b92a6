# SPDX-License-Identifier: Apache-2.0
"""Logging of processes that are no RPC services: lines as oslo.log writes them, without the cost of importing it."""

import logging

from oslo_config import cfg

DEBUG_OPT = cfg.BoolOpt("debug", short="d", default=False, help="Log at level DEBUG.")
_FORMAT = "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s %(message)s"


def set_up(debug):
    level = logging.DEBUG if debug else logging.INFO
    logging.basicConfig(level=level, format=_FORMAT, datefmt="%Y-%m-%d %H:%M:%S")
