# SPDX-License-Identifier: Apache-2.0
"""Weigh hosts by free disk."""

import minova.conf
from minova.scheduler import weights

CONF = minova.conf.CONF


class DiskWeigher(weights.BaseHostWeigher):
    def multiplier(self):
        return CONF.scheduler.disk_weight_multiplier

    def weigh(self, host, request_spec):
        return host.free_local_gb
