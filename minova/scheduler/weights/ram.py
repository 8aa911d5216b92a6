# SPDX-License-Identifier: Apache-2.0
"""Weigh hosts by free memory."""

import minova.conf
from minova.scheduler import weights

CONF = minova.conf.CONF


class RAMWeigher(weights.BaseHostWeigher):
    def multiplier(self):
        return CONF.scheduler.ram_weight_multiplier

    def weigh(self, host, request_spec):
        return host.free_memory_mb
